/* bag.c - see bag.h; the counterpart of BagOfModels in the official apply.py */
#include "models/bag.h"

#include "base/alloc.h"
#include "base/memory.h"
#include "models/network_digest.h"

#include <math.h>
#include <string.h>

static demucs_status out_of_memory(const char *path, demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "%s: out of memory while loading the model.", path);
}

static demucs_status load_network(dmx_network **network, const char *path, const dmx_loading *loading,
                                  dmx_warnings *warnings, demucs_error *error)
{
    dmx_checkpoint *checkpoint;
    demucs_status status = dmx_files_open(&loading->files, &checkpoint, path, loading->classes, error);
    if (status != DEMUCS_OK) return status;
    checkpoint->read_once = true;
    status = dmx_network_load(network, checkpoint, loading->upload, warnings, error);
    dmx_files_close(&loading->files, checkpoint);
    return status;
}

/* As far as an engine relies on what it saw when the model was loaded. */
static bool same_network(const dmx_network *a, const dmx_network *b)
{
    bool same = a->family == b->family && a->parameters == b->parameters && a->source_count == b->source_count &&
                a->channels == b->channels && a->sample_rate_hz == b->sample_rate_hz;
    for (int s = 0; same && s < a->source_count; s++) same = strcmp(a->sources[s], b->sources[s]) == 0;
    return same;
}

/* Whoever has asked for the model's digest relies on each weight. */
static bool same_digest(const dmx_network *network, const dmx_member *member)
{
    unsigned char sum[DMX_SHA256_BYTES];
    if (!atomic_load_explicit(&member->has_digest, memory_order_acquire)) return true;
    dmx_network_digest(network, member->loading->sha256, sum);
    return memcmp(sum, member->digest, sizeof sum) == 0;
}

demucs_status dmx_member_reload(dmx_network **network, const dmx_member *member, demucs_error *error)
{
    dmx_warnings told_already = {0};
    demucs_status status = load_network(network, member->path, member->loading, &told_already, error);
    dmx_warnings_clear(&told_already);
    if (status != DEMUCS_OK) return status;
    if (!same_network(*network, member->network) || !same_digest(*network, member)) {
        dmx_network_free(*network);
        *network = NULL;
        return dmx_fail(error, DEMUCS_ERROR_FORMAT, "%s: is another model now than the one that was loaded.",
                        member->path);
    }
    (*network)->segment = member->network->segment; /* the bag may have changed it */
    return DEMUCS_OK;
}

size_t dmx_resident_limit(void) { return dmx_machine_memory() / 2; }

/* Read the checkpoint at `path` into a member. */
static demucs_status load_member(demucs_model *model, dmx_member *member, const char *path, demucs_error *error)
{
    demucs_status status = load_network(&member->network, path, &model->loading, &model->warnings, error);
    if (status != DEMUCS_OK) return status;
    member->resident = true;
    member->bytes = member->network->store.bytes;
    member->loading = &model->loading;
    member->path = dmx_strdup(path);
    member->weights = dmx_alloc((size_t)member->network->source_count, sizeof(double));
    if (member->path == NULL || member->weights == NULL) return out_of_memory(path, error);
    for (int s = 0; s < member->network->source_count; s++) member->weights[s] = 1;
    return DEMUCS_OK;
}

static demucs_status check_members_agree(const demucs_model *model, const char *path, demucs_error *error)
{
    const dmx_network *first = model->members[0].network;
    for (int m = 1; m < model->count; m++) {
        const dmx_network *other = model->members[m].network;
        bool same = other->source_count == first->source_count && other->channels == first->channels &&
                    other->sample_rate_hz == first->sample_rate_hz;
        for (int s = 0; same && s < first->source_count; s++) same = strcmp(first->sources[s], other->sources[s]) == 0;
        if (!same)
            return dmx_fail(
                error, DEMUCS_ERROR_FORMAT,
                "%s: the models of a bag must have the same stems, sample rate and channels, but %s differs.", path,
                model->members[m].path);
    }
    return DEMUCS_OK;
}

/* No member counts more than so many times the average, or the weights cancel out and there is no average. */
static const double largest_share = 1e6;

