/* resampling.h - samples of any rate, which may change on the way, -> samples of one rate. */
#ifndef DMX_TRACKS_RESAMPLING_H
#define DMX_TRACKS_RESAMPLING_H

#include "base/error.h"

/* The lowest rate that is resampled. */
enum { DMX_LOWEST_HZ = 1000 };

typedef struct dmx_resampling dmx_resampling;

/* Takes up to a block of what comes out; false: stop, with a sentence in `error`. */
typedef bool (*dmx_resampling_fn)(void *user, const float *const *planes, size_t frames, demucs_error *error);

/* NULL on failure. `track` is what sentences call the track; it outlives the resampling. */
dmx_resampling *dmx_resampling_create(int channels, int to_hz, const char *track, dmx_resampling_fn take, void *user,
                                      demucs_error *error);
void dmx_resampling_free(dmx_resampling *self);

/* What is pushed from here on has this rate. */
bool dmx_resampling_set_rate(dmx_resampling *self, int from_hz, demucs_error *error);

/* Of input of one rate exactly so many frames come out in all: what is above is cut off, and where the rounding of
 * lengths left some out, they are computed too, with silence behind the end of the input. */
void dmx_resampling_expect(dmx_resampling *self, uint64_t frames);

bool dmx_resampling_push(dmx_resampling *self, const float *const *planes, size_t frames, demucs_error *error);
bool dmx_resampling_finish(dmx_resampling *self, demucs_error *error);

#endif
