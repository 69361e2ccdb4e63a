/* load.c - the frame in which the constructor of every family runs; see network.h */
#include "base/alloc.h"
#include "models/loading/arguments.h"
#include "models/loading/weights.h"
#include "models/network.h"

demucs_status dmx_network_load(dmx_network **out, const dmx_checkpoint *checkpoint, dmx_warnings *warnings,
                               demucs_error *error)
{
    const dmx_family *family = (const dmx_family *)checkpoint->class;
    *out = NULL;
    dmx_network *network = dmx_alloc(1, family->size);
    if (network == NULL)
        return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.", checkpoint->path);
    network->family = family;
    demucs_error first = {DEMUCS_OK, ""};
    dmx_arguments arguments;
    dmx_weights weights;
    dmx_arguments_begin(&arguments, checkpoint, family->parameters, warnings, &first);
    dmx_weights_begin(&weights, checkpoint, &network->store, &first);
    family->construct(network, &arguments, &weights);
    dmx_weights_finish(&weights);
    network->parameters = weights.parameters;
    if (first.status == DEMUCS_OK && family->complete != NULL) family->complete(network, &first);
    if (first.status == DEMUCS_OK) {
        *out = network;
        return DEMUCS_OK;
    }
    dmx_fail(error, first.status, "%s", first.message);
    dmx_network_free(network);
    return first.status;
}
