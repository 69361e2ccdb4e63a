/* sketch.h - a track of any length, drawn small: waveform and spectrogram with so many columns at most.
 *
 * How long a track is shows at its end only. So columns are narrow at first; when there is no room for another, each
 * two become one, and from then on columns are twice as wide. Memory is the same for a second and for a day. */
#ifndef DMX_QUALITY_SKETCH_H
#define DMX_QUALITY_SKETCH_H

#include "tracks/quality/png.h"

#include <stddef.h>
#include <stdint.h>

typedef struct dmx_sketch dmx_sketch;

/* NULL without memory. */
dmx_sketch *dmx_sketch_create(int channels, int sample_rate_hz);
void dmx_sketch_free(dmx_sketch *self);

/* Add frames from planes[channel]. Samples that are no numbers count as 0. */
void dmx_sketch_add(dmx_sketch *self, const float *const *planes, size_t frames);

/* No more comes. */
void dmx_sketch_end(dmx_sketch *self);

double dmx_sketch_seconds(const dmx_sketch *self);

/* Frequencies at the bottom and at the top of the spectrogram, whose scale is logarithmic. */
double dmx_sketch_lowest_hz(const dmx_sketch *self);
double dmx_sketch_highest_hz(const dmx_sketch *self);

/* Draw, after the end: peaks in `colour` (0xRRGGBB), paler than the RMS inside, on nothing; and levels from -90 to -15
 * dBFS from dark to light. Without memory the picture has no pixels. */
void dmx_sketch_draw_waveform(const dmx_sketch *self, uint32_t colour, dmx_picture *picture);
void dmx_sketch_draw_spectrogram(const dmx_sketch *self, dmx_picture *picture);

#endif
