/* carried.c - see carried.h
 *
 * Files are planned before the input is opened, with the rate of the model and the samples of the request, so that
 * paths that cannot be written are found at once. This is what is put right when the input is known. */
#include "tracks/carried.h"

bool dmx_carried_wanted(const demucs_tracks_request *request) { return request->keep != 0; }

/* What a format that has no floats gets for floats: as many bits as it has, while a plain request for floats gets 16,
 * as in the official program. */
static void keep_depth(const dmx_carried *self, dmx_outputs *outputs)
{
    if (self->depth == DMX_NO_DEPTH) return;
    outputs->sample = (demucs_tracks_sample)self->depth;
    outputs->for_floats = DEMUCS_TRACKS_INT24;
}

static void keep_rate(const dmx_carried *self, dmx_outputs *outputs)
{
    outputs->file_rate_hz = self->sample_rate_hz;
    outputs->kept.rate = true;
    for (int i = 0; i < outputs->count; i++) {
        dmx_output *item = &outputs->items[i];
        item->sample_rate_hz = audio_container_kept_rate_hz(dmx_audio_container(item->container), self->sample_rate_hz);
    }
}

bool dmx_carried_settle(const dmx_carried *self, dmx_outputs *outputs, demucs_error *error)
{
    if ((outputs->request->keep & DEMUCS_TRACKS_KEEP_DEPTH) != 0) keep_depth(self, outputs);
    if ((outputs->request->keep & DEMUCS_TRACKS_KEEP_RATE) != 0) keep_rate(self, outputs);
    return dmx_outputs_check_sum(outputs, error);
}

/* The first file that cannot have the rate of the input is told of; that of opus is known. */
bool dmx_carried_warn(const dmx_outputs *outputs, dmx_watch *watch, demucs_error *error)
{
    char shown[DMX_SHOWN_PATH];
    const dmx_output *item = outputs->items;
    while (item < outputs->items + outputs->count &&
           (item->sample_rate_hz == outputs->file_rate_hz || item->container == DEMUCS_TRACKS_OPUS))
        item++;
    if ((outputs->request->keep & DEMUCS_TRACKS_KEEP_RATE) == 0 || item == outputs->items + outputs->count) return true;
    const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_RATE,
                                       .path = item->path,
                                       .count = (uint64_t)item->sample_rate_hz,
                                       .total = (uint64_t)outputs->file_rate_hz};
    return dmx_watch_warn(watch, event, error, "%s has %d Hz, since its format does not have the %d Hz of %s.",
                          dmx_printable_path(shown, item->path), item->sample_rate_hz, outputs->file_rate_hz,
                          watch->track);
}
