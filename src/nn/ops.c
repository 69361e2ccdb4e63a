/* ops.c - the functions that networks call: their arguments become an operation, see ops.h */
#include "nn/ops.h"

#include <assert.h>

static void run(dmx_exec *exec, const dmx_op *op) { exec->ops->run(exec, op); }

static void assert_same_shape(const dmx_grid *a, const dmx_grid *b)
{
    assert(a->steps == b->steps && a->bins == b->bins && a->channels == b->channels);
    (void)a;
    (void)b;
}

/* ---- grids ---- */

void dmx_grid_clear_margins(dmx_exec *exec, const dmx_grid *grid)
{
    const dmx_margin *margin = &grid->margin;
    if (margin->bins_before == 0 && margin->bins_after == 0 && margin->steps == 0) return;
    run(exec, &(dmx_op){.kind = DMX_OP_CLEAR_MARGINS, .as.cells = {.to = *grid}});
}

void dmx_grid_copy(dmx_exec *exec, const dmx_grid *from, const dmx_grid *to)
{
    assert_same_shape(from, to);
    run(exec, &(dmx_op){.kind = DMX_OP_COPY, .as.cells = {.from = *from, .to = *to}});
}

void dmx_grid_add(dmx_exec *exec, const dmx_grid *from, const dmx_grid *to)
{
    assert_same_shape(from, to);
    run(exec, &(dmx_op){.kind = DMX_OP_ADD, .as.cells = {.from = *from, .to = *to}});
}

void dmx_grid_add_row(dmx_exec *exec, const float *row, const dmx_grid *to)
{
    run(exec, &(dmx_op){.kind = DMX_OP_ADD_ROW, .as.cells = {.to = *to, .row = row}});
}

void dmx_grid_join_band(dmx_exec *exec, const dmx_grid *from, int shared, const float *bias, const dmx_grid *to)
{
    assert_same_shape(from, to);
    run(exec,
        &(dmx_op){.kind = DMX_OP_JOIN_BAND, .as.cells = {.from = *from, .to = *to, .row = bias, .shared = shared}});
}

/* ---- linear layers ---- */

static dmx_linear_args linear_args(const dmx_grid *input, const dmx_epilogue *epilogue, const dmx_grid *output)
{
    dmx_linear_args args = {.input = *input, .output = *output};
    if (epilogue == NULL) return args;
    args.activation = epilogue->activation;
    args.scale = epilogue->scale;
    args.add = epilogue->residual != NULL;
    if (args.add) args.residual = *epilogue->residual;
    return args;
}

static void assert_fits(const dmx_conv *conv, const dmx_linear_args *args)
{
    assert(args->input.channels == conv->in_channels && args->input.steps == args->output.steps);
    assert(args->output.channels == (conv->glu ? conv->out_channels / 2 : conv->out_channels));
    assert(conv->glu == (args->activation == DMX_ACTIVATION_GLU));
    (void)conv;
    (void)args;
}

void dmx_conv_run(dmx_exec *exec, const dmx_conv *conv, const dmx_grid *input, const dmx_epilogue *epilogue,
                  const dmx_grid *output)
{
    dmx_op op = {.kind = DMX_OP_CONV, .as.linear = linear_args(input, epilogue, output)};
    op.as.linear.conv = conv;
    assert_fits(conv, &op.as.linear);
    run(exec, &op);
}

void dmx_normed_linear_run(dmx_exec *exec, const dmx_normed_linear *layer, const dmx_grid *input,
                           const dmx_epilogue *epilogue, const dmx_grid *output)
{
    dmx_op op = {.kind = DMX_OP_NORMED_LINEAR, .as.linear = linear_args(input, epilogue, output)};
    op.as.linear.normed = layer;
    assert_fits(&layer->linear, &op.as.linear);
    assert(input->bins == output->bins);
    run(exec, &op);
}

/* ---- norms ---- */

void dmx_norm_activate(dmx_exec *exec, const dmx_norm *norm, dmx_norm_span span, dmx_activation activation,
                       const dmx_grid *x)
{
    if (norm->groups == 0 && activation == DMX_ACTIVATION_NONE) return;
    assert(norm->groups == 0 || norm->channels == x->channels);
    run(exec,
        &(dmx_op){.kind = DMX_OP_NORM, .as.norm = {.norm = norm, .span = span, .activation = activation, .x = *x}});
}

