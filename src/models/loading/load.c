/* load.c - the frame in which the constructor of every family runs, with tensors or dry; see network.h */
#include "base/alloc.h"
#include "models/loading/arguments.h"
#include "models/loading/weights.h"
#include "models/network_digest.h"

static demucs_status no_memory(const dmx_checkpoint *checkpoint, demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.", checkpoint->path);
}

/* A network whose constructor ran, or NULL: with `upload` on the checkpoint's tensors, without it dry, and the tensors
 * that it asked for were added to `list`. */
static dmx_network *construct(const dmx_checkpoint *checkpoint, const dmx_upload *upload, dmx_parameters *list,
                              dmx_warnings *warnings, demucs_error *error)
{
    const dmx_family *family = (const dmx_family *)checkpoint->class;
    dmx_network *network = dmx_alloc(1, family->size);
    if (network == NULL) {
        no_memory(checkpoint, error);
        return NULL;
    }
    network->family = family;
    network->upload = upload;
    demucs_error first = {DEMUCS_OK, ""};
    dmx_arguments arguments;
    dmx_weights weights;
    dmx_arguments_begin(&arguments, checkpoint, family->parameters, warnings, &first);
    if (upload != NULL)
        dmx_weights_begin(&weights, checkpoint, upload, &network->store, &first);
    else
        dmx_weights_begin_dry(&weights, checkpoint, list, &network->store, &first);
    family->construct(network, &arguments, &weights);
    dmx_network_note_arguments(network, &arguments);
    dmx_weights_finish(&weights);
    demucs_error changed = {DEMUCS_OK, ""};
    if (upload != NULL && dmx_checkpoint_check(checkpoint, &changed) != DEMUCS_OK)
        first = changed; /* the true reason */
    network->parameters = weights.parameters;
    if (first.status == DEMUCS_OK) return network;
    dmx_fail(error, first.status, "%s", first.message);
    dmx_network_free(network);
    return NULL;
}

demucs_status dmx_network_load(dmx_network **out, const dmx_checkpoint *checkpoint, const dmx_upload *upload,
                               dmx_warnings *warnings, demucs_error *error)
{
    *out = NULL;
    demucs_error first = {DEMUCS_OK, ""};
    dmx_network *network = construct(checkpoint, upload, NULL, warnings, &first);
    if (network == NULL) return dmx_fail(error, first.status, "%s", first.message);
    if (network->family->complete != NULL) network->family->complete(network, &first);
    if (first.status == DEMUCS_OK) {
        *out = network;
        return DEMUCS_OK;
    }
    dmx_network_free(network);
    return dmx_fail(error, first.status, "%s: %s", checkpoint->path, first.message); /* it knows no file */
}

demucs_status dmx_network_list_parameters(dmx_parameters *parameters, const dmx_checkpoint *checkpoint,
                                          demucs_error *error)
{
    demucs_error first = {DEMUCS_OK, ""};
    dmx_warnings told_when_loaded = {0};
    dmx_network_free(construct(checkpoint, NULL, parameters, &told_when_loaded, &first));
    dmx_warnings_clear(&told_when_loaded);
    return first.status == DEMUCS_OK ? DEMUCS_OK : dmx_fail(error, first.status, "%s", first.message);
}
