/* options.c - see options.h */
#include "base/options.h"

#include <string.h>

void dmx_options_give(void *options, size_t struct_size, const void *defaults, size_t size)
{
    if (options == NULL || struct_size < sizeof struct_size) return;
    memset(options, 0, struct_size);
    memcpy(options, defaults, struct_size < size ? struct_size : size);
    memcpy(options, &struct_size, sizeof struct_size);
}

bool dmx_options_take(void *checked, size_t size, const void *options, size_t struct_size)
{
    if (struct_size <= sizeof struct_size || struct_size > size) return false; /* not the size of a pointer either */
    memcpy(checked, options, struct_size);
    return true;
}

demucs_status dmx_options_unknown(const char *function, demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                    "The options are not initialised, or those of a newer library: call %s first.", function);
}

demucs_status dmx_options_range(demucs_error *error, const char *option, double value, const char *range)
{
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The option %s is %g, but should be %s.", option, value, range);
}