void dmx_norm_glu(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y)
{
    assert(x->channels == 2 * y->channels && x->steps == y->steps && x->bins == y->bins);
    assert(norm->groups >= 1 && norm->channels == x->channels);
    run(exec, &(dmx_op){.kind = DMX_OP_NORM_GLU, .as.norm = {.norm = norm, .x = *x, .y = *y}});
}

void dmx_layer_norm(dmx_exec *exec, const dmx_norm *norm, const dmx_grid *x, const dmx_grid *y)
{
    assert_same_shape(x, y);
    assert(x->step_stride == (ptrdiff_t)x->bins * x->channels && y->step_stride == x->step_stride);
    run(exec, &(dmx_op){.kind = DMX_OP_LAYER_NORM, .as.norm = {.norm = norm, .x = *x, .y = *y}});
}

void dmx_moments_of_grid(dmx_exec *exec, const dmx_grid *x, const dmx_grid *moments)
{
    run(exec, &(dmx_op){.kind = DMX_OP_MOMENTS_OF_GRID, .as.moments = {.x = *x, .moments = *moments}});
}

void dmx_grid_normalise(dmx_exec *exec, const dmx_grid *moments, const dmx_grid *x)
{
    run(exec, &(dmx_op){.kind = DMX_OP_NORMALISE, .as.moments = {.x = *x, .moments = *moments}});
}

void dmx_grid_restore(dmx_exec *exec, const dmx_grid *moments, const dmx_grid *x)
{
    run(exec, &(dmx_op){.kind = DMX_OP_RESTORE, .as.moments = {.x = *x, .moments = *moments}});
}

/* ---- attention, sequences ---- */

void dmx_attention_run(dmx_exec *exec, int heads, const dmx_grid *q, const dmx_grid *k, const dmx_grid *v,
                       const dmx_grid *out)
{
    assert_same_shape(q, out);
    assert_same_shape(k, v);
    assert(q->channels == k->channels && q->channels % heads == 0);
    run(exec,
        &(dmx_op){.kind = DMX_OP_ATTENTION, .as.attention = {.heads = heads, .q = *q, .k = *k, .v = *v, .out = *out}});
}

void dmx_attention_run_local(dmx_exec *exec, int heads, int decays, const dmx_grid *q, const dmx_grid *k,
                             const dmx_grid *v, const dmx_grid *query_decay, const dmx_grid *out)
{
    assert_same_shape(q, out);
    assert_same_shape(k, v);
    assert_same_shape(q, k);
    assert(q->channels % heads == 0 && query_decay->channels == heads * decays);
    dmx_op op = {.kind = DMX_OP_LOCAL_ATTENTION, .as.attention = {.heads = heads, .decays = decays, .q = *q, .k = *k}};
    op.as.attention.v = *v;
    op.as.attention.query_decay = *query_decay;
    op.as.attention.out = *out;
    run(exec, &op);
}

void dmx_periods_widen(dmx_exec *exec, const dmx_periods *periods)
{
    run(exec, &(dmx_op){.kind = DMX_OP_PERIODS_WIDEN, .as.periods = *periods});
}

void dmx_periods_join(dmx_exec *exec, const dmx_periods *periods, const dmx_grid *wide, const dmx_grid *joined)
{
    dmx_op op = {.kind = DMX_OP_PERIODS_JOIN,
                 .as.periods_join = {.heads = periods->heads, .periods = periods->periods}};
    op.as.periods_join.wide_k = periods->wide_k;
    op.as.periods_join.wide = *wide;
    op.as.periods_join.joined = *joined;
    run(exec, &op);
}

void dmx_lstm_run(dmx_exec *exec, const dmx_lstm *lstm, const dmx_grid *x, const dmx_grid *y)
{
    assert(y->channels == 2 * lstm->hidden && y->steps == x->steps && y->bins == x->bins);
    run(exec, &(dmx_op){.kind = DMX_OP_LSTM, .as.lstm = {.lstm = lstm, .x = *x, .y = *y}});
}

void dmx_framing_cut(dmx_exec *exec, const dmx_framing *framing)
{
    run(exec, &(dmx_op){.kind = DMX_OP_FRAMING_CUT, .as.framing = *framing});
}

void dmx_framing_join(dmx_exec *exec, const dmx_framing *framing)
{
    run(exec, &(dmx_op){.kind = DMX_OP_FRAMING_JOIN, .as.framing = *framing});
}

void dmx_positions_add(dmx_exec *exec, const dmx_positions *positions, const dmx_grid *x)
{
    assert(x->channels == positions->dim && (x->bins == 1 || positions->kind == DMX_POSITIONS_SIN_2D));
    run(exec, &(dmx_op){.kind = DMX_OP_POSITIONS, .as.positions = {.positions = *positions, .x = *x}});
}

