/* test_pack.c - matrices packed into panels, of float32 and of bfloat16, at every level: each number in its place, and
 * rounded as it should be. */
#include "check.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

static void test_pack(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (uint32_t seed = first_seed(), end = seed + 200; seed < end; seed++) {
        uint32_t state = seed;
        for (int i = 0; i < 4; i++) random_bits(&state);
        size_t k = (size_t)random_int(&state, 0, 40), columns = (size_t)random_int(&state, 0, 70);
        bool transposed = random_int(&state, 0, 1);
        ptrdiff_t wide = (ptrdiff_t)(transposed ? k : columns) + random_int(&state, 0, 5);
        ptrdiff_t row_stride = transposed ? 1 : wide, column_stride = transposed ? wide : 1;
        size_t floats = k * columns == 0 ? 0 : 1 + (k - 1) * (size_t)row_stride + (columns - 1) * (size_t)column_stride;
        size_t packed_floats = (columns + 15) / 16 * 16 * k;
        float *b = guarded_random(&state, floats, -1, 1);
        for (int i = 0; i < count; i++) {
            float *packed = guarded_alloc(packed_floats);
            levels[i].kernels->pack_f32(b, row_stride, column_stride, k, columns, packed);
            size_t wrong = 0;
            for (size_t at = 0; at < packed_floats; at++) {
                size_t row = at / 16 % k, column = at / 16 / k * 16 + at % 16;
                float expected =
                    column >= columns ? 0 : b[(ptrdiff_t)row * row_stride + (ptrdiff_t)column * column_stride];
                wrong += !(packed[at] == expected);
            }
            CHECK(wrong == 0 && guarded_intact(packed, packed_floats), "%s: %zu of %zu x %zu wrong (seed %u)",
                  levels[i].name, wrong, k, columns, seed);
            guarded_free(packed);
        }
        guarded_free(b);
    }
}

enum { STEP = DMX_BF16_STEP * DMX_PANEL };

/* In what order a level packs a step: place[k * DMX_PANEL + column]. All 512 numbers of the step differ. */
static void find_order(const level *l, size_t place[STEP])
{
    float b[STEP];
    for (size_t i = 0; i < STEP; i++) b[i] = (float)((double)(128 + i % 128) * ldexp(1, (int)(i / 128)));
    uint16_t packed[STEP];
    bool taken[STEP] = {false};
    l->kernels->pack_bf16(b, DMX_PANEL, 1, DMX_BF16_STEP, DMX_PANEL, packed);
    for (size_t at = 0; at < STEP; at++) {
        const uint32_t bits = (uint32_t)packed[at] << 16;
        float x;
        memcpy(&x, &bits, sizeof x);
        size_t i = 0;
        while (i < STEP - 1 && b[i] != x) i++;
        CHECK(b[i] == x && !taken[i], "%s: number %zu of a step is %g", l->name, at, (double)x);
        taken[i] = true;
        place[i] = at;
    }
}

typedef struct matrix {
    float *b;
    ptrdiff_t row_stride, column_stride;
    size_t k, columns, floats;
} matrix;

/* Rows, columns, or neither lie contiguously. */
static matrix draw_matrix(uint32_t *state)
{
    matrix m = {.k = (size_t)random_int(state, 0, 80), .columns = (size_t)random_int(state, 0, 70)};
    const bool transposed = random_int(state, 0, 1);
    const ptrdiff_t step = random_int(state, 0, 3) == 0 ? 2 : 1;
    const ptrdiff_t wide = step * ((ptrdiff_t)(transposed ? m.k : m.columns) + random_int(state, 0, 5));
    m.row_stride = transposed ? step : wide;
    m.column_stride = transposed ? wide : step;
    if (m.k * m.columns > 0)
        m.floats = 1 + (m.k - 1) * (size_t)m.row_stride + (m.columns - 1) * (size_t)m.column_stride;
    m.b = guarded_random(state, m.floats, -1, 1);
    return m;
}

/* How many numbers of the packed matrix are wrong, with the zeros beyond its edges. */
static size_t wrongly_packed(const matrix *m, const size_t *place, const uint16_t *packed)
{
    const size_t padded = dmx_bf16_k(m->k), columns = (m->columns + DMX_PANEL - 1) / DMX_PANEL * DMX_PANEL;
    size_t wrong = 0;
    for (size_t n = 0; n < padded; n++)
        for (size_t column = 0; column < columns; column++) {
            const size_t step = column / DMX_PANEL * (padded / DMX_BF16_STEP) + n / DMX_BF16_STEP;
            const size_t at = place[n % DMX_BF16_STEP * DMX_PANEL + column % DMX_PANEL];
            const uint32_t bits = (uint32_t)packed[step * STEP + at] << 16;
            float x;
            memcpy(&x, &bits, sizeof x);
            const bool inside = n < m->k && column < m->columns;
            wrong += (double)x !=
                     (inside ? to_bf16(m->b[(ptrdiff_t)n * m->row_stride + (ptrdiff_t)column * m->column_stride]) : 0);
        }
    return wrong;
}

