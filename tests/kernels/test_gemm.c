/* test_gemm.c - the GEMM at every level, of float32 and of bfloat16, against the formula in double precision.
 *
 * Each round draws a problem: taps, groups, gaps between rows and groups, columns, epilogue. C starts as canaries, and
 * whatever is not an output must still be one afterwards. The bound follows the formula: gamma_K times the sum of |a b|
 * for the dot product, times the steepest slope of the activation, plus the activation's own error. */
#include "check.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    dmx_gemm g;
    ptrdiff_t tap_offset[DMX_MAX_TAPS];
    size_t rows, panels, k, outputs;
    float *a, *packed, *bias, *factor, *scale, *residual;
    uint16_t *packed_bf16;
    bool bf16; /* to be computed by gemm_bf16 */
    size_t c_floats;
    bool in_place; /* the residual is C */
    uint32_t seed;
} problem;

static bool is_glu(const problem *p) { return p->g.activation == DMX_ACTIVATION_GLU; }

/* The column of packed panels that holds output n (its value, with GLU; its gate is 8 further). */
static size_t packed_column(const problem *p, size_t n) { return is_glu(p) ? n / 8 * 16 + n % 8 : n; }

static ptrdiff_t offset_of(const problem *p, size_t row, ptrdiff_t group_stride, ptrdiff_t row_stride)
{
    return (ptrdiff_t)(row / p->g.group_rows) * group_stride + (ptrdiff_t)(row % p->g.group_rows) * row_stride;
}

/* Floats from the first row to the end of the last one, where each row reaches `width` floats. */
static size_t extent(const problem *p, ptrdiff_t group_stride, ptrdiff_t row_stride, size_t width)
{
    size_t end = 0;
    for (size_t row = 0; row < p->rows; row++) {
        size_t here = (size_t)offset_of(p, row, group_stride, row_stride) + width;
        if (here > end) end = here;
    }
    return end;
}

static void draw_layout(problem *p, uint32_t *state)
{
    dmx_gemm *g = &p->g;
    static const int depths[] = {1, 2, 3, 6, 16, 31, 48, 100, 257, 600};
    g->taps = random_int(state, 1, random_int(state, 0, 9) == 0 ? 9 : 3);
    g->depth = depths[random_int(state, 0, g->taps > 3 ? 6 : 9)];
    g->tap_offset = p->tap_offset;
    p->rows = (size_t)random_int(state, 0, random_int(state, 0, 5) == 0 ? 250 : 50);
    g->group_rows = (size_t)random_int(state, 1, random_int(state, 0, 1) == 0 ? 300 : 30);
    int reach = g->depth;
    for (int t = 0; t < g->taps; t++) {
        p->tap_offset[t] = random_int(state, 0, 3 * g->depth); /* taps may overlap, and come in any order */
        if ((int)p->tap_offset[t] + g->depth > reach) reach = (int)p->tap_offset[t] + g->depth;
    }
    g->a_row_stride = random_int(state, 0, 2 * g->depth); /* rows of A may overlap, as those of a convolution do */
    g->a_group_stride = (ptrdiff_t)g->group_rows * g->a_row_stride + random_int(state, 0, 20);
    p->a = guarded_random(state, extent(p, g->a_group_stride, g->a_row_stride, (size_t)reach), -1, 1);
    g->a = p->a;
}

static void draw_weights(problem *p, uint32_t *state)
{
    dmx_gemm *g = &p->g;
    g->activation = (dmx_activation)random_int(state, 0, 3);
    p->outputs = (size_t)random_int(state, 1, random_int(state, 0, 3) == 0 ? 100 : 33);
    g->columns = (int)p->outputs * (is_glu(p) ? 2 : 1);
    p->panels = (p->outputs + (is_glu(p) ? 7 : 15)) / (is_glu(p) ? 8 : 16);
    p->k = (size_t)g->taps * (size_t)g->depth;
    p->packed = dmx_alloc(p->panels * p->k * DMX_PANEL + 1, sizeof(float));
    p->bias = random_int(state, 0, 1) ? guarded_alloc(p->panels * DMX_PANEL) : NULL;
    for (size_t i = 0; p->bias != NULL && i < p->panels * DMX_PANEL; i++) p->bias[i] = 0;
    for (size_t n = 0; n < p->outputs; n++) {
        for (size_t half = 0; half < (is_glu(p) ? 2 : 1); half++) {
            size_t column = packed_column(p, n) + 8 * half;
            float *to = p->packed + column / DMX_PANEL * p->k * DMX_PANEL + column % DMX_PANEL;
            for (size_t k = 0; k < p->k; k++) to[k * DMX_PANEL] = random_float(state, -1, 1);
            if (p->bias != NULL) p->bias[column] = random_float(state, -1, 1);
        }
    }
    p->packed_bf16 = dmx_alloc(p->panels * dmx_bf16_k(p->k) * DMX_PANEL + 1, sizeof *p->packed_bf16);
    p->scale = random_int(state, 0, 1) ? guarded_random(state, p->outputs, -2, 2) : NULL;
    p->factor = random_int(state, 0, 1) ? guarded_random(state, p->panels * DMX_PANEL, -2, 2) : NULL;
    g->b = p->packed;
    g->b_bf16 = p->packed_bf16;
    g->bias = p->bias;
    g->factor = p->factor;
    g->scale = p->scale;
}

