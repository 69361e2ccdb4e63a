/* blstm.c - see blstm.h */
#include "models/layers/blstm.h"

#include <string.h>

void dmx_blstm_load(dmx_weights *w, dmx_blstm *blstm, int channels, int layers, const char *prefix)
{
    dmx_weights_lstm(w, &blstm->lstm, channels, layers, dmx_name_of("%s.lstm", prefix).text);
    blstm->linear = dmx_linear(2 * channels, channels);
    dmx_weights_conv(w, &blstm->linear, DMX_AXES_LINEAR, dmx_name_of("%s.linear", prefix).text);
}

/* A sequence and its frames, the steps of which lie side by side: frames[width][count * bins][channels], the bins of
 * frame 0 first. */
typedef struct cutting {
    const dmx_grid *sequence; /* [steps][bins][channels] */
    const dmx_grid *frames;
    int stride, count;
} cutting;

/* Where step `t` of the sequence's result is taken from. */
static const float *kept_step(const cutting *c, int t)
{
    const int outer = c->stride / 2;
    int frame = t < outer ? 0 : (t - outer) / c->stride;
    if (frame >= c->count) frame = c->count - 1;
    const ptrdiff_t bins = c->sequence->bins, channels = c->sequence->channels;
    return c->frames->data + (t - frame * c->stride) * c->frames->step_stride + frame * bins * channels;
}

static void cut_item(void *context, size_t step, int worker)
{
    (void)worker;
    const cutting *c = context;
    const size_t row = (size_t)c->sequence->bins * (size_t)c->sequence->channels;
    float *to = c->frames->data + (ptrdiff_t)step * c->frames->step_stride;
    for (int frame = 0; frame < c->count; frame++, to += row) {
        const int t = frame * c->stride + (int)step;
        if (t < c->sequence->steps)
            memcpy(to, c->sequence->data + t * c->sequence->step_stride, row * sizeof *to);
        else
            memset(to, 0, row * sizeof *to);
    }
}

static void join_item(void *context, size_t step, int worker)
{
    (void)worker;
    const cutting *c = context;
    const size_t row = (size_t)c->sequence->bins * (size_t)c->sequence->channels;
    memcpy(c->sequence->data + (ptrdiff_t)step * c->sequence->step_stride, kept_step(c, (int)step),
           row * sizeof(float));
}

/* y = lstm(x), frame by frame. */
static void run_in_frames(dmx_exec *exec, const dmx_blstm *blstm, const dmx_grid *x, const dmx_grid *y)
{
    const int width = blstm->max_steps, stride = width / 2, count = (x->steps + stride - 1) / stride;
    dmx_grid frames = dmx_grid_create(exec, width, count * x->bins, x->channels, (dmx_margin){0});
    dmx_grid states = dmx_grid_create(exec, width, count * x->bins, y->channels, (dmx_margin){0});
    cutting in = {.sequence = x, .frames = &frames, .stride = stride, .count = count};
    cutting out = {.sequence = y, .frames = &states, .stride = stride, .count = count};
    dmx_exec_run(exec, (size_t)width, 0, cut_item, &in);
    dmx_lstm_run(exec, &blstm->lstm, &frames, &states);
    dmx_exec_run(exec, (size_t)y->steps, 0, join_item, &out);
}

void dmx_blstm_run(dmx_exec *exec, const dmx_blstm *blstm, const dmx_grid *x)
{
    const size_t mark = exec->arena.used;
    dmx_grid states = dmx_grid_create(exec, x->steps, x->bins, 2 * x->channels, (dmx_margin){0});
    const size_t kept = exec->arena.used;
    if (blstm->max_steps > 0 && x->steps > blstm->max_steps)
        run_in_frames(exec, blstm, x, &states);
    else
        dmx_lstm_run(exec, &blstm->lstm, x, &states);
    exec->arena.used = kept;
    dmx_conv_run(exec, &blstm->linear, &states, &(dmx_epilogue){.residual = blstm->skip ? x : NULL}, x);
    exec->arena.used = mark;
}
