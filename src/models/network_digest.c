/* network_digest.c - see network_digest.h
 *
 * Each piece is written with its length or its kind before it, so that no two lists of pieces give the same bytes. */
#include "models/network_digest.h"

#include "models/loading/arguments.h"

#include <string.h>

static void add_number(dmx_sha256 *sha, uint64_t number) { dmx_sha256_add(sha, &number, sizeof number); }

static void add_text(dmx_sha256 *sha, const char *text, size_t length)
{
    add_number(sha, length);
    dmx_sha256_add(sha, text, length);
}

/* Values are not deep: the readers see to that. */
static void add_value(dmx_sha256 *sha, const dmx_value *value)
{
    add_number(sha, (uint64_t)value->kind);
    switch (value->kind) {
    case DMX_VALUE_NONE: break;
    case DMX_VALUE_BOOL: add_number(sha, value->boolean); break;
    case DMX_VALUE_FRACTION: add_number(sha, (uint64_t)value->denominator); /* fallthrough */
    case DMX_VALUE_INT: add_number(sha, (uint64_t)value->integer); break;
    case DMX_VALUE_FLOAT: dmx_sha256_add(sha, &value->number, sizeof value->number); break;
    case DMX_VALUE_STRING: add_text(sha, value->text, value->text_length); break;
    case DMX_VALUE_LIST:
    case DMX_VALUE_DICT:
        add_number(sha, value->count);
        for (size_t i = 0; i < value->count; i++) {
            if (value->kind == DMX_VALUE_DICT) add_text(sha, value->keys[i], strlen(value->keys[i]));
            add_value(sha, &value->items[i]);
        }
    }
}

void dmx_network_note_arguments(dmx_network *network, const dmx_arguments *arguments)
{
    dmx_sha256 sha;
    const char *class = network->family->class.name;
    dmx_sha256_begin(&sha, dmx_sha256_plain);
    add_text(&sha, class, strlen(class));
    for (int i = 0; arguments->names[i] != NULL; i++) {
        const dmx_value *value = dmx_arguments_value(arguments, arguments->names[i]);
        add_number(&sha, value != NULL);
        if (value != NULL) add_value(&sha, value);
    }
    dmx_sha256_end(&sha, network->arguments_digest);
}

void dmx_network_digest(const dmx_network *network, dmx_sha256_fn take, unsigned char sum[DMX_SHA256_BYTES])
{
    dmx_sha256 sha;
    const dmx_store *store = &network->store;
    dmx_sha256_begin(&sha, take);
    dmx_sha256_add(&sha, network->arguments_digest, sizeof network->arguments_digest);
    for (size_t i = 0; i < store->count; i++) {
        const dmx_store_block *block = &store->blocks[i];
        if (block->floats == 0) continue;
        add_number(&sha, block->floats);
        dmx_sha256_add(&sha, block->memory, block->floats * sizeof(float));
    }
    dmx_sha256_end(&sha, sum);
}