static problem *draw_problem(uint32_t seed)
{
    problem *p = calloc(1, sizeof *p);
    if (p == NULL) abort();
    uint32_t state = p->seed = seed;
    for (int i = 0; i < 4; i++) random_bits(&state);
    draw_layout(p, &state);
    draw_weights(p, &state);
    dmx_gemm *g = &p->g;
    g->c_row_stride = (ptrdiff_t)p->outputs + random_int(&state, 0, 20);
    g->c_group_stride = (ptrdiff_t)g->group_rows * g->c_row_stride + random_int(&state, 0, 20);
    p->c_floats = extent(p, g->c_group_stride, g->c_row_stride, p->outputs);
    p->in_place = random_int(&state, 0, 2) == 0;
    g->residual_row_stride = p->in_place ? g->c_row_stride : (ptrdiff_t)p->outputs + 3;
    g->residual_group_stride = p->in_place ? g->c_group_stride : (ptrdiff_t)g->group_rows * g->residual_row_stride + 5;
    size_t floats = extent(p, g->residual_group_stride, g->residual_row_stride, p->outputs);
    if (p->in_place || random_int(&state, 0, 1)) p->residual = guarded_random(&state, floats, -1, 1);
    return p;
}

/* Whether a level has this kind of product; the weights of bfloat16 as the level packs them. */
static bool prepare(problem *p, const dmx_kernels *kernels, bool bf16)
{
    p->bf16 = bf16;
    if (!bf16) return true;
    if (kernels->gemm_bf16 == NULL) return false;
    const size_t panel_size = dmx_bf16_k(p->k) * DMX_PANEL;
    for (size_t i = 0; i < p->panels; i++)
        kernels->pack_bf16(p->packed + i * p->k * DMX_PANEL, DMX_PANEL, 1, p->k, DMX_PANEL,
                           p->packed_bf16 + i * panel_size);
    return true;
}

static void free_problem(problem *p)
{
    guarded_free(p->a);
    guarded_free(p->bias);
    guarded_free(p->factor);
    guarded_free(p->scale);
    guarded_free(p->residual);
    dmx_free(p->packed);
    dmx_free(p->packed_bf16);
    free(p);
}

static float residual_at(const problem *p, size_t row, size_t n)
{
    if (p->residual == NULL) return 0;
    return p->residual[offset_of(p, row, p->g.residual_group_stride, p->g.residual_row_stride) + (ptrdiff_t)n];
}

/* C as a canvas of canaries; in place, the residual lies where the outputs will. */
static float *new_c(const problem *p)
{
    float *c = guarded_alloc(p->c_floats);
    for (size_t row = 0; p->in_place && row < p->rows; row++)
        for (size_t n = 0; n < p->outputs; n++)
            c[offset_of(p, row, p->g.c_group_stride, p->g.c_row_stride) + (ptrdiff_t)n] = residual_at(p, row, n);
    return c;
}

static void run_part(const problem *p, const dmx_kernels *kernels, size_t row_begin, size_t row_end, size_t panel_begin,
                     size_t panel_end, float *c)
{
    dmx_gemm g = p->g;
    g.c = c;
    g.residual = p->in_place ? c : p->residual;
    size_t floats = (p->bf16 ? kernels->gemm_bf16_scratch : kernels->gemm_scratch)(row_end - row_begin, p->k);
    float *scratch = floats > 0 ? dmx_alloc(floats, sizeof *scratch) : NULL;
    for (size_t i = 0; i < floats; i++) scratch[i] = NAN; /* what a kernel reads there it must have written */
    (p->bf16 ? kernels->gemm_bf16 : kernels->gemm_f32)(&g, row_begin, row_end, panel_begin, panel_end, scratch);
    dmx_free(scratch);
}

typedef struct dot {
    double value, bound;
} dot;

