/* export.h - the hub's `convert`: from an ONNX export to a safetensors file that is proven to load. */
#ifndef CLI_COMMON_EXPORT_H
#define CLI_COMMON_EXPORT_H

#include "base/error.h"
#include "demucs.h"

#include <stdbool.h>

/* A hub_options.convert. */
bool export_convert(const char *source_path, const char *target_path, demucs_error *error, void *user);

#endif
