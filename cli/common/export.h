/* export.h - the hub's `convert`: from an ONNX export to a safetensors file that is proven to load. */
#ifndef CLI_COMMON_EXPORT_H
#define CLI_COMMON_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

/* A hub_options.convert. */
bool export_convert(const char *source_path, const char *target_path, char *why, size_t why_size, void *user);

#endif