void dmx_bins_run_apart(dmx_exec *exec, int bins, int at_once, dmx_bins_fn body, const void *context)
{
    exec->ops->run_apart(exec, bins, at_once, body, context);
}

/* ---- audio ---- */

static dmx_planes_args planes_args(const dmx_grid *from, const dmx_grid *to, const dmx_grid *moments)
{
    dmx_planes_args args = {.from = *from, .normed = moments != NULL};
    if (to != NULL) args.to = *to;
    if (moments != NULL) args.moments = *moments;
    return args;
}

void dmx_moments_of_mix(dmx_exec *exec, const dmx_grid *mix, const dmx_grid *moments)
{
    run(exec, &(dmx_op){.kind = DMX_OP_MOMENTS_OF_MIX, .as.planes = planes_args(mix, NULL, moments)});
}

void dmx_planes_pad(dmx_exec *exec, const dmx_grid *mix, const dmx_grid *moments, int front, const dmx_grid *planes)
{
    assert(mix->steps == planes->steps && front + mix->bins <= planes->bins);
    dmx_op op = {.kind = DMX_OP_PLANES_PAD, .as.planes = planes_args(mix, planes, moments)};
    op.as.planes.front = front;
    run(exec, &op);
}

void dmx_planes_interleave(dmx_exec *exec, const dmx_grid *planes, const dmx_resample_kernel *kernel, const dmx_grid *x)
{
    assert(x->steps == 1 && x->channels == planes->steps && (kernel != NULL || x->bins == planes->bins));
    dmx_op op = {.kind = DMX_OP_PLANES_INTERLEAVE, .as.planes = planes_args(planes, x, NULL)};
    op.as.planes.kernel = kernel;
    run(exec, &op);
}

void dmx_stft_run(dmx_exec *exec, const dmx_stft *stft, const dmx_grid *planes, const dmx_grid *z)
{
    assert((size_t)z->bins == dmx_stft_bins(stft) && z->channels == 2 * planes->steps);
    assert((size_t)z->steps == dmx_stft_steps(stft, (size_t)planes->bins));
    dmx_op op = {.kind = DMX_OP_STFT, .as.planes = planes_args(planes, z, NULL)};
    op.as.planes.stft = stft;
    run(exec, &op);
}

void dmx_planes_take(dmx_exec *exec, const dmx_grid *x, int first, const dmx_grid *planes)
{
    assert(x->steps == 1 && first + planes->steps <= x->channels);
    dmx_op op = {.kind = DMX_OP_PLANES_TAKE, .as.planes = planes_args(x, planes, NULL)};
    op.as.planes.first = first;
    run(exec, &op);
}

void dmx_stem_write(dmx_exec *exec, const dmx_grid *planes, const dmx_stem *stem)
{
    assert(stem->kernel != NULL || stem->front + stem->frames <= planes->bins);
    dmx_op op = {.kind = DMX_OP_STEM_WRITE, .as.planes = planes_args(planes, NULL, stem->moments)};
    op.as.planes.kernel = stem->kernel;
    op.as.planes.front = stem->front;
    op.as.planes.frames = stem->frames;
    op.as.planes.source = stem->source;
    run(exec, &op);
}

void dmx_stems_write(dmx_exec *exec, const dmx_stems *stems)
{
    assert(stems->x.channels % (2 * stems->channels) == 0 && stems->frames <= stems->length);
    assert(stems->waveform.channels == 0 || 2 * stems->waveform.channels == stems->x.channels);
    run(exec, &(dmx_op){.kind = DMX_OP_STEMS_WRITE, .as.stems = *stems});
}

void dmx_magnitudes(dmx_exec *exec, const dmx_grid *z, const dmx_grid *magnitude)
{
    assert(z->channels == 2 * magnitude->channels);
    run(exec, &(dmx_op){.kind = DMX_OP_MAGNITUDES, .as.mask = {.z = *z, .magnitude = *magnitude}});
}

void dmx_mask_run(dmx_exec *exec, const dmx_mask *mask, const dmx_grid *z, const dmx_grid *magnitude,
                  const dmx_grid *out)
{
    assert(magnitude->channels == mask->sources * mask->channels && out->channels == 2 * magnitude->channels);
    dmx_op op = {.kind = DMX_OP_MASK, .as.mask = {.mask = *mask, .z = *z, .magnitude = *magnitude, .out = *out}};
    run(exec, &op);
}
