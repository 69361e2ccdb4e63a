/* fuzz_safetensors.c - the safetensors reader, with nested and quantised states. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_checkpoint("fuzz.safetensors", data, size);
    return 0;
}
