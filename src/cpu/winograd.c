/* winograd.c - see winograd.h
 *
 * A work item is a strip of tiles along the steps, two bins wide. Its V stays in the L2 cache while the columns of the
 * weights go by, two panels at a time:
 *
 *     for each tile:          V[16][tiles][channels]
 *     for each two panels:    M[16][tiles][2 * DMX_PANEL] = 16 GEMMs;   Y of each tile into the output */
#include "cpu/winograd.h"

#include "cpu/gemm.h"
#include "cpu/pack.h"

#include <assert.h>

enum {
    POSITIONS = 16,
    LEAST_CHANNELS = 32,
    STRIP_FLOATS = 1 << 12, /* of V, for each position: 256 KB in all. Twice as much measured the same */
    LEAST_TILES = 24,       /* that share a pass over the weights */
    MOST_TILES = 96,
    PANELS_AT_ONCE = 2
};

bool dmx_winograd_suits(const dmx_conv *conv)
{
    return conv->kernel_bins == 3 && conv->kernel_steps == 3 && conv->stride == 1 && conv->dilation == 1 &&
           conv->padding == 1 && !conv->transposed && conv->glu && conv->in_channels >= LEAST_CHANNELS;
}

/* ---- packing ---- */

static size_t panels_of(const dmx_conv *conv) { return dmx_conv_bias_floats(conv) / DMX_PANEL; }

size_t dmx_winograd_floats(const dmx_conv *conv)
{
    return POSITIONS * panels_of(conv) * (size_t)conv->in_channels * DMX_PANEL;
}

/* G x, where x are three numbers `stride` apart. */
static void expand3(const double *x, int stride, double y[4])
{
    const double a = x[0], b = x[stride], c = x[2 * stride];
    y[0] = a;
    y[1] = 0.5 * (a + b + c);
    y[2] = 0.5 * (a - b + c);
    y[3] = c;
}

/* U[step][bin] from g[bin][step], PyTorch's order. */
static void expand_kernel(const float *g, double u[4][4])
{
    double kernel[9], spread[3][4];
    for (int i = 0; i < 9; i++) kernel[i] = g[i];
    for (int step = 0; step < 3; step++) expand3(kernel + step, 3, spread[step]);
    for (int bin = 0; bin < 4; bin++) {
        double column[4];
        expand3(&spread[0][bin], 4, column);
        for (int step = 0; step < 4; step++) u[step][bin] = column[step];
    }
}

void dmx_winograd_pack_rows(const dmx_conv *conv, size_t first, size_t count, const float *weight, float *packed)
{
    const size_t in = (size_t)conv->in_channels, position_floats = panels_of(conv) * in * DMX_PANEL;
    for (size_t o = first; o < first + count; o++) {
        const size_t place = dmx_conv_packed_column(conv, o);
        float *to = packed + place / DMX_PANEL * in * DMX_PANEL + place % DMX_PANEL;
        for (size_t c = 0; c < in; c++, weight += 9) {
            double u[4][4];
            expand_kernel(weight, u);
            for (size_t p = 0; p < POSITIONS; p++) to[p * position_floats + c * DMX_PANEL] = (float)u[p / 4][p % 4];
        }
    }
}

/* ---- running ---- */

typedef struct winograd_job {
    const dmx_exec *exec;
    const dmx_conv *conv;
    const dmx_grid *input, *output;
    size_t tiles;       /* along the steps */
    size_t strip_tiles; /* of one work item */
    size_t strips;      /* along the steps */
    float *v, *m, *gemm_scratch;
} winograd_job;

static size_t strip_tiles(const dmx_exec *exec, const dmx_conv *conv, size_t tiles)
{
    const size_t height = (size_t)exec->kernels->gemm_rows;
    size_t most = STRIP_FLOATS / (size_t)conv->in_channels;
    most = most < LEAST_TILES ? LEAST_TILES : most > MOST_TILES ? MOST_TILES : most;
    const size_t strips = (tiles + most - 1) / most, each = (tiles + strips - 1) / strips;
    return (each + height - 1) / height * height;
}

/* V of one tile. An odd number of steps or bins makes the last tile reach beyond the margin: what it would find there
 * only goes into outputs that nobody wants. */