static void check_pack_bf16(const level *l)
{
    size_t place[STEP];
    find_order(l, place);
    for (uint32_t seed = first_seed(), end = seed + 200; seed < end; seed++) {
        uint32_t state = seed;
        for (int i = 0; i < 4; i++) random_bits(&state);
        const matrix m = draw_matrix(&state);
        const size_t packed_floats = (m.columns + DMX_PANEL - 1) / DMX_PANEL * DMX_PANEL * dmx_bf16_k(m.k) / 2;
        uint16_t *packed = (uint16_t *)(void *)guarded_alloc(packed_floats);
        l->kernels->pack_bf16(m.b, m.row_stride, m.column_stride, m.k, m.columns, packed);
        const size_t wrong = wrongly_packed(&m, place, packed);
        CHECK(wrong == 0 && guarded_intact((float *)(void *)packed, packed_floats),
              "%s: %zu of %zu x %zu wrong (seed %u)", l->name, wrong, m.k, m.columns, seed);
        guarded_free((float *)(void *)packed);
        guarded_free(m.b);
    }
}

/* Into panels of bfloat16, from rows, from columns, and from neither. */
static void test_pack_bf16(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (int i = 0; i < count; i++)
        if (levels[i].kernels->pack_bf16 != NULL) check_pack_bf16(&levels[i]);
}

/* Weights are packed once for all levels of a machine that multiply them (nn/conv.h). */
static void test_bf16_levels_share_an_order(void)
{
    const dmx_kernels *first = NULL;
    for (int i = 0; i < DMX_CPU_LEVELS; i++) {
        const dmx_kernels *kernels = dmx_kernels_get((dmx_cpu_level)i);
        if (kernels->bf16_rows == 0) continue;
        if (first == NULL) first = kernels;
        CHECK(kernels->pack_bf16 == first->pack_bf16, "%s and %s pack in their own orders",
              dmx_cpu_level_name(first->level), dmx_cpu_level_name(kernels->level));
    }
}

/* Whatever else is in the panel: a denormal number adds nothing to a sum. */
static void test_bf16_denormals_count_as_0(void)
{
    static const float pairs[][2] = {{0x1p-127f, 0x1p100f}, {0x1p100f, 0x1p-127f}, {-0x1.8p-130f, 0x1p120f}};
    level levels[8];
    int count = levels_to_test(levels);
    const ptrdiff_t offset = 0;
    for (int i = 0; i < 3 * count; i++) {
        const dmx_kernels *kernels = levels[i / 3].kernels;
        if (kernels->gemm_bf16 == NULL) continue;
        const float *factors = pairs[i % 3];
        uint16_t *packed = dmx_alloc(STEP, sizeof *packed);
        float *scratch = dmx_alloc(kernels->gemm_bf16_scratch(1, 1) + 1, sizeof *scratch), c = NAN;
        kernels->pack_bf16(&factors[1], 1, 1, 1, 1, packed);
        const dmx_gemm g = {.a = factors,
                            .group_rows = 1,
                            .tap_offset = &offset,
                            .taps = 1,
                            .depth = 1,
                            .b_bf16 = packed,
                            .columns = 1,
                            .c = &c};
        kernels->gemm_bf16(&g, 0, 1, 0, 1, scratch);
        CHECK(c == 0, "%s: %a times %a is %a", levels[i / 3].name, (double)factors[0], (double)factors[1], (double)c);
        dmx_free(scratch);
        dmx_free(packed);
    }
}

/* What a random number never is. */
static void test_bf16_rounding(void)
{
    static const struct {
        float x;
        uint16_t rounded;
    } cases[] = {
        {1, 0x3f80},           {-2.5f, 0xc020},           {0x1.01p0f, 0x3f80}, {0x1.03p0f, 0x3f82},
        {0x1.0101p0f, 0x3f81}, {0x1.00ffp0f, 0x3f80},     {0x1.ffp0f, 0x4000}, {-0.0f, 0x8000},
        {INFINITY, 0x7f80},    {0x1.fffffep127f, 0x7f80}, {0x1p-126f, 0x0080},
    };
    level levels[8];
    int count = levels_to_test(levels);
    for (int i = 0; i < count; i++) {
        if (levels[i].kernels->pack_bf16 == NULL) continue;
        uint16_t packed[DMX_PANEL * DMX_BF16_STEP];
        for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
            levels[i].kernels->pack_bf16(&cases[n].x, 1, 1, 1, 1, packed);
            CHECK(packed[0] == cases[n].rounded, "%s: %a becomes %04x", levels[i].name, (double)cases[n].x, packed[0]);
        }
        levels[i].kernels->pack_bf16(&(float){NAN}, 1, 1, 1, 1, packed);
        CHECK((packed[0] & 0x7fc0) == 0x7fc0, "%s: NaN becomes %04x", levels[i].name, packed[0]);
    }
}

TEST_MAIN(test_pack, test_pack_bf16, test_bf16_levels_share_an_order, test_bf16_rounding,
          test_bf16_denormals_count_as_0)
