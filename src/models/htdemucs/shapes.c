/* shapes.c - which lengths HTDemucs runs on; see htdemucs.h */
#include "models/htdemucs/htdemucs.h"

/* False when a learnt embedding has fewer positions than there are. */
static bool positions_fit(const dmx_htdemucs *m, const dmx_unet_shapes *shapes)
{
    const dmx_transformer_options *o = &m->transformer.options;
    return o->layers == 0 || o->embedding != DMX_EMBEDDING_SCALED ||
           shapes->frames[m->unet.config.depth] <= o->max_positions;
}

int64_t dmx_ht_valid_length(const dmx_network *network, int64_t frames)
{
    const dmx_htdemucs *m = (const dmx_htdemucs *)network;
    int64_t length = frames;
    if (m->config.use_train_segment) {
        length = dmx_segment_frames(network->segment, network->sample_rate_hz);
        if (length < frames) return -1;
    }
    dmx_unet_shapes shapes;
    return dmx_unet_shapes_of(&m->unet, length, &shapes) && positions_fit(m, &shapes) ? length : -1;
}
