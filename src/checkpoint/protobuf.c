/* protobuf.c - see protobuf.h */
#include "checkpoint/protobuf.h"

bool dmx_protobuf_varint(dmx_protobuf *message, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && message->at < message->end; shift += 7) {
        unsigned char byte = *message->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    message->broken = true;
    return false;
}

static bool skip(dmx_protobuf *message, uint64_t count, dmx_protobuf *bytes)
{
    if (count > (uint64_t)(message->end - message->at)) {
        message->broken = true;
        return false;
    }
    bytes->at = message->at;
    message->at += count;
    bytes->end = message->at;
    return true;
}

bool dmx_protobuf_next(dmx_protobuf *message, dmx_protobuf_field *field)
{
    uint64_t tag, length;
    dmx_protobuf ignored = {.broken = false};
    if (message->broken || message->at >= message->end) return false;
    *field = (dmx_protobuf_field){.value = 0};
    if (!dmx_protobuf_varint(message, &tag)) return false;
    field->number = tag >> 3;
    field->wire = (int)(tag & 7);
    switch (field->wire) {
    case DMX_WIRE_VARINT: return dmx_protobuf_varint(message, &field->value);
    case DMX_WIRE_64: return skip(message, 8, &ignored);
    case DMX_WIRE_32: return skip(message, 4, &ignored);
    case DMX_WIRE_BYTES: return dmx_protobuf_varint(message, &length) && skip(message, length, &field->bytes);
    default: message->broken = true; return false; /* groups, which nobody writes any more */
    }
}
