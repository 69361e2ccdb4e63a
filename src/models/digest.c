/* digest.c - see digest.h */
#include "models/digest.h"

#include "models/network_digest.h"

static demucs_status sum_member(dmx_member *member, demucs_error *error)
{
    dmx_network *loaded = NULL;
    if (atomic_load_explicit(&member->has_digest, memory_order_relaxed)) return DEMUCS_OK;
    if (!member->resident) {
        demucs_status status = dmx_member_reload(&loaded, member, error);
        if (status != DEMUCS_OK) return status;
    }
    dmx_network_digest(loaded != NULL ? loaded : member->network, member->loading->sha256, member->digest);
    dmx_network_free(loaded);
    atomic_store_explicit(&member->has_digest, true, memory_order_release);
    return DEMUCS_OK;
}

static void add_member(dmx_sha256 *sha, const dmx_member *member)
{
    const dmx_segment *segment = &member->network->segment; /* which the bag may have changed */
    const int64_t fraction[2] = {segment->numerator, segment->denominator};
    dmx_sha256_add(sha, member->digest, sizeof member->digest);
    dmx_sha256_add(sha, fraction, sizeof fraction);
    dmx_sha256_add(sha, &segment->seconds, sizeof segment->seconds);
    dmx_sha256_add(sha, member->weights, (size_t)member->network->source_count * sizeof *member->weights);
}

demucs_status dmx_model_digest(const demucs_model *model, unsigned char sum[DMX_SHA256_BYTES], demucs_error *error)
{
    pthread_mutex_t *changing = (pthread_mutex_t *)&model->changing; /* what the model computes does not change */
    demucs_status status = DEMUCS_OK;
    dmx_sha256 sha;
    pthread_mutex_lock(changing);
    for (int m = 0; status == DEMUCS_OK && m < model->count; m++) status = sum_member(&model->members[m], error);
    if (status == DEMUCS_OK) {
        dmx_sha256_begin(&sha, model->loading.sha256);
        for (int m = 0; m < model->count; m++) add_member(&sha, &model->members[m]);
        dmx_sha256_end(&sha, sum);
    }
    pthread_mutex_unlock(changing);
    return status;
}
