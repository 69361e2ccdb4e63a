/* test_onnx.c - the reader of htdemucs.onnx on a file of its form: every tensor comes out under its name, whatever the
 * exporter made of it, and what stands in another order is refused.
 *
 * The file is made here from numbers of its own, in memory: it is as large as the real one, 168 MB. */
#include "support.h"
#include "support/test.h"

#include "checkpoint/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The released model in what differs from the defaults of its class. */
static const char kwargs[] = "{\"sources\":[\"drums\",\"bass\",\"other\",\"vocals\"],\"bottom_channels\":512,"
                             "\"dconv_mode\":3,\"segment\":7.8}";

enum { FILE_BYTES = 200 << 20, T_LAYERS = 5, LEVELS = 4, DIM = 512 };

/* ---- the tensors ---- */

static dmx_parameters list;
static bool folded[1024]; /* of list.items: not under its own name in the file */

static size_t find(const char *name)
{
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.items[i].name, name) == 0) return i;
    CHECK(false, "no %s", name);
    return 0;
}

/* A number that float16 holds. */
static float value(size_t tensor, size_t element)
{
    return (float)((int)((element * 31 + tensor * 17) % 2003) - 1001) / 1024;
}

/* ---- the file ---- */

static unsigned char *file;
static size_t file_bytes, number;

static void put_varint(uint64_t v)
{
    for (; v >= 0x80; v >>= 7) file[file_bytes++] = (unsigned char)(v | 0x80);
    file[file_bytes++] = (unsigned char)v;
}

/* A length that was left out at `at`, in five bytes. */
static void put_length(size_t at)
{
    const size_t length = file_bytes - at - 5;
    for (int i = 0; i < 5; i++) file[at + (size_t)i] = (unsigned char)((length >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0));
}

static void put_bytes(unsigned field, const void *bytes, size_t size)
{
    put_varint(field << 3 | 2);
    put_varint(size);
    memcpy(file + file_bytes, bytes, size);
    file_bytes += size;
}

/* An initialiser of the graph. */
static void put_tensor(const char *name, int rank, const int64_t *shape, const float *values)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++) count *= (size_t)shape[i];
    put_varint(5 << 3 | 2);
    const size_t start = file_bytes;
    file_bytes += 5;
    for (int i = 0; i < rank; i++) {
        put_varint(1 << 3);
        put_varint((uint64_t)shape[i]);
    }
    put_varint(2 << 3);
    put_varint(1);
    put_bytes(8, name, strlen(name));
    put_bytes(9, values, 4 * count);
    put_length(start);
}

static float *values_of(size_t tensor)
{
    float *values = malloc(list.items[tensor].count * sizeof *values);
    for (size_t k = 0; k < list.items[tensor].count; k++) values[k] = value(tensor, k);
    return values;
}

static void put_folded(const char *operator_name, int rank, const int64_t *shape, const float *values)
{
    char name[64];
    snprintf(name, sizeof name, "onnx::%s_%zu", operator_name, 5000 + number++);
    put_tensor(name, rank, shape, values);
}

static void put_vector(const char *operator_name, const char *name)
{
    const size_t i = find(name);
    float *values = values_of(i);
    put_folded(operator_name, 2, (int64_t[]){list.items[i].shape[0], 1}, values);
    folded[i] = true;
    free(values);
}

/* Rows [first, first + rows) of a matrix, transposed and times `scale`. */
static float *transposed(size_t tensor, size_t first, size_t rows, float scale)
{
    const size_t columns = (size_t)list.items[tensor].shape[1];
    float *values = malloc(rows * columns * sizeof *values);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) values[c * rows + r] = scale * value(tensor, (first + r) * columns + c);
    return values;
}

static void put_matrix(const char *name)
{
    const size_t i = find(name);
    const int64_t rows = list.items[i].shape[0], columns = list.items[i].shape[1];
    float *values = transposed(i, 0, (size_t)rows, 1);
    put_folded("MatMul", 2, (int64_t[]){columns, rows}, values);
    folded[i] = true;
    free(values);
}

static const char *name_of(const char *branch, int index, const char *rest)
{
    static char names[4][128];
    static int turn;
    char *name = names[turn++ % 4];
    snprintf(name, sizeof names[0], "%s.%d.%s", branch, index, rest);
    return name;
}

static void put_dconv(const char *branch, int index)
{
    static const char *const vectors[][2] = {
        {"Mul", "1.weight"}, {"Add", "1.bias"}, {"Mul", "4.weight"}, {"Add", "4.bias"}, {"Mul", "6.scale"}};
    for (int d = 0; d < 2; d++)
        for (int v = 0; v < 5; v++) {
            char rest[64];
            snprintf(rest, sizeof rest, "dconv.layers.%d.%s", d, vectors[v][1]);
            put_vector(vectors[v][0], name_of(branch, index, rest));
        }
}

static void put_embedding(void)
{
    const size_t i = find("freq_emb.embedding.weight");
    const int64_t bins = list.items[i].shape[0], channels = list.items[i].shape[1];
    float *values = transposed(i, 0, (size_t)bins, 10);
    put_folded("Expand", 4, (int64_t[]){1, channels, bins, 1}, values);
    folded[i] = true;
    free(values);
}

