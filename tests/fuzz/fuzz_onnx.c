/* fuzz_onnx.c - the ONNX reader. Only one file of 174 MB is accepted, so the corpus holds beginnings of such files. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_checkpoint("fuzz.onnx", data, size);
    return 0;
}
