/* blstm.c - see blstm.h */
#include "models/layers/blstm.h"

void dmx_blstm_load(dmx_weights *w, dmx_blstm *blstm, int channels, int layers, const char *prefix)
{
    dmx_weights_lstm(w, &blstm->lstm, channels, layers, dmx_name_of("%s.lstm", prefix).text);
    blstm->linear = dmx_linear(2 * channels, channels);
    dmx_weights_conv(w, &blstm->linear, DMX_AXES_LINEAR, dmx_name_of("%s.linear", prefix).text);
}

/* y = lstm(x), frame by frame. */
static void run_in_frames(dmx_exec *exec, const dmx_blstm *blstm, const dmx_grid *x, const dmx_grid *y)
{
    const int width = blstm->max_steps, stride = width / 2, count = (x->steps + stride - 1) / stride;
    dmx_grid frames = dmx_grid_create(exec, width, count * x->bins, x->channels, (dmx_margin){0});
    dmx_grid states = dmx_grid_create(exec, width, count * x->bins, y->channels, (dmx_margin){0});
    dmx_framing_cut(exec, &(dmx_framing){.stride = stride, .count = count, .sequence = *x, .frames = frames});
    dmx_lstm_run(exec, &blstm->lstm, &frames, &states);
    dmx_framing_join(exec, &(dmx_framing){.stride = stride, .count = count, .sequence = *y, .frames = states});
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
