/* export.h - what the hub, which does not know the engine, asks of it: whether a file loads, and to make of an ONNX
 * export a safetensors file that is proven to load. */
#ifndef CLI_COMMON_EXPORT_H
#define CLI_COMMON_EXPORT_H

#include "base/error.h"
#include "demucs.h"

#include <stdbool.h>

/* A hub_options.accept: does the engine load it? */
bool export_accept(const char *path, demucs_error *error, void *user);

/* A hub_options.convert. */
bool export_convert(const char *source_path, const char *target_path, demucs_error *error, void *user);

#endif
