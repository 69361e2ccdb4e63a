/* onnx_graph.c - see onnx_graph.h */
#include "checkpoint/onnx_graph.h"

#include "checkpoint/reader.h"

static bool add_dimension(dmx_onnx_initializer *out, uint64_t extent)
{
    if (out->rank == DMX_MAX_RANK || extent > INT64_MAX) return false;
    out->shape[out->rank++] = (int64_t)extent;
    return true;
}

/* Dimensions come one by one or packed. */
static bool read_dimensions(const dmx_protobuf_field *field, dmx_onnx_initializer *out)
{
    dmx_protobuf packed = field->bytes;
    uint64_t extent;
    if (field->wire == DMX_WIRE_VARINT) return add_dimension(out, field->value);
    while (packed.at < packed.end)
        if (!dmx_protobuf_varint(&packed, &extent) || !add_dimension(out, extent)) return false;
    return true;
}

/* TensorProto: 1 dims, 2 data_type, 8 name, 9 raw_data. */
static bool read_initializer(dmx_protobuf message, dmx_onnx_initializer *out)
{
    dmx_protobuf_field field;
    uint64_t type = 0;
    size_t size = 0;
    while (dmx_protobuf_next(&message, &field)) {
        if (field.number == 1 && !read_dimensions(&field, out)) return false;
        if (field.number == 2) type = field.value;
        if (field.number == 8) {
            out->name = (const char *)field.bytes.at;
            out->name_length = (size_t)(field.bytes.end - field.bytes.at);
        }
        if (field.number == 9) {
            out->data = field.bytes.at;
            size = (size_t)(field.bytes.end - field.bytes.at);
        }
    }
    return !message.broken && type == 1 && out->name != NULL && out->data != NULL &&
           dmx_shape_count(out->shape, out->rank, DMX_F32, &out->count) && size == 4 * out->count;
}

/* GraphProto: 5 initializer. */
static bool read_graph(dmx_protobuf graph, dmx_onnx_initializer *initializers, size_t *count, const char **why)
{
    dmx_protobuf_field field;
    while (dmx_protobuf_next(&graph, &field)) {
        if (field.number != 5) continue;
        if (*count == DMX_ONNX_MAX_INITIALIZERS)
            *why = "it has too many tensors";
        else if (!read_initializer(field.bytes, &initializers[*count]))
            *why = "a tensor is not plain float32";
        if (*why != NULL) return false;
        ++*count;
    }
    if (graph.broken) *why = "its graph is damaged or cut short";
    return !graph.broken;
}

/* ModelProto: 7 graph. */
bool dmx_onnx_read(dmx_protobuf model, dmx_onnx_initializer *initializers, size_t *count, const char **why)
{
    dmx_protobuf_field field;
    bool found = false;
    *count = 0;
    *why = NULL;
    while (dmx_protobuf_next(&model, &field)) {
        if (field.number != 7) continue;
        if (found) *why = "it has two graphs";
        if (found || !read_graph(field.bytes, initializers, count, why)) return false;
        found = true;
    }
    if (found && !model.broken) return true;
    *why = "it is damaged or cut short";
    return false;
}