/* in_proj in pieces: the query, then key and value. */
static void put_split_projection(const char *branch, int index)
{
    const size_t weight = find(name_of(branch, index, "cross_attn.in_proj_weight"));
    const size_t bias = find(name_of(branch, index, "cross_attn.in_proj_bias"));
    float *biases = values_of(bias), *q = transposed(weight, 0, DIM, 1), *kv = transposed(weight, DIM, 2 * DIM, 1);
    put_folded("Add", 1, (int64_t[]){DIM}, biases);
    put_folded("Add", 1, (int64_t[]){2 * DIM}, biases + DIM);
    put_folded("MatMul", 2, (int64_t[]){DIM, DIM}, q);
    put_folded("MatMul", 2, (int64_t[]){DIM, 2 * DIM}, kv);
    folded[weight] = folded[bias] = true;
    free(biases);
    free(q);
    free(kv);
}

static void put_transformer_layer(const char *branch, int index, bool frequency)
{
    const bool cross = index % 2 == 1;
    if (!cross) put_matrix(name_of(branch, index, "self_attn.in_proj_weight"));
    if (cross && frequency) put_split_projection(branch, index);
    put_matrix(name_of(branch, index, "linear1.weight"));
    put_matrix(name_of(branch, index, "linear2.weight"));
    put_vector("Mul", name_of(branch, index, "norm_out.weight"));
    put_vector("Add", name_of(branch, index, "norm_out.bias"));
}

/* In the order of execution; with `swapped` the levels of the time branch are in the wrong one. */
static void make_graph(bool swapped)
{
    for (int i = 0; i < LEVELS; i++) {
        put_dconv("tencoder", swapped ? LEVELS - 1 - i : i);
        put_dconv("encoder", i);
        if (i == 0) put_embedding();
    }
    for (int i = 0; i < T_LAYERS; i++) {
        put_transformer_layer("crosstransformer.layers", i, true);
        put_transformer_layer("crosstransformer.layers_t", i, false);
    }
    for (int i = 0; i < LEVELS; i++) {
        put_dconv("decoder", i);
        put_dconv("tdecoder", i);
    }
    for (size_t i = 0; i < list.count; i++) {
        if (folded[i]) continue;
        float *values = values_of(i);
        put_tensor(list.items[i].name, list.items[i].rank, list.items[i].shape, values);
        free(values);
    }
}

static void make_file(bool swapped)
{
    static const char head[] = "\x08\x07\x12\x07pytorch";
    memcpy(file, head, sizeof head - 1);
    file_bytes = sizeof head - 1;
    file[file_bytes++] = 7 << 3 | 2;
    const size_t start = file_bytes;
    file_bytes += 5;
    number = 0;
    memset(folded, 0, sizeof folded);
    make_graph(swapped);
    put_length(start);
}

/* ---- the test ---- */

static bool begin(void)
{
    static const char class_name[] = "demucs.htdemucs.HTDemucs";
    dmx_checkpoint c = {.path = (char *)"onnx", .classes = &dmx_families};
    demucs_error error = {DEMUCS_OK, ""};
    c.class = dmx_classes_find(&dmx_families, class_name, sizeof class_name - 1);
    CHECK(dmx_json_parse(&c.kwargs, kwargs, sizeof kwargs - 1, "onnx", "kwargs", &error) == DEMUCS_OK &&
              dmx_families.list_parameters(&list, &c, &error) == DEMUCS_OK,
          "%s", error.message);
    dmx_value_clear(&c.kwargs);
    file = malloc(FILE_BYTES);
    return list.count > 500 && list.count < sizeof folded && file != NULL;
}

static void end(void)
{
    free(file);
    dmx_parameters_clear(&list);
}

static void check_tensor(const dmx_tensor *tensor)
{
    const size_t i = find(tensor->name);
    float values[1024];
    size_t wrong = 0;
    CHECK(tensor->count == list.items[i].count && tensor->rank == list.items[i].rank, "%s", tensor->name);
    for (size_t first = 0; first < tensor->count; first += 1024) {
        const size_t left = tensor->count - first, count = left < 1024 ? left : 1024;
        dmx_tensor_to_f32(tensor, first, count, values);
        for (size_t k = 0; k < count; k++) wrong += values[k] != value(i, first + k);
    }
    CHECK(wrong == 0, "%s: %zu of %zu numbers are wrong", tensor->name, wrong, tensor->count);
}

static void test_every_tensor_finds_its_name(void)
{
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(begin(), "no list of tensors");
    make_file(false);
    CHECK(dmx_checkpoint_parse(&checkpoint, "x.onnx", file, file_bytes, &dmx_families, &error) == DEMUCS_OK, "%s",
          error.message);
    CHECK(checkpoint != NULL && checkpoint->tensor_count == list.count, "another number of tensors");
    for (size_t i = 0; checkpoint != NULL && i < checkpoint->tensor_count; i++) check_tensor(&checkpoint->tensors[i]);
    dmx_checkpoint_close(checkpoint);
    end();
}

static void test_another_order_is_refused(void)
{
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(begin(), "no list of tensors");
    make_file(true);
    CHECK(dmx_checkpoint_parse(&checkpoint, "x.onnx", file, file_bytes, &dmx_families, &error) != DEMUCS_OK &&
              strstr(error.message, "its folded tensors come in another order") != NULL,
          "%s", error.message);
    end();
}

TEST_MAIN(test_every_tensor_finds_its_name, test_another_order_is_refused)