static bool weights_cancel_out(const demucs_model *model, int source)
{
    for (int m = 0; m < model->count; m++)
        if (!(fabs(model->members[m].weights[source]) <= largest_share * fabs(model->totals[source]))) return true;
    return model->totals[source] == 0 || !isfinite(model->totals[source]);
}

/* Put together what all members share, once they are loaded. */
static demucs_status complete(demucs_model *model, const char *path, demucs_error *error)
{
    demucs_status status = check_members_agree(model, path, error);
    if (status != DEMUCS_OK) return status;
    const dmx_network *first = model->members[0].network;
    model->source_count = first->source_count;
    model->channels = first->channels;
    model->sample_rate_hz = first->sample_rate_hz;
    model->totals = dmx_alloc((size_t)first->source_count, sizeof(double));
    if (model->totals == NULL) return out_of_memory(path, error);
    for (int s = 0; s < first->source_count; s++) {
        for (int m = 0; m < model->count; m++) model->totals[s] += model->members[m].weights[s];
        if (weights_cancel_out(model, s))
            return dmx_fail(error, DEMUCS_ERROR_FORMAT,
                            "%s: the weights for the stem %s add up to 0 or nearly so, which gives no average.", path,
                            first->sources[s]);
    }
    return DEMUCS_OK;
}

double dmx_model_longest_segment(const demucs_model *model)
{
    double longest = INFINITY;
    for (int m = 0; m < model->count; m++) {
        const dmx_network *network = model->members[m].network;
        if (network->segment_is_limit && network->segment.seconds < longest) longest = network->segment.seconds;
    }
    return longest;
}

/* Once the bag has had its say: a member's own segment may be longer than its table of positions, if nobody uses it. */
static demucs_status check_segment(const dmx_network *network, const char *path, demucs_error *error)
{
    const int64_t frames = dmx_segment_frames(network->segment, network->sample_rate_hz);
    if (frames >= 1 && network->family->valid_length(network, frames) >= 0) return DEMUCS_OK;
    return dmx_fail(error, DEMUCS_ERROR_FORMAT,
                    "%s: a segment of %g seconds does not suit the kernels, or t_max_positions, of this %s.", path,
                    network->segment.seconds, network->family->class.name);
}

/* ---- bags ---- */

/* Weights and segment of the bag. The segment replaces that of each member, but a transformer's only by a shorter one.
 */
static demucs_status apply_bag(demucs_model *model, const dmx_bag *bag, const char *path, demucs_error *error)
{
    for (int m = 0; m < model->count; m++) {
        dmx_member *member = &model->members[m];
        if (bag->weights != NULL && bag->weight_columns != (size_t)member->network->source_count)
            return dmx_fail(error, DEMUCS_ERROR_FORMAT,
                            "%s: has %zu weights for each model, but the models have %d stems.", path,
                            bag->weight_columns, member->network->source_count);
        for (size_t s = 0; bag->weights != NULL && s < bag->weight_columns; s++)
            member->weights[s] = bag->weights[(size_t)m * bag->weight_columns + s];
        dmx_network *network = member->network;
        const dmx_segment own = network->segment, shorter = {.seconds = bag->segment_seconds};
        if (bag->segment_seconds > 0 && (!network->segment_is_limit || bag->segment_seconds <= own.seconds))
            network->segment = shorter;
        const demucs_status status = check_segment(network, path, error);
        if (status != DEMUCS_OK) return status;
    }
    return DEMUCS_OK;
}

/* Drop the weights of a member when they would be too much. */
static void keep_within(size_t resident_bytes, size_t *bytes, dmx_member *member)
{
    if (member->bytes > resident_bytes - *bytes) {
        dmx_network_drop_weights(member->network);
        member->resident = false;
    } else {
        *bytes += member->bytes;
    }
}

