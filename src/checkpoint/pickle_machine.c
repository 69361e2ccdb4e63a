/* pickle_machine.c - see pickle_machine.h */
#include "checkpoint/pickle_machine.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <string.h>

enum { MAX_STACK = 1 << 18, MAX_MEMO = 1 << 20, MAX_STORAGES = DMX_MAX_TENSORS };

demucs_status dmx_machine_bad(dmx_machine *m, const char *why)
{
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_FORMAT, "its pickle is damaged or hostile: %s.", why);
}

demucs_status dmx_machine_exhausted(dmx_machine *m)
{
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_MEMORY, "out of memory, or a pickle too large for a model.");
}

/* ------------------------------------------------------------------------------------------------------- stack -- */

static bool grow(dmx_slots *s, size_t count)
{
    if (count <= s->capacity) return true;
    size_t capacity = s->capacity == 0 ? 256 : s->capacity;
    while (capacity < count) capacity *= 2;
    dmx_object **items = dmx_realloc(s->items, s->capacity, capacity, sizeof(dmx_object *));
    if (items == NULL) return false;
    s->items = items;
    s->capacity = capacity;
    return true;
}

demucs_status dmx_machine_push(dmx_machine *m, dmx_object *object)
{
    if (object == NULL) return dmx_machine_exhausted(m);
    if (m->stack.count >= MAX_STACK) return dmx_machine_bad(m, "its stack overflows");
    if (!grow(&m->stack, m->stack.count + 1)) return dmx_no_memory(m->path, m->error);
    m->stack.items[m->stack.count++] = object;
    return DEMUCS_OK;
}

demucs_status dmx_machine_push_new(dmx_machine *m, dmx_object_kind kind, int64_t integer)
{
    dmx_object *object = dmx_object_new(m->pool, kind);
    if (object != NULL) object->integer = integer;
    return dmx_machine_push(m, object);
}

size_t dmx_machine_floor(const dmx_machine *m) { return m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0; }

dmx_object *dmx_machine_pop(dmx_machine *m)
{
    return m->stack.count > dmx_machine_floor(m) ? m->stack.items[--m->stack.count] : NULL;
}

dmx_object *dmx_machine_top(dmx_machine *m)
{
    return m->stack.count > dmx_machine_floor(m) ? m->stack.items[m->stack.count - 1] : NULL;
}

bool dmx_machine_pop_mark(dmx_machine *m, size_t *first)
{
    if (m->mark_count == 0) return false;
    *first = m->marks[--m->mark_count];
    return true;
}

demucs_status dmx_machine_mark(dmx_machine *m)
{
    if (m->mark_count >= DMX_MACHINE_MARKS) return dmx_machine_bad(m, "it nests too deeply");
    m->marks[m->mark_count++] = m->stack.count;
    return DEMUCS_OK;
}

demucs_status dmx_machine_add_storage(dmx_machine *m, dmx_object *storage)
{
    if (m->storages.count >= MAX_STORAGES) return dmx_machine_bad(m, "too many storages");
    if (!grow(&m->storages, m->storages.count + 1)) return dmx_no_memory(m->path, m->error);
    m->storages.items[m->storages.count++] = storage;
    return DEMUCS_OK;
}

/* ---------------------------------------------------------------------------------------------------- operands -- */

const unsigned char *dmx_machine_take(dmx_machine *m, uint64_t count)
{
    if (count > (uint64_t)(m->end - m->at)) return NULL;
    const unsigned char *bytes = m->at;
    m->at += count;
    return bytes;
}

bool dmx_machine_take_number(dmx_machine *m, int width, uint64_t *number)
{
    const unsigned char *p = dmx_machine_take(m, (uint64_t)width);
    if (p == NULL) return false;
    *number = 0;
    for (int i = 0; i < width; i++) *number |= (uint64_t)p[i] << (8 * i);
    return true;
}

const char *const dmx_machine_cut_short = "it ends in the middle";

demucs_status dmx_machine_push_text(dmx_machine *m, int width, dmx_object_kind kind)
{
    uint64_t length;
    if (!dmx_machine_take_number(m, width, &length)) return dmx_machine_bad(m, dmx_machine_cut_short);
    const unsigned char *bytes = dmx_machine_take(m, length);
    if (bytes == NULL) return dmx_machine_bad(m, dmx_machine_cut_short);
    dmx_object *object = dmx_object_new(m->pool, kind);
    if (object == NULL) return dmx_machine_exhausted(m);
    object->text = (const char *)bytes;
    object->text_length = (size_t)length;
    return dmx_machine_push(m, object);
}

/* Push a little-endian two's complement number. Those of more than 64 bits are no argument of any model. */
demucs_status dmx_machine_push_long(dmx_machine *m, int width)
{
    uint64_t length, number = 0;
    if (!dmx_machine_take_number(m, width, &length)) return dmx_machine_bad(m, dmx_machine_cut_short);
    const unsigned char *p = dmx_machine_take(m, length);
    if (p == NULL) return dmx_machine_bad(m, dmx_machine_cut_short);
    if (length > 8) return dmx_machine_push_new(m, DMX_OBJECT_OPAQUE, 0);
    for (size_t i = 0; i < length; i++) number |= (uint64_t)p[i] << (8 * i);
    if (length > 0 && length < 8 && p[length - 1] >= 0x80) number |= UINT64_MAX << (8 * length);
    return dmx_machine_push_new(m, DMX_OBJECT_INT, (int64_t)number);
}

demucs_status dmx_machine_push_float(dmx_machine *m)
{
    const unsigned char *p = dmx_machine_take(m, 8);
    if (p == NULL) return dmx_machine_bad(m, dmx_machine_cut_short);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | p[i];
    dmx_object *object = dmx_object_new(m->pool, DMX_OBJECT_FLOAT);
    if (object != NULL) memcpy(&object->number, &bits, sizeof bits);
    return dmx_machine_push(m, object);
}

demucs_status dmx_machine_push_integer(dmx_machine *m, int width)
{
    uint64_t number;
    if (!dmx_machine_take_number(m, width, &number)) return dmx_machine_bad(m, dmx_machine_cut_short);
    return dmx_machine_push_new(m, DMX_OBJECT_INT, width == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/* -------------------------------------------------------------------------------------------------------- memo -- */

demucs_status dmx_machine_memo_put(dmx_machine *m, uint64_t index)
{
    dmx_object *object = dmx_machine_top(m);
    if (object == NULL) return dmx_machine_bad(m, "its stack is empty");
    if (index >= MAX_MEMO) return dmx_machine_bad(m, "too many memo entries");
    if (!grow(&m->memo, (size_t)index + 1)) return dmx_no_memory(m->path, m->error);
    m->memo.items[index] = object;
    if (index >= m->memo.count) m->memo.count = (size_t)index + 1;
    return DEMUCS_OK;
}

demucs_status dmx_machine_memo_put_operand(dmx_machine *m, int width)
{
    uint64_t index;
    return dmx_machine_take_number(m, width, &index) ? dmx_machine_memo_put(m, index)
                                                     : dmx_machine_bad(m, dmx_machine_cut_short);
}

demucs_status dmx_machine_memo_get(dmx_machine *m, int width)
{
    uint64_t index;
    if (!dmx_machine_take_number(m, width, &index)) return dmx_machine_bad(m, dmx_machine_cut_short);
    if (index >= m->memo.count || m->memo.items[index] == NULL) return dmx_machine_bad(m, "a memo entry is missing");
    return dmx_machine_push(m, m->memo.items[index]);
}
