/* fuzz.h - what the fuzz targets share.
 *
 * Each target is one file with the entry point of libFuzzer. The build links it twice: with libFuzzer when
 * DEMUCS_BUILD_FUZZERS is on (clang), and always with replay.c, which runs it over its corpus as a test. */
#ifndef DEMUCS_FUZZ_H
#define DEMUCS_FUZZ_H

#include "models/network.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parse a checkpoint and read all that it hands out, so that a sanitizer sees every byte touched. */
static inline void fuzz_checkpoint(const char *name, const uint8_t *data, size_t size)
{
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    if (dmx_checkpoint_parse(&checkpoint, name, data, size, &dmx_families, &error) != DEMUCS_OK) {
        if (error.message[0] == '\0') __builtin_trap(); /* a refusal without a reason is a bug */
        return;
    }
    for (size_t i = 0; i < checkpoint->tensor_count; i++) {
        const dmx_tensor *tensor = &checkpoint->tensors[i];
        float value, sum = 0;
        for (size_t k = 0; k < tensor->count; k++) {
            dmx_tensor_to_f32(tensor, k, 1, &value);
            sum += value;
        }
        volatile float sink = sum;
        (void)sink;
    }
    dmx_checkpoint_close(checkpoint);
}

#endif