static demucs_status load_bag(demucs_model *model, const char *path, demucs_error *error)
{
    size_t kept_bytes = 0;
    dmx_bag bag = {0};
    demucs_status status = dmx_files_read_bag(&model->loading.files, &bag, path, error);
    if (status == DEMUCS_OK) {
        model->members = dmx_alloc(bag.count, sizeof *model->members);
        if (model->members == NULL) status = out_of_memory(path, error);
    }
    for (size_t m = 0; status == DEMUCS_OK && m < bag.count; m++) {
        char *member_path = NULL;
        status = dmx_files_find_member(&model->loading.files, &member_path, path, bag.signatures[m], error);
        model->count = (int)m + 1;
        if (status == DEMUCS_OK) status = load_member(model, &model->members[m], member_path, error);
        if (status == DEMUCS_OK) keep_within(model->loading.resident_bytes, &kept_bytes, &model->members[m]);
        dmx_free(member_path);
    }
    if (status == DEMUCS_OK) status = apply_bag(model, &bag, path, error);
    dmx_bag_clear(&bag);
    return status;
}

demucs_status dmx_model_add_bf16(demucs_model *model, int member, const dmx_kernels *kernels, demucs_error *error)
{
    const dmx_member *m = &model->members[member];
    if (!m->resident) return DEMUCS_OK;
    pthread_mutex_lock(&model->changing);
    const bool added = dmx_network_add_bf16(m->network, kernels);
    pthread_mutex_unlock(&model->changing);
    return added ? DEMUCS_OK : out_of_memory(m->path, error);
}

size_t dmx_model_bytes(const demucs_model *model)
{
    pthread_mutex_t *changing = (pthread_mutex_t *)&model->changing; /* the model itself does not change */
    size_t bytes = 0;
    pthread_mutex_lock(changing);
    for (int m = 0; m < model->count; m++) bytes += model->members[m].network->store.bytes;
    pthread_mutex_unlock(changing);
    return bytes;
}

size_t dmx_model_bf16_bytes(const demucs_model *model, int member)
{
    pthread_mutex_t *changing = (pthread_mutex_t *)&model->changing; /* as above */
    const dmx_member *m = &model->members[member];
    pthread_mutex_lock(changing);
    const bool to_come = m->resident && m->network->store.bytes == m->bytes;
    pthread_mutex_unlock(changing);
    return to_come ? m->bytes / 2 : 0;
}

int dmx_model_keep(demucs_model *model, size_t resident_bytes)
{
    int kept = 0;
    for (int m = 0; m < model->count; m++) kept += model->members[m].resident;
    for (int m = model->count - 1; m >= 0 && model->count > 1; m--) {
        dmx_member *member = &model->members[m];
        if (dmx_model_bytes(model) <= resident_bytes) break;
        if (!member->resident) continue;
        dmx_network_drop_weights(member->network);
        member->resident = false;
        kept--;
    }
    return kept;
}

static bool is_bag(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static demucs_status load_single(demucs_model *model, const char *path, demucs_error *error)
{
    model->members = dmx_alloc(1, sizeof *model->members);
    if (model->members == NULL) return out_of_memory(path, error);
    model->count = 1;
    const demucs_status status = load_member(model, &model->members[0], path, error);
    return status == DEMUCS_OK ? check_segment(model->members[0].network, path, error) : status;
}

demucs_status dmx_model_load(demucs_model **out, const char *path, const dmx_loading *loading, demucs_error *error)
{
    *out = NULL;
    demucs_model *model = dmx_alloc(1, sizeof *model);
    if (model == NULL || pthread_mutex_init(&model->changing, NULL) != 0) {
        dmx_free(model);
        return out_of_memory(path, error);
    }
    model->loading = *loading;
    demucs_status status = is_bag(path) ? load_bag(model, path, error) : load_single(model, path, error);
    if (status == DEMUCS_OK) status = complete(model, path, error);
    if (status == DEMUCS_OK)
        *out = model;
    else
        dmx_model_free(model);
    return status;
}

void dmx_model_free(demucs_model *model)
{
    if (model == NULL) return;
    for (int m = 0; m < model->count; m++) {
        dmx_free(model->members[m].path);
        dmx_free(model->members[m].weights);
        dmx_network_free(model->members[m].network);
    }
    dmx_free(model->members);
    dmx_free(model->totals);
    dmx_warnings_clear(&model->warnings);
    pthread_mutex_destroy(&model->changing);
    dmx_free(model);
}
