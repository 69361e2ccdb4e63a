/* test_protobuf.c - walking over protocol buffer messages: what is in one, and that one which ends in the middle of a
 * field, or holds what none may hold, is broken and gives nothing more. */
#include "checkpoint/protobuf.h"

#include "support/test.h"

#include <stddef.h>
#include <string.h>

/* Field 1: the number 256; 2: eight bytes; 3: "abc"; 4: four bytes; 5: no bytes; 2047: the largest number. */
static const unsigned char message[] = {0x08, 0x80, 0x02, 0x11, 1,    2,    3,    4,    5,    6,    7,    8,
                                        0x1a, 3,    'a',  'b',  'c',  0x25, 1,    2,    3,    4,    0x2a, 0,
                                        0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
static const size_t field_ends[] = {0, 3, 12, 17, 22, 24, sizeof message};
enum { FIELDS = 6 };

static void test_fields(void)
{
    static const int wires[] = {DMX_WIRE_VARINT, DMX_WIRE_64,    DMX_WIRE_BYTES,
                                DMX_WIRE_32,     DMX_WIRE_BYTES, DMX_WIRE_VARINT};
    static const size_t lengths[] = {0, 0, 3, 0, 0, 0};
    static const uint64_t numbers[] = {1, 2, 3, 4, 5, 2047}, values[] = {256, 0, 0, 0, 0, UINT64_MAX};
    dmx_protobuf m = {.at = message, .end = message + sizeof message};
    dmx_protobuf_field field;
    for (int i = 0; i < FIELDS; i++) {
        CHECK(dmx_protobuf_next(&m, &field) && !m.broken, "field %d", i);
        CHECK(field.number == numbers[i] && field.wire == wires[i] && field.value == values[i], "field %d", i);
        CHECK((size_t)(field.bytes.end - field.bytes.at) == lengths[i], "field %d", i);
        CHECK(m.at == message + field_ends[i + 1], "field %d ends elsewhere", i);
        if (i == 2) CHECK(memcmp(field.bytes.at, "abc", 3) == 0, "its bytes");
    }
    CHECK(!dmx_protobuf_next(&m, &field) && !m.broken, "the end");
}

/* Whole fields come out wherever the message ends, and it is broken unless that is between two of them. */
static void test_cut(void)
{
    for (size_t size = 0; size <= sizeof message; size++) {
        dmx_protobuf m = {.at = message, .end = message + size};
        dmx_protobuf_field field;
        int whole = 0, taken = 0;
        while (whole < FIELDS && field_ends[whole + 1] <= size) whole++;
        while (taken <= FIELDS && dmx_protobuf_next(&m, &field)) taken++;
        CHECK(taken == whole && m.broken == (field_ends[whole] != size), "of %zu bytes: %d fields, not %d", size, taken,
              whole);
        CHECK(!dmx_protobuf_next(&m, &field), "of %zu bytes: more after the end", size);
    }
}

static void test_broken(void)
{
    static const unsigned char messages[][12] = {
        {0x0b, 0x08, 0x01},                                                       /* a group begins */
        {0x0c, 0x08, 0x01},                                                       /* a group ends */
        {0x0e, 0x08, 0x01},                                                       /* wires of no kind */
        {0x0f, 0x08, 0x01},                                                       /* */
        {0x0a, 11, 0x08, 0x01},                                                   /* more bytes than there are */
        {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},       /* 2^64 - 1 of them */
        {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, /* a number longer than 64 bits */
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        dmx_protobuf m = {.at = messages[i], .end = messages[i] + sizeof messages[i]};
        dmx_protobuf_field field;
        CHECK(!dmx_protobuf_next(&m, &field) && m.broken, "message %zu is taken", i);
        CHECK(!dmx_protobuf_next(&m, &field), "message %zu goes on", i);
    }
}

TEST_MAIN(test_fields, test_cut, test_broken)