static dot exact_dot(const problem *p, size_t row, size_t column)
{
    const dmx_gemm *g = &p->g;
    const float *b = p->packed + column / DMX_PANEL * p->k * DMX_PANEL + column % DMX_PANEL;
    const float *a = p->a + offset_of(p, row, g->a_group_stride, g->a_row_stride);
    double bias = p->bias != NULL ? p->bias[column] : 0, sum = 0, magnitude = 0;
    const double factor = p->factor != NULL ? p->factor[column] : 1;
    for (size_t k = 0; k < p->k; k++) {
        int depth = g->depth;
        double x = a[p->tap_offset[(int)k / depth] + (int)k % depth], y = b[k * DMX_PANEL];
        double product = p->bf16 ? to_bf16(x) * to_bf16(y) : x * y;
        sum += product;
        magnitude += fabs(product);
    }
    magnitude = fabs(factor) * magnitude + fabs(bias);
    return (dot){factor * sum + bias, gamma_n((double)p->k + 2) * magnitude};
}

/* What output n of a row should be, and how far from it a float32 kernel may be. */
static dot exact_output(const problem *p, size_t row, size_t n)
{
    dot z = exact_dot(p, row, packed_column(p, n)), y = z;
    if (p->g.activation == DMX_ACTIVATION_RELU) {
        y.value = z.value > 0 ? z.value : 0;
    } else if (p->g.activation == DMX_ACTIVATION_GELU) {
        y.value = 0.5 * z.value * erfc(-z.value * sqrt(0.5));
        y.bound = 1.13 * z.bound + 2e-7 * fmax(1, fabs(z.value)); /* 1.13: the steepest slope of GELU */
    } else if (is_glu(p)) {
        dot gate = exact_dot(p, row, packed_column(p, n) + 8);
        double sigmoid = 1 / (1 + exp(-gate.value));
        y.value = z.value * sigmoid;
        y.bound = sigmoid * z.bound + fabs(z.value) * (0.25 * gate.bound + 3e-7); /* sigmoid's slope is at most 1/4 */
    }
    double scale = p->scale != NULL ? p->scale[n] : 1, residual = residual_at(p, row, n);
    double value = y.value * scale + residual;
    return (dot){value, fabs(scale) * y.bound + 3 * EPSILON * (fabs(y.value * scale) + fabs(residual)) + 1e-30};
}

/* Outputs against the formula, everything else against the canary. */
static void check_c(const problem *p, const char *name, const float *c)
{
    bool *is_output = calloc(p->c_floats + 1, sizeof *is_output);
    if (is_output == NULL) abort();
    double worst = 0;
    for (size_t row = 0; row < p->rows; row++) {
        for (size_t n = 0; n < p->outputs; n++) {
            ptrdiff_t at = offset_of(p, row, p->g.c_group_stride, p->g.c_row_stride) + (ptrdiff_t)n;
            dot exact = exact_output(p, row, n);
            double ratio = fabs((double)c[at] - exact.value) / exact.bound;
            if (!(ratio <= worst)) worst = isnan(ratio) ? INFINITY : ratio;
            is_output[at] = true;
        }
    }
    CHECK(worst <= 1,
          "%s: error is %g times the bound (seed %u: %zu rows, %d x %d, %d columns, activation %d, group of %zu, %s)",
          name, worst, p->seed, p->rows, p->g.taps, p->g.depth, p->g.columns, (int)p->g.activation, p->g.group_rows,
          p->bf16 ? "bf16" : "f32");
    size_t spoilt = 0;
    for (size_t i = 0; i < p->c_floats; i++) spoilt += !is_output[i] && !is_canary(c[i]);
    CHECK(spoilt == 0, "%s: %zu floats between the rows of C were written (seed %u)", name, spoilt, p->seed);
    CHECK(guarded_intact(c, p->c_floats), "%s: written outside C (seed %u)", name, p->seed);
    free(is_output);
}

static void test_gemm_against_formula(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (uint32_t seed = first_seed(), end = seed + 400; seed < end; seed++) {
        problem *p = draw_problem(seed);
        for (int i = 0; i < 2 * count; i++) {
            const level *l = &levels[i / 2];
            if (!prepare(p, l->kernels, i % 2 == 1)) continue;
            float *c = new_c(p);
            run_part(p, l->kernels, 0, p->rows, 0, p->panels, c);
            check_c(p, l->name, c);
            guarded_free(c);
        }
        free_problem(p);
    }
}

