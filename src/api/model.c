/* model.c - demucs_model */
#include "api/check.h"
#include "base/options.h"
#include "cpu/ops.h"
#include "cpu/upload.h"
#include "kernels/sha256.h"
#include "models/digest.h"

#include <string.h>

static const demucs_load_options defaults = {.struct_size = sizeof defaults};

void demucs_default_load_options(demucs_load_options *options, size_t struct_size)
{
    dmx_options_give(options, struct_size, &defaults, sizeof defaults);
}

static demucs_status load(demucs_model **model, const char *path, const demucs_load_options *o, demucs_error *error)
{
    const dmx_loading loading = {.classes = &dmx_families,
                                 .upload = &dmx_cpu_upload,
                                 .sha256 = dmx_kernels_sha256(),
                                 .resident_bytes = o->resident_bytes > 0 ? o->resident_bytes : dmx_resident_limit(),
                                 .files = {o->open, o->close, o->user}};
    return dmx_model_load(model, path, &loading, error);
}

demucs_status demucs_model_load(demucs_model **model, const char *path, demucs_error *error)
{
    dmx_error_clear(error);
    if (model == NULL) return dmx_null_argument(error, "model");
    *model = NULL;
    if (path == NULL) return dmx_null_argument(error, "path");
    return load(model, path, &defaults, error);
}

demucs_status demucs_model_load_with(demucs_model **model, const char *path, const demucs_load_options *options,
                                     demucs_error *error)
{
    demucs_load_options all = defaults;
    dmx_error_clear(error);
    if (model == NULL) return dmx_null_argument(error, "model");
    *model = NULL;
    if (path == NULL) return dmx_null_argument(error, "path");
    if (options != NULL && !dmx_options_take(&all, sizeof all, options, options->struct_size))
        return dmx_options_unknown("demucs_default_load_options", error);
    return load(model, path, &all, error);
}

/* A file that is there already. */
typedef struct bytes_in_memory {
    const void *bytes;
    size_t size;
} bytes_in_memory;

static const void *open_memory(void *user, const char *path, size_t *size_bytes)
{
    const bytes_in_memory *file = user;
    (void)path;
    *size_bytes = file->size;
    return file->bytes;
}

demucs_status demucs_model_load_memory(demucs_model **model, const void *bytes, size_t size_bytes, demucs_error *error)
{
    bytes_in_memory file = {bytes, size_bytes};
    dmx_error_clear(error);
    if (model == NULL) return dmx_null_argument(error, "model");
    *model = NULL;
    if (bytes == NULL) return dmx_null_argument(error, "bytes");
    const demucs_load_options options = {.struct_size = sizeof options, .open = open_memory, .user = &file};
    return load(model, "(memory)", &options, error); /* one checkpoint stays resident: it is opened once */
}

void demucs_model_free(demucs_model *model) { dmx_model_free(model); }

int demucs_model_sources(const demucs_model *model) { return model != NULL ? model->source_count : 0; }

const char *demucs_model_source_name(const demucs_model *model, int source)
{
    if (model == NULL || source < 0 || source >= model->source_count) return NULL;
    return model->members[0].network->sources[source];
}

int demucs_model_find_source(const demucs_model *model, const char *name)
{
    for (int s = 0; model != NULL && name != NULL && s < model->source_count; s++)
        if (strcmp(model->members[0].network->sources[s], name) == 0) return s;
    return -1;
}

int demucs_model_channels(const demucs_model *model) { return model != NULL ? model->channels : 0; }

int demucs_model_sample_rate_hz(const demucs_model *model) { return model != NULL ? model->sample_rate_hz : 0; }

double demucs_model_max_segment_seconds(const demucs_model *model)
{
    return model != NULL ? dmx_model_longest_segment(model) : 0;
}

int demucs_model_members(const demucs_model *model) { return model != NULL ? model->count : 0; }

/* Floating point operations of matrix products in one forward pass, a multiplication and an addition counted as two. */
static double flops_of(const dmx_network *network, int64_t frames)
{
    bool wanted[DMX_MAX_SOURCES] = {false};
    dmx_exec plan = dmx_cpu_plan(dmx_kernels_get(DMX_CPU_SCALAR), NULL, false);
    dmx_network_run(network, &plan, NULL, frames, wanted, NULL);
    return plan.flops;
}

demucs_status demucs_model_member_info(const demucs_model *model, int member, demucs_member_info *info,
                                       demucs_error *error)
{
    dmx_error_clear(error);
    if (model == NULL) return dmx_null_argument(error, "model");
    if (info == NULL) return dmx_null_argument(error, "info");
    if (member < 0 || member >= model->count)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "There is no member %d: the model has %d.", member, model->count);
    const size_t size = info->struct_size;
    if (size < sizeof(size_t) || size > sizeof *info)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "Set struct_size to sizeof(demucs_member_info) first.");
    const dmx_member *m = &model->members[member];
    const int64_t segment = m->network->family->valid_length(
        m->network, dmx_segment_frames(m->network->segment, m->network->sample_rate_hz));
    const demucs_member_info all = {.struct_size = size,
                                    .path = m->path,
                                    .class_name = m->network->family->class.name,
                                    .parameters = m->network->parameters,
                                    .segment_seconds = m->network->segment.seconds,
                                    .weights = m->weights,
                                    .segment_flops = flops_of(m->network, segment),
                                    .resident = m->resident};
    memcpy(info, &all, size);
    return DEMUCS_OK;
}

int demucs_model_keep(demucs_model *model, size_t resident_bytes)
{
    return model != NULL ? dmx_model_keep(model, resident_bytes) : 0;
}

size_t demucs_model_memory_bytes(const demucs_model *model) { return model != NULL ? dmx_model_bytes(model) : 0; }

demucs_status demucs_model_digest(const demucs_model *model, char digest[65], demucs_error *error)
{
    unsigned char sum[DMX_SHA256_BYTES];
    dmx_error_clear(error);
    if (digest == NULL) return dmx_null_argument(error, "digest");
    digest[0] = '\0';
    if (model == NULL) return dmx_null_argument(error, "model");
    const demucs_status status = dmx_model_digest(model, sum, error);
    if (status == DEMUCS_OK) dmx_sha256_hex(sum, digest);
    return status;
}

int demucs_model_warnings(const demucs_model *model) { return model != NULL ? model->warnings.count : 0; }

const char *demucs_model_warning(const demucs_model *model, int warning)
{
    if (model == NULL || warning < 0 || warning >= model->warnings.count) return NULL;
    return model->warnings.texts[warning];
}

demucs_status demucs_convert(const char *source_path, const char *target_path, demucs_error *error)
{
    dmx_error_clear(error);
    if (source_path == NULL) return dmx_null_argument(error, "source_path");
    if (target_path == NULL) return dmx_null_argument(error, "target_path");
    dmx_checkpoint *checkpoint;
    dmx_network *network = NULL;
    dmx_warnings warnings = {0};
    demucs_status status = dmx_checkpoint_open(&checkpoint, source_path, &dmx_families, error);
    if (status != DEMUCS_OK) return status;
    status = dmx_network_load(&network, checkpoint, &dmx_cpu_upload, &warnings,
                              error); /* only to know that it can be loaded */
    dmx_network_free(network);
    dmx_warnings_clear(&warnings);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(checkpoint, target_path, error);
    dmx_checkpoint_close(checkpoint);
    return status;
}
