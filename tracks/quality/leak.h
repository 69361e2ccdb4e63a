/* leak.h - how much of a stem is still in the rest of the track.
 *
 * The question is that of the interference in BSS Eval (Vincent, Gribonval and Fevotte 2006): which part of one signal
 * lies along another? There the other is the true source; here it is the stem itself, the best that is known of it.
 * Both are cut into windows, and windows into bins: V and A, the complex envelopes of the stem and of the rest. In each
 * octave, over some twelve seconds, the factor with which the stem explains most of the rest is
 *
 *     h = sum(A conj V) / sum(|V|^2)
 *
 * and |h|^2 is how much of the stem is left, as a power. Three things make it fit for use:
 *
 *   - The sums take only bins in which the stem is louder than the rest, |V| > |A|. Where the rest is louder, a
 * likeness of the two may as well be a little of the rest in the stem; in an instrumental track, whose vocal stem is
 * nothing but such traces, it always is.
 *   - Unrelated envelopes give an h that is not 0 either, but as large as chance makes it. Its expected square,
 *     sum(|V|^2 |A - hV|^2) / sum(|V|^2)^2 (White 1980), is taken off. Bins side by side share samples, and so are not
 *     independent: through a Hann window they are alike by 2/3, 1/6 two bins away, and 1/6 in the next window.
 *   - The energies |h|^2 sum(|V|^2) of all octaves and times are summed and divided by the energy of the stem in the
 * same bins. The result is never given as less than the deviation that chance gives it, since less cannot be told from
 *     nothing: some -40 dB in a clip of seven seconds, less in a song.
 *
 * Envelopes without their phase would see less: players in time with one another have envelopes that are alike without
 * any leak. */
#ifndef DMX_QUALITY_LEAK_H
#define DMX_QUALITY_LEAK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct dmx_leak dmx_leak;

/* For so many stems. `complete`: the rest is the sum of the other stems, else the mix minus the stem. NULL without
 * memory. */
dmx_leak *dmx_leak_create(int stems, int channels, int sample_rate_hz, bool complete);
void dmx_leak_free(dmx_leak *self);

/* Add frames: mix[channel], stems[stem * channels + channel]. */
void dmx_leak_add(dmx_leak *self, const float *const *mix, const float *const *stems, size_t frames);

/* Level of what is left of a stem in the rest, in dB relative to the stem, at least the floor; NaN where the stem is
 * never the louder. Ends the block under way: no frames may be added after it. */
double dmx_leak_db(dmx_leak *self, int stem);

#endif
