/* expression.h - what a file holds, as a text: "drums + other - 0.5*vocals", "mix + -6dB*no_vocals".
 *
 *     expression   [sign] term { sign term }
 *     sign         + or -
 *     term         [factor *] name
 *     factor       a number, 0.5, or a gain, 6dB, with a sign of its own if need be: -6dB is half, -0.5 turned over
 *     name         a stem of the model; no_STEM, the sum of the others; minus_STEM, the track minus it; mix, the track
 *
 * Blanks may stand between all of them. A name is the longest that fits, so a stem may be called "lead-vox". The minus
 * of "drums -6dB*vocals" could be either sign, so it is refused; at the front it is the gain's. */
#ifndef DMX_TRACKS_EXPRESSION_H
#define DMX_TRACKS_EXPRESSION_H

#include "base/error.h"

#include <stdbool.h>

/* Read `text`; what is wrong is told (ARGUMENT) with the place from which on it is.
 *   model    NULL: only the form is looked at, and not the names
 *   weights  [1 + sources] of the track and of each stem, to be filled in; NULL without a model */
bool dmx_expression_read(const char *text, const demucs_model *model, float *weights, demucs_error *error);

#endif
