/* dtype.c - element types: their sizes, and their conversion to float. */
#include "checkpoint/reader.h"
#include "kernels/kernels.h"

#include <string.h>

size_t dmx_dtype_size(dmx_dtype dtype)
{
    switch (dtype) {
    case DMX_F64:
    case DMX_I64: return 8;
    case DMX_F32:
    case DMX_I32: return 4;
    case DMX_F16:
    case DMX_BF16:
    case DMX_I16: return 2;
    case DMX_I8:
    case DMX_U8:
    case DMX_BOOL: return 1;
    }
    return 1;
}

uint16_t dmx_le16(const unsigned char *p) { return (uint16_t)(p[0] | p[1] << 8); }
uint32_t dmx_le32(const unsigned char *p) { return (uint32_t)dmx_le16(p) | (uint32_t)dmx_le16(p + 2) << 16; }
uint64_t dmx_le64(const unsigned char *p) { return (uint64_t)dmx_le32(p) | (uint64_t)dmx_le32(p + 4) << 32; }

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float dmx_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ff;
    if (exponent == 31) return float_of_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent != 0) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float small = (float)fraction * 0x1p-24f; /* zero and the subnormals */
    return sign != 0 ? -small : small;
}

/* Adding a power of two aligned with half's last bit lets the float adder do the rounding of subnormals; for the
 * others the lower 13 bits are rounded by hand. */
uint16_t dmx_float_to_half(float value)
{
    uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00);  /* NaN */
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00); /* 65520 and above round to infinity */
    if (magnitude < 0x38800000) {                                  /* below 2^-14 */
        uint32_t rounded = bits_of_float(float_of_bits(magnitude) + 0.5f);
        return (uint16_t)(sign | (rounded - 0x3f000000));
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((magnitude >> 13) - (112u << 10)));
}

void dmx_tensor_to_f32(const dmx_tensor *tensor, size_t first, size_t count, float *out)
{
    const unsigned char *in = (const unsigned char *)tensor->data + first * dmx_dtype_size(tensor->dtype);
    switch (tensor->dtype) {
    case DMX_F64:
        for (size_t i = 0; i < count; i++) {
            uint64_t bits = dmx_le64(in + 8 * i);
            double value;
            memcpy(&value, &bits, sizeof value);
            out[i] = (float)value;
        }
        return;
    case DMX_F32:
        for (size_t i = 0; i < count; i++) out[i] = float_of_bits(dmx_le32(in + 4 * i));
        return;
    case DMX_F16: dmx_kernels_get(dmx_cpu_best())->f16_to_f32(in, count, out); return;
    case DMX_BF16:
        for (size_t i = 0; i < count; i++) out[i] = float_of_bits((uint32_t)dmx_le16(in + 2 * i) << 16);
        return;
    default:
        for (size_t i = 0; i < count; i++) out[i] = 0; /* integers are no weights: dmx_weights refuses them */
    }
}

bool dmx_shape_count(const int64_t *shape, int rank, dmx_dtype dtype, size_t *count)
{
    const size_t limit = (size_t)INT64_MAX / dmx_dtype_size(dtype);
    size_t product = 1;
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0) return false;
        if (shape[i] == 0) empty = true;
        if (shape[i] != 0 && product > limit / (size_t)shape[i]) return false;
        if (shape[i] != 0) product *= (size_t)shape[i];
    }
    *count = empty ? 0 : product;
    return true;
}