/* Rows and panels cut at random must give the same bits as one call: threads rely on it. */
static void test_gemm_does_not_depend_on_cuts(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    for (uint32_t seed = first_seed() + 1000, end = seed + 200; seed < end; seed++) {
        problem *p = draw_problem(seed);
        uint32_t state = seed;
        for (int i = 0; i < 2 * count; i++) {
            const level *l = &levels[i / 2];
            if (!prepare(p, l->kernels, i % 2 == 1)) continue;
            float *whole = new_c(p), *parts = new_c(p);
            run_part(p, l->kernels, 0, p->rows, 0, p->panels, whole);
            for (size_t row = 0, row_end; row < p->rows; row = row_end) {
                row_end = row + (size_t)random_int(&state, 1, 30);
                if (row_end > p->rows) row_end = p->rows;
                size_t cut = (size_t)random_int(&state, 0, (int)p->panels);
                run_part(p, l->kernels, row, row_end, cut, p->panels, parts);
                run_part(p, l->kernels, row, row_end, 0, cut, parts);
            }
            CHECK(memcmp(whole, parts, p->c_floats * sizeof *whole) == 0,
                  "%s: cut into calls, the result has other bits (seed %u)", l->name, seed);
            guarded_free(whole);
            guarded_free(parts);
        }
        free_problem(p);
    }
}

static void check_same_bits(const level *one, const level *other)
{
    for (uint32_t seed = first_seed() + 2000, end = seed + 100; seed < end; seed++) {
        problem *p = draw_problem(seed);
        float *c[2] = {new_c(p), new_c(p)};
        run_part(p, one->kernels, 0, p->rows, 0, p->panels, c[0]);
        run_part(p, other->kernels, 0, p->rows, 0, p->panels, c[1]);
        CHECK(memcmp(c[0], c[1], p->c_floats * sizeof(float)) == 0, "%s and %s: other bits (seed %u)", one->name,
              other->name, seed);
        guarded_free(c[0]);
        guarded_free(c[1]);
        free_problem(p);
    }
}

static void check_bf16_of_nothing(const dmx_kernels *kernels, const dmx_gemm *g)
{
    float *scratch = dmx_alloc(kernels->gemm_bf16_scratch(1, 0) + 1, sizeof *scratch);
    memset(g->c, 0xff, 3 * sizeof *g->c);
    kernels->gemm_bf16(g, 0, 0, 0, 1, scratch);
    kernels->gemm_bf16(g, 0, 1, 1, 1, scratch);
    CHECK(isnan(g->c[0]), "bf16: wrote something for 0 rows or 0 panels");
    kernels->gemm_bf16(g, 0, 1, 0, 1, scratch);
    CHECK(g->c[0] == 1 && g->c[1] == 2 && g->c[2] == 3, "bf16: %g for k = 0", (double)g->c[0]);
    dmx_free(scratch);
}

/* A stand-in is its level in all but speed. */
static void test_gemm_stand_ins_have_the_bits_of_their_levels(void)
{
    level levels[8];
    int count = levels_to_test(levels), pairs = 0;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) {
            if (levels[i].kernels->level != levels[j].kernels->level) continue;
            check_same_bits(&levels[j], &levels[i]);
            pairs++;
        }
    if (pairs == 0) TEST_SKIP("needs a CPU with AVX-512 or NEON");
}

static void test_gemm_of_nothing(void)
{
    level levels[8];
    int count = levels_to_test(levels);
    const ptrdiff_t offset = 0;
    const float bias[DMX_PANEL] = {1, 2, 3};
    for (int i = 0; i < count; i++) {
        float *c = guarded_alloc(3), *scratch = dmx_alloc(levels[i].kernels->gemm_scratch(1, 0) + 1, sizeof *scratch);
        dmx_gemm g = {.a = bias,
                      .group_rows = 1,
                      .tap_offset = &offset,
                      .taps = 1,
                      .b = bias,
                      .columns = 3,
                      .bias = bias,
                      .c = c};
        levels[i].kernels->gemm_f32(&g, 0, 0, 0, 1, scratch);
        levels[i].kernels->gemm_f32(&g, 0, 1, 1, 1, scratch);
        CHECK(is_canary(c[0]), "%s: wrote something for 0 rows or 0 panels", levels[i].name);
        levels[i].kernels->gemm_f32(&g, 0, 1, 0, 1, scratch); /* an empty sum is 0 */
        CHECK(c[0] == 1 && c[1] == 2 && c[2] == 3 && guarded_intact(c, 3), "%s: %g %g %g for k = 0", levels[i].name,
              (double)c[0], (double)c[1], (double)c[2]);
        if (levels[i].kernels->gemm_bf16 != NULL) check_bf16_of_nothing(levels[i].kernels, &g);
        guarded_free(c);
        dmx_free(scratch);
    }
}

TEST_MAIN(test_gemm_against_formula, test_gemm_does_not_depend_on_cuts,
          test_gemm_stand_ins_have_the_bits_of_their_levels, test_gemm_of_nothing)
