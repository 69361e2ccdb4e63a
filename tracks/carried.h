/* carried.h - what the files of a track keep of its input: rate and depth, which are known once the input is open, and
 * tags, whose chapters go by the section that was read. */
#ifndef DMX_TRACKS_CARRIED_H
#define DMX_TRACKS_CARRIED_H

#include "tracks/outputs.h"

/* What of an input can be kept. */
typedef struct dmx_carried {
    int sample_rate_hz;
    int depth; /* a demucs_tracks_sample; -1: it was coded with loss, and has none */
} dmx_carried;

enum { DMX_NO_DEPTH = -1 };

/* Whether the form of the files follows from the input, so that their plan is not the last word. */
bool dmx_carried_form(const demucs_tracks_request *request);

/* Give planned outputs what their request wants kept. Fails where they cannot add up any more. */
bool dmx_carried_settle(const dmx_carried *self, dmx_outputs *outputs, demucs_error *error);

/* Tell of what could not be kept. */
bool dmx_carried_warn(const dmx_outputs *outputs, dmx_watch *watch, demucs_error *error);

/* Free what audio_reader_tags has put into a block of dmx_alloc. NULL is fine. */
void dmx_carried_free_tags(audio_tags *tags);

/* Hand the tags of the input, which outlive the outputs, over to the files, before these are opened: chapters as they
 * lie in the `seconds` that were read, and a title for each file. What is not carried over is told as a note. */
bool dmx_carried_tags(audio_tags *tags, double seconds, dmx_outputs *outputs, dmx_watch *watch, demucs_error *error);

#endif
