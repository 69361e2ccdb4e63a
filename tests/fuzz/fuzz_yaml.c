/* fuzz_yaml.c - the bag reader. */
#include "base/bag.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dmx_bag bag;
    demucs_error error = {.status = DEMUCS_OK};
    if (dmx_bag_parse(&bag, "fuzz.yaml", data, size, &error) == DEMUCS_OK) {
        if (bag.count == 0 || (bag.weights != NULL && bag.weight_columns == 0)) __builtin_trap();
    } else if (error.message[0] == '\0') {
        __builtin_trap();
    }
    dmx_bag_clear(&bag);
    return 0;
}
