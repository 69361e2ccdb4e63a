/* weights_layers.c - the tensors of each kind of layer; see weights.h
 *
 * What a layer is made of is asked for here, in PyTorch's order and shapes; what becomes of it is the upload's matter.
 */
#include "models/loading/weights.h"

/* ---- vectors and tables ---- */

static const float *upload_vector(const dmx_taken *taken)
{
    const float *vector = taken->w->upload->vector(taken->w->store, &taken->rows);
    dmx_weights_uploaded(taken->w, vector != NULL);
    dmx_taken_release(taken);
    return vector;
}

const float *dmx_weights_vector(dmx_weights *w, const char *name, int64_t length)
{
    dmx_taken taken;
    return dmx_weights_take(w, &taken, name, 1, &length) ? upload_vector(&taken) : NULL;
}

const float *dmx_weights_table(dmx_weights *w, const char *name, int64_t rows, int64_t columns)
{
    dmx_taken taken;
    return dmx_weights_take(w, &taken, name, 2, (int64_t[]){rows, columns}) ? upload_vector(&taken) : NULL;
}

const float *dmx_weights_scaled_table(dmx_weights *w, const char *name, int64_t rows, int64_t columns, float first,
                                      float second)
{
    dmx_taken taken;
    if (!dmx_weights_take(w, &taken, name, 2, (int64_t[]){rows, columns})) return NULL;
    taken.scaled = true;
    taken.factors[0] = first;
    taken.factors[1] = second;
    return upload_vector(&taken);
}

void dmx_weights_norm(dmx_weights *w, dmx_norm *norm, const char *prefix)
{
    if (norm->groups == 0) return;
    norm->gamma = dmx_weights_vector(w, dmx_name_of("%s.weight", prefix).text, norm->channels);
    norm->beta = dmx_weights_vector(w, dmx_name_of("%s.bias", prefix).text, norm->channels);
}

/* ---- convolutions and linear layers ---- */

/* PREFIX.weight of the given shape, and PREFIX.bias with as many numbers as it has outputs. */
static bool take_layer(dmx_weights *w, dmx_taken *weight, dmx_taken *bias, const char *prefix, int rank,
                       const int64_t *shape, int64_t outputs)
{
    const bool has_weight = dmx_weights_take(w, weight, dmx_name_of("%s.weight", prefix).text, rank, shape);
    return dmx_weights_take(w, bias, dmx_name_of("%s.bias", prefix).text, 1, &outputs) && has_weight;
}

static int weight_shape(const dmx_conv *conv, dmx_axes axes, int64_t *shape)
{
    shape[0] = conv->transposed ? conv->in_channels : conv->out_channels;
    shape[1] = conv->transposed ? conv->out_channels : conv->in_channels;
    if (axes == DMX_AXES_LINEAR) return 2;
    if (axes == DMX_AXES_CONV1D) {
        shape[2] = (int64_t)conv->kernel_bins * conv->kernel_steps; /* one of them is 1 */
        return 3;
    }
    shape[2] = conv->kernel_bins;
    shape[3] = conv->kernel_steps;
    return 4;
}

void dmx_weights_conv(dmx_weights *w, dmx_conv *conv, dmx_axes axes, const char *prefix)
{
    int64_t shape[4];
    const int rank = weight_shape(conv, axes, shape);
    dmx_taken weight, bias;
    if (!take_layer(w, &weight, &bias, prefix, rank, shape, conv->out_channels)) return;
    dmx_weights_uploaded(w, w->upload->conv(w->store, conv, &weight.rows, &bias.rows));
    dmx_taken_release(&weight);
    dmx_taken_release(&bias);
}

