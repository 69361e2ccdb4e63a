/* protobuf.h - walks over the fields of a protocol buffer message. */
#ifndef DMX_CHECKPOINT_PROTOBUF_H
#define DMX_CHECKPOINT_PROTOBUF_H

#include <stdbool.h>
#include <stdint.h>

enum { DMX_WIRE_VARINT = 0, DMX_WIRE_64 = 1, DMX_WIRE_BYTES = 2, DMX_WIRE_32 = 5 };

/* A message, or any run of bytes: what is left of it. */
typedef struct dmx_protobuf {
    const unsigned char *at, *end;
    bool broken; /* it ended in the middle of a field */
} dmx_protobuf;

typedef struct dmx_protobuf_field {
    uint64_t number;
    int wire;
    uint64_t value;     /* VARINT; of the fixed widths nothing is kept */
    dmx_protobuf bytes; /* BYTES: the content, which may be a message again; else empty */
} dmx_protobuf_field;

/* Take the next field; false at the end, or when the message is broken. */
bool dmx_protobuf_next(dmx_protobuf *message, dmx_protobuf_field *field);

/* Take a number of variable length. */
bool dmx_protobuf_varint(dmx_protobuf *message, uint64_t *value);

#endif
