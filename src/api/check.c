/* check.c - see check.h */
#include "api/check.h"

demucs_status dmx_null_argument(demucs_error *error, const char *name)
{
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The argument %s must not be NULL.", name);
}

demucs_status dmx_check_planes(const float *const *planes, int count, const char *name, demucs_error *error)
{
    if (planes == NULL) return dmx_null_argument(error, name);
    for (int p = 0; p < count; p++)
        if (planes[p] == NULL)
            return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The argument %s[%d] must not be NULL.", name, p);
    return DEMUCS_OK;
}

demucs_status dmx_check_frames(size_t frames, demucs_error *error)
{
    if (frames <= (size_t)INT64_MAX / 64) return DEMUCS_OK;
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The track is too long.");
}
