/* options.h - check demucs_options once, where they come in. */
#ifndef DMX_SEPARATE_OPTIONS_H
#define DMX_SEPARATE_OPTIONS_H

#include "base/cpu.h"
#include "models/bag.h"

/* Fill in `checked` with `options`, or the defaults when NULL; fields that the caller's struct_size does not cover keep
 * their defaults. threads and jobs are then at least 1. */
demucs_status dmx_options_check(demucs_options *checked, const demucs_model *model, const demucs_options *options,
                                demucs_error *error);

/* The CPU level that the options or DEMUCS_CPU ask for. */
demucs_status dmx_options_cpu_level(const demucs_options *options, dmx_cpu_level *level, demucs_error *error);

/* The longest segment that the model allows, in seconds. */
double dmx_longest_segment(const demucs_model *model);

#endif
