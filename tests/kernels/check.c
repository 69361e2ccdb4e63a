/* check.c - see check.h */
#include "check.h"

#include "base/cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int levels_to_test(level *levels)
{
    int count = 0;
    dmx_cpu_level best = dmx_cpu_best();
    for (int i = 0; i <= (int)best; i++) {
        const dmx_kernels *kernels = dmx_kernels_get((dmx_cpu_level)i);
        if ((int)kernels->level != i) continue; /* not built in */
        levels[count++] = (level){dmx_cpu_level_name((dmx_cpu_level)i), kernels};
    }
#ifdef TEST_HAS_WIDE
    if (best >= DMX_CPU_AVX2) levels[count++] = (level){"wide", &kernels_wide};
#endif
    levels[count++] = (level){"narrow", &kernels_narrow};
    return count;
}

uint32_t first_seed(void)
{
    const char *text = getenv("DEMUCS_TEST_SEED");
    uint32_t seed = text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 1;
    return seed != 0 ? seed : 1;
}

uint32_t random_bits(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x * 2654435761u; /* the raw low bits are poor */
}

int random_int(uint32_t *state, int low, int high)
{
    return low + (int)((random_bits(state) >> 8) % (uint32_t)(high - low + 1));
}

float random_float(uint32_t *state, float low, float high)
{
    return low + (high - low) * (float)(random_bits(state) >> 8) * 0x1p-24f;
}

void random_fill(uint32_t *state, float *x, size_t n, float low, float high)
{
    for (size_t i = 0; i < n; i++) x[i] = random_float(state, low, high);
}

static const uint32_t canary = 0x7fc0abcd; /* a NaN: read by mistake, it also spoils the result */

bool is_canary(float x) { return memcmp(&x, &canary, sizeof x) == 0; }

float *guarded_alloc(size_t n)
{
    float *block = malloc((n + 2 * GUARD + 1) * sizeof *block);
    if (block == NULL) abort();
    for (size_t i = 0; i < n + 2 * GUARD + 1; i++) memcpy(block + i, &canary, sizeof canary);
    return block + GUARD + 1; /* malloc aligns to 16: so this is not */
}

bool guarded_intact(const float *x, size_t n)
{
    for (size_t i = 0; i < GUARD; i++)
        if (!is_canary(x[-1 - (ptrdiff_t)i]) || !is_canary(x[n + i])) return false;
    return true;
}

void guarded_free(float *x)
{
    if (x != NULL) free(x - GUARD - 1);
}

float *guarded_random(uint32_t *state, size_t n, float low, float high)
{
    float *x = guarded_alloc(n);
    random_fill(state, x, n, low, high);
    return x;
}

double to_bf16(double x)
{
    int exponent;
    frexp(x, &exponent);
    const double last_bit = ldexp(1, exponent - 8);
    return rint(x / last_bit) * last_bit; /* ties to even */
}

double worst_ratio(const float *x, const float *y, size_t n, double bound_abs, double bound_rel)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double ratio = fabs((double)x[i] - (double)y[i]) / (bound_abs + bound_rel * fabs((double)y[i]));
        if (!(ratio <= worst)) worst = isnan(ratio) ? INFINITY : ratio;
    }
    return worst;
}
