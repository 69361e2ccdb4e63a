/* options.h - check demucs_engine_options once, where they come in. */
#ifndef DMX_ENGINE_OPTIONS_H
#define DMX_ENGINE_OPTIONS_H

#include "base/cpu.h"
#include "base/error.h"

/* Fill in `checked` with `options`, or the defaults when NULL; fields that the caller's struct_size does not cover keep
 * their defaults. threads and jobs are then at least 1, and jobs not more than threads. */
demucs_status dmx_engine_options_check(demucs_engine_options *checked, const demucs_engine_options *options,
                                       demucs_error *error);

/* The CPU level that the options or DEMUCS_CPU ask for. */
demucs_status dmx_engine_cpu_level(const demucs_engine_options *options, dmx_cpu_level *level, demucs_error *error);

#endif
