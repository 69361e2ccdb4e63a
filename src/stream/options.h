/* options.h - check demucs_stream_options once, where they come in. */
#ifndef DMX_STREAM_OPTIONS_H
#define DMX_STREAM_OPTIONS_H

#include "models/bag.h"

demucs_stream_options dmx_stream_defaults(void);

/* Fill in `checked` with `options`, or the defaults when NULL; fields that the caller's struct_size does not cover keep
 * their defaults. */
demucs_status dmx_stream_options_check(demucs_stream_options *checked, const demucs_model *model,
                                       const demucs_stream_options *options, demucs_error *error);

#endif
