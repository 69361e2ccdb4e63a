/* ops.h - the operations that a forward pass is made of, as plain data, and the table of who carries them out.
 *
 * The functions that networks call (dmx_conv_run, dmx_norm_glu, ...) put their arguments into a dmx_op and hand it to
 * exec->ops. The CPU carries it out (cpu/ops.h), or counts what it would need while planning; a list keeps it for later
 * (record.h). All of them see the same dmx_op, so what a list holds is all that there is to an operation.
 *
 * An operation has a fixed size. It holds grids by value, and pointers only to what lives as long as the network:
 * layers with their weights, and the tables of transforms. Of the audio there is nothing in it: the mix is a grid
 * without an address, and stems are named by their number (audio.h). */
#ifndef DMX_NN_OPS_H
#define DMX_NN_OPS_H

#include "nn/apart.h"
#include "nn/attention.h"
#include "nn/audio.h"
#include "nn/lstm.h"
#include "nn/mask.h"
#include "nn/norm.h"
#include "nn/normed_linear.h"
#include "nn/positions.h"

/* Each with the member of dmx_op.as that holds its arguments. */
typedef enum dmx_op_kind {
    DMX_OP_CLEAR_MARGINS,     /* cells: to */
    DMX_OP_COPY,              /* cells: from, to */
    DMX_OP_ADD,               /* cells: from, to */
    DMX_OP_ADD_ROW,           /* cells: row, to */
    DMX_OP_JOIN_BAND,         /* cells: from, to, row, shared */
    DMX_OP_CONV,              /* linear: conv */
    DMX_OP_NORMED_LINEAR,     /* linear: normed */
    DMX_OP_NORM,              /* norm: x */
    DMX_OP_NORM_GLU,          /* norm: x, y */
    DMX_OP_LAYER_NORM,        /* norm: x, y */
    DMX_OP_MOMENTS_OF_GRID,   /* moments: x */
    DMX_OP_NORMALISE,         /* moments: x */
    DMX_OP_RESTORE,           /* moments: x */
    DMX_OP_ATTENTION,         /* attention */
    DMX_OP_LOCAL_ATTENTION,   /* attention: decays, query_decay */
    DMX_OP_PERIODS_WIDEN,     /* periods */
    DMX_OP_PERIODS_JOIN,      /* periods_join */
    DMX_OP_LSTM,              /* lstm */
    DMX_OP_FRAMING_CUT,       /* framing */
    DMX_OP_FRAMING_JOIN,      /* framing */
    DMX_OP_POSITIONS,         /* positions */
    DMX_OP_MOMENTS_OF_MIX,    /* planes: from */
    DMX_OP_PLANES_PAD,        /* planes: from, to, front */
    DMX_OP_PLANES_INTERLEAVE, /* planes: from, kernel, to */
    DMX_OP_PLANES_TAKE,       /* planes: from, to, first */
    DMX_OP_STFT,              /* planes: stft, from, to */
    DMX_OP_STEM_WRITE,        /* planes: from, kernel, front, frames, source */
    DMX_OP_STEMS_WRITE,       /* stems */
    DMX_OP_MAGNITUDES,        /* mask: z, magnitude */
    DMX_OP_MASK,              /* mask */
    DMX_OP_KINDS
} dmx_op_kind;

typedef struct dmx_cells_args {
    dmx_grid from, to;
    const float *row; /* ADD_ROW: [bins][channels]; JOIN_BAND: [channels] the bias that is in both bands */
    int shared;
} dmx_cells_args;

typedef struct dmx_linear_args {
    const dmx_conv *conv;            /* CONV */
    const dmx_normed_linear *normed; /* NORMED_LINEAR */
    dmx_grid input, output, residual;
    bool add; /* there is a residual */
    dmx_activation activation;
    const float *scale; /* [output channels] or NULL */
} dmx_linear_args;

typedef struct dmx_norm_args {
    const dmx_norm *norm;
    dmx_norm_span span;
    dmx_activation activation;
    dmx_grid x, y;
} dmx_norm_args;

typedef struct dmx_moments_args {
    dmx_grid x, moments;
} dmx_moments_args;

typedef struct dmx_attention_args {
    int heads, decays;
    dmx_grid q, k, v, out;
    dmx_grid query_decay; /* LOCAL_ATTENTION */
} dmx_attention_args;

typedef struct dmx_periods_join_args {
    int heads, periods;
    dmx_grid wide_k, wide, joined;
} dmx_periods_join_args;

typedef struct dmx_lstm_args {
    const dmx_lstm *lstm;
    dmx_grid x, y;
} dmx_lstm_args;

typedef struct dmx_positions_args {
    dmx_positions positions;
    dmx_grid x;
} dmx_positions_args;

typedef struct dmx_planes_args {
    const dmx_stft *stft;
    const dmx_resample_kernel *kernel; /* or NULL */
    dmx_grid from, to, moments;        /* without moments: as if mean were 0, deviation and scale 1 */
    int front, frames, first, source;
    bool normed; /* there are moments */
} dmx_planes_args;

typedef struct dmx_mask_args {
    dmx_mask mask;
    dmx_grid z, magnitude, out;
} dmx_mask_args;

typedef struct dmx_op {
    dmx_op_kind kind;
    bool apart; /* of a body of dmx_bins_run_apart, on all its bins: statistics are those of each bin, gathered */
    union {
        dmx_cells_args cells;
        dmx_linear_args linear;
        dmx_norm_args norm;
        dmx_moments_args moments;
        dmx_attention_args attention;
        dmx_periods periods;
        dmx_periods_join_args periods_join;
        dmx_lstm_args lstm;
        dmx_framing framing;
        dmx_positions_args positions;
        dmx_planes_args planes;
        dmx_stems stems;
        dmx_mask_args mask;
    } as;
} dmx_op;

/* Who carries out operations. Neither function can fail.
 *   run        one operation, which it may keep a copy of
 *   run_apart  a body on ranges of bins, see dmx_bins_run_apart; it calls the body before it returns */
typedef struct dmx_ops {
    void (*run)(dmx_exec *exec, const dmx_op *op);
    void (*run_apart)(dmx_exec *exec, int bins, int at_once, dmx_bins_fn body, const void *context);
} dmx_ops;

#endif
