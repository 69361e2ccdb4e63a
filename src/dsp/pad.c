/* pad.c - see pad.h. */
#include "dsp/pad.h"

ptrdiff_t dmx_pad_reflect(ptrdiff_t position, size_t length, size_t left, size_t right)
{
    size_t longest = left > right ? left : right;
    size_t zeros = length <= longest ? longest - length + 1 : 0;
    size_t zeros_right = zeros < right ? zeros : right, zeros_left = zeros - zeros_right;
    ptrdiff_t extended = (ptrdiff_t)(zeros_left + length + zeros_right);

    ptrdiff_t at = position - (ptrdiff_t)(left - zeros_left); /* in the signal with its zeros */
    if (at < 0) at = -at;
    if (at >= extended) at = 2 * (extended - 1) - at;
    at -= (ptrdiff_t)zeros_left;
    return at >= 0 && at < (ptrdiff_t)length ? at : -1;
}