static void spread_tile(const winograd_job *job, int step, int bin, float *v, size_t position_stride)
{
    const dmx_grid *x = job->input;
    const float *d[POSITIONS];
    for (int s = 0; s < 4; s++)
        for (int b = 0; b < 4; b++) {
            const int from_step = step + s - 1 <= x->steps ? step + s - 1 : x->steps;
            const int from_bin = bin + b - 1 <= job->output->bins ? bin + b - 1 : job->output->bins;
            d[4 * s + b] = x->data + from_step * x->step_stride + (ptrdiff_t)from_bin * x->channels;
        }
    job->exec->kernels->winograd_input_f32(d, (size_t)x->channels, v, position_stride);
}

/* M of some panels: the 16 products. */
static void multiply(const winograd_job *job, size_t tiles, size_t panel, size_t panels)
{
    const size_t in = (size_t)job->conv->in_channels, width = panels * DMX_PANEL;
    const ptrdiff_t no_offset = 0;
    dmx_gemm g = {.group_rows = tiles,
                  .a_row_stride = (ptrdiff_t)in,
                  .tap_offset = &no_offset,
                  .taps = 1,
                  .depth = (int)in,
                  .columns = (int)width,
                  .c_row_stride = (ptrdiff_t)width};
    for (size_t p = 0; p < POSITIONS; p++) {
        g.a = job->v + p * tiles * in;
        g.b = job->conv->weights->winograd + (p * panels_of(job->conv) + panel) * in * DMX_PANEL;
        g.c = job->m + p * tiles * width;
        job->exec->kernels->gemm_f32(&g, 0, tiles, 0, panels, job->gemm_scratch);
    }
}

/* Y of some panels of one tile. */
static void gather_tile(const winograd_job *job, int step, int bin, size_t panel, size_t panels, const float *m,
                        size_t position_stride)
{
    const dmx_grid *y = job->output;
    const size_t first = panel * DMX_PANEL / 2;
    float *c[4];
    for (int i = 0; i < 4; i++) {
        const int to_step = step + i / 2, to_bin = bin + i % 2;
        const bool wanted = to_step < y->steps && to_bin < y->bins;
        c[i] = wanted ? y->data + to_step * y->step_stride + (ptrdiff_t)to_bin * y->channels + first : NULL;
    }
    job->exec->kernels->winograd_output_glu_f32(m, position_stride, panels, job->conv->bias + panel * DMX_PANEL,
                                                (size_t)y->channels - first, c);
}

static void strip_item(void *context, size_t item, int worker)
{
    winograd_job own = *(const winograd_job *)context, *job = &own;
    const size_t in = (size_t)job->conv->in_channels, panels = panels_of(job->conv);
    const size_t first = item % job->strips * job->strip_tiles, left = job->tiles - first;
    const size_t tiles = left < job->strip_tiles ? left : job->strip_tiles;
    const int bin = 2 * (int)(item / job->strips), step = 2 * (int)first;
    job->v = dmx_exec_scratch(job->exec, worker);
    job->m = job->v + POSITIONS * job->strip_tiles * in;
    job->gemm_scratch = job->m + POSITIONS * job->strip_tiles * PANELS_AT_ONCE * DMX_PANEL;

    for (size_t t = 0; t < tiles; t++) spread_tile(job, step + 2 * (int)t, bin, job->v + t * in, tiles * in);
    for (size_t panel = 0; panel < panels; panel += PANELS_AT_ONCE) {
        const size_t some = panels - panel < PANELS_AT_ONCE ? panels - panel : PANELS_AT_ONCE, width = some * DMX_PANEL;
        multiply(job, tiles, panel, some);
        for (size_t t = 0; t < tiles; t++)
            gather_tile(job, step + 2 * (int)t, bin, panel, some, job->m + t * width, tiles * width);
    }
}

void dmx_winograd_run(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *input, const dmx_grid *output)
{
    const size_t in = (size_t)conv->in_channels;
    winograd_job job = {.exec = exec, .conv = conv, .input = input, .output = output};
    job.tiles = ((size_t)output->steps + 1) / 2;
    job.strip_tiles = strip_tiles(exec, conv, job.tiles);
    job.strips = (job.tiles + job.strip_tiles - 1) / job.strip_tiles;
    const size_t scratch = POSITIONS * job.strip_tiles * (in + PANELS_AT_ONCE * DMX_PANEL) +
                           exec->kernels->gemm_scratch(job.strip_tiles, in);
    /* Counted as what the convolution stands for, so that rates of all implementations compare. */
    exec->flops += 2.0 * output->steps * output->bins * 9 * (double)in * conv->out_channels;
    dmx_exec_run(exec, job.strips * (((size_t)output->bins + 1) / 2), scratch, strip_item, &job);
}
