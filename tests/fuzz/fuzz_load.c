/* fuzz_load.c - the whole loader, from bytes in memory to a model, through the public function. */
#include "demucs.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    demucs_model *model = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    if (demucs_model_load_memory(&model, data, size, &error) != DEMUCS_OK && error.message[0] == '\0') __builtin_trap();
    demucs_model_free(model);
    return 0;
}
