/* weights.h - take the tensors of a checkpoint, by PyTorch's names, and hand them over layer by layer (nn/upload.h).
 *
 * Like arguments.h this keeps the first failure and lets the rest pass, so that a constructor reads as a list of its
 * layers. Every tensor must be there with exactly the shape that the class gives it, and finite; dmx_weights_finish
 * makes sure that none was left over. Memory goes to the store, which the network owns.
 *
 * It may run dry: then nothing is taken or handed over, and each tensor that a constructor asks for is added to a list.
 */
#ifndef DMX_MODELS_LOADING_WEIGHTS_H
#define DMX_MODELS_LOADING_WEIGHTS_H

#include "checkpoint/checkpoint.h"
#include "models/network.h"
#include "nn/norm.h"
#include "nn/upload.h"

struct dmx_weights {
    const dmx_checkpoint *checkpoint;
    const dmx_upload *upload;
    dmx_store *store;
    dmx_parameters *list; /* of what is asked for, when it runs dry; else NULL */
    bool *used;           /* [tensor_count] */
    dmx_tensor **by_name; /* [tensor_count] the checkpoint's tensors, sorted */
    float *piece;         /* [piece_floats] of a tensor, on its way to the upload */
    size_t piece_floats;
    size_t parameters; /* numbers taken so far */
    demucs_error *error;
    bool failed;
};

/* Take tensors, and give them to `upload` with `store`. */
void dmx_weights_begin(dmx_weights *w, const dmx_checkpoint *checkpoint, const dmx_upload *upload, dmx_store *store,
                       demucs_error *error);

/* Run dry: add what is asked for to `list`. Memory for parts of layers comes from `store`. */
void dmx_weights_begin_dry(dmx_weights *w, const dmx_checkpoint *checkpoint, dmx_parameters *list, dmx_store *store,
                           demucs_error *error);

/* Fail unless every tensor was taken. Frees what the reading needed; call it also after a failure. */
demucs_status dmx_weights_finish(dmx_weights *w);

/* A name made of a prefix and the rest, in a buffer that fits every right name. */
typedef struct dmx_name {
    char text[160];
} dmx_name;
dmx_name dmx_name_of(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/* ---- layers; what they point to stays NULL after a failure and when it runs dry ---- */

/* A tensor of the given shape as it is. */
const float *dmx_weights_vector(dmx_weights *w, const char *name, int64_t length);
const float *dmx_weights_table(dmx_weights *w, const char *name, int64_t rows, int64_t columns);

/* The same, each number times `first`, and that times `second`. */
const float *dmx_weights_scaled_table(dmx_weights *w, const char *name, int64_t rows, int64_t columns, float first,
                                      float second);

/* How PyTorch shapes a layer's weight: Linear and Conv1d have fewer axes than Conv2d. */
typedef enum dmx_axes { DMX_AXES_LINEAR, DMX_AXES_CONV1D, DMX_AXES_CONV2D } dmx_axes;

/* PREFIX.weight and PREFIX.bias into a conv whose sizes are filled in. A Conv1d along steps (dilated) has its kernel in
 * kernel_steps. */
void dmx_weights_conv(dmx_weights *w, dmx_conv *conv, dmx_axes axes, const char *prefix);

/* WEIGHT_NAME [rows][in_channels] and BIAS_NAME [rows] as `count` linear layers of equal sizes, one after another:
 * PyTorch keeps the three projections of an attention in one tensor. */
void dmx_weights_linears(dmx_weights *w, dmx_conv *const *convs, int count, const char *weight_name,
                         const char *bias_name);

/* PREFIX.weight and PREFIX.bias of a norm whose channels and groups are filled in; groups 0 reads nothing. */
void dmx_weights_norm(dmx_weights *w, dmx_norm *norm, const char *prefix);

/* CONV.weight and CONV.bias (a Conv1d of kernel 1 into layer->linear, whose sizes are filled in), and the norm of one
 * group that follows it, NORM.weight and NORM.bias. */
void dmx_weights_normed_linear(dmx_weights *w, dmx_normed_linear *layer, const char *conv, const char *norm);

/* A torch.nn.LSTM of `layers` layers, both directions, with as many inputs as hidden units: PREFIX.weight_ih_l0 and so
 * on. */
void dmx_weights_lstm(dmx_weights *w, dmx_lstm *lstm, int hidden, int layers, const char *prefix);

/* ---- beside the layers ---- */

/* Zeroed memory in the store for a part that not every layer has; NULL after a failure. */
void *dmx_weights_part(dmx_weights *w, size_t size);

/* Whether the checkpoint has a tensor of that name; no, when it runs dry. */
bool dmx_weights_has(const dmx_weights *w, const char *name);

/* The first axis of the checkpoint's tensor of that name; 0 where there is none, or one too long for a layer. */
int dmx_weights_rows(const dmx_weights *w, const char *name);

/* ---- between weights.c and weights_layers.c ---- */

/* A tensor that was taken, as rows for the upload. It must stay where it is: rows.source points back to it. */
typedef struct dmx_taken {
    dmx_weights *w;
    dmx_tensor *tensor;
    size_t first_row; /* where the rows begin in the tensor */
    bool scaled;      /* each number is multiplied by these, one after the other */
    float factors[2];
    dmx_rows rows;
} dmx_taken;

/* Take the tensor by name and shape. False after a failure and when it runs dry. */
bool dmx_weights_take(dmx_weights *w, dmx_taken *taken, const char *name, int rank, const int64_t *shape);

/* `part` = rows [first, first + count) of it. */
void dmx_taken_part(dmx_taken *part, const dmx_taken *whole, size_t first, size_t count);

/* Its numbers were handed over: give back what they took of this process's memory. */
void dmx_taken_release(const dmx_taken *taken);

/* What the upload says: fail for want of memory when it is false, unless something failed already. */
void dmx_weights_uploaded(dmx_weights *w, bool uploaded);

#endif