void dmx_weights_linears(dmx_weights *w, dmx_conv *const *convs, int count, const char *weight_name,
                         const char *bias_name)
{
    const int64_t out = convs[0]->out_channels, in = convs[0]->in_channels;
    dmx_taken weight, bias, part, bias_part;
    const bool has_weight = dmx_weights_take(w, &weight, weight_name, 2, (int64_t[]){count * out, in});
    if (!dmx_weights_take(w, &bias, bias_name, 1, (int64_t[]){count * out}) || !has_weight) return;
    for (int i = 0; i < count && !w->failed; i++) {
        dmx_taken_part(&part, &weight, (size_t)(i * out), (size_t)out);
        dmx_taken_part(&bias_part, &bias, (size_t)(i * out), (size_t)out);
        dmx_weights_uploaded(w, w->upload->conv(w->store, convs[i], &part.rows, &bias_part.rows));
    }
    dmx_taken_release(&weight);
    dmx_taken_release(&bias);
}

void dmx_weights_normed_linear(dmx_weights *w, dmx_normed_linear *layer, const char *conv, const char *norm)
{
    const int64_t out = layer->linear.out_channels;
    dmx_taken weight, bias, gamma, beta;
    const bool has_linear = take_layer(w, &weight, &bias, conv, 3, (int64_t[]){out, layer->linear.in_channels, 1}, out);
    if (!take_layer(w, &gamma, &beta, norm, 1, &out, out) || !has_linear) return;
    dmx_weights_uploaded(w,
                         w->upload->normed_linear(w->store, layer, &weight.rows, &bias.rows, &gamma.rows, &beta.rows));
    dmx_taken_release(&weight); /* the others are small */
}

/* ---- LSTM ---- */

/* The tensors of one direction of a layer. */
typedef struct direction {
    dmx_taken weight_ih, weight_hh, bias_ih, bias_hh;
} direction;

static bool take_direction(dmx_weights *w, direction *d, int hidden, int width, const char *prefix, const char *suffix)
{
    const int64_t rows = 4 * (int64_t)hidden;
    bool there = dmx_weights_take(w, &d->weight_ih, dmx_name_of("%s.weight_ih_%s", prefix, suffix).text, 2,
                                  (int64_t[]){rows, width});
    there = dmx_weights_take(w, &d->weight_hh, dmx_name_of("%s.weight_hh_%s", prefix, suffix).text, 2,
                             (int64_t[]){rows, hidden}) &&
            there;
    there = dmx_weights_take(w, &d->bias_ih, dmx_name_of("%s.bias_ih_%s", prefix, suffix).text, 1, &rows) && there;
    return dmx_weights_take(w, &d->bias_hh, dmx_name_of("%s.bias_hh_%s", prefix, suffix).text, 1, &rows) && there;
}

static void load_lstm_layer(dmx_weights *w, dmx_lstm_layer *layer, int hidden, int width, int index, const char *prefix)
{
    direction d[2];
    const bool forward = take_direction(w, &d[0], hidden, width, prefix, dmx_name_of("l%d", index).text);
    if (!take_direction(w, &d[1], hidden, width, prefix, dmx_name_of("l%d_reverse", index).text) || !forward) return;
    dmx_lstm_rows rows[2];
    for (int i = 0; i < 2; i++)
        rows[i] = (dmx_lstm_rows){d[i].weight_ih.rows, d[i].weight_hh.rows, d[i].bias_ih.rows, d[i].bias_hh.rows};
    dmx_weights_uploaded(w, w->upload->lstm_layer(w->store, layer, hidden, rows));
    for (int i = 0; i < 2; i++) {
        dmx_taken_release(&d[i].weight_ih);
        dmx_taken_release(&d[i].weight_hh);
    }
}

void dmx_weights_lstm(dmx_weights *w, dmx_lstm *lstm, int hidden, int layers, const char *prefix)
{
    *lstm = (dmx_lstm){.hidden = hidden, .layers = layers};
    for (int l = 0; l < layers; l++)
        load_lstm_layer(w, &lstm->layer[l], hidden, l == 0 ? hidden : 2 * hidden, l, prefix);
}
