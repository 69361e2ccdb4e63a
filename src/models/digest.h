/* digest.h - a sum that names a model by what it computes: networks, arguments, weights, and how a bag puts them
 * together. Paths, formats of files and precisions that widen to the same float32 make no difference.
 *
 * The weights are summed where they lie and as they are, not read from their file again: that may be another one by
 * now, or never have been there. What a bag does not keep in memory has to be read. */
#ifndef DMX_MODELS_DIGEST_H
#define DMX_MODELS_DIGEST_H

#include "base/sha256.h"
#include "models/bag.h"

/* The sum of the model, computed when it is asked for the first time. Any thread may ask. Errors: those of
 * dmx_member_reload. */
demucs_status dmx_model_digest(const demucs_model *model, unsigned char sum[DMX_SHA256_BYTES], demucs_error *error);

#endif
