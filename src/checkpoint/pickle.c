/* pickle.c - see pickle.h
 *
 * The machine: a stack of objects, a list of marks (heights of the stack that some instructions go back to) and a memo
 * of numbered objects. Each instruction is one byte and its operands. All three are bounded, and so are the objects
 * (by their pool), so that a file of any content ends in bounded time and memory. */
#include "checkpoint/pickle.h"

#include "base/alloc.h"
#include "checkpoint/pickle_calls.h"
#include "checkpoint/pickle_names.h"
#include "checkpoint/pickle_opcodes.h"
#include "checkpoint/reader.h"

#include <string.h>

enum { MAX_STACK = 1 << 18, MAX_MARKS = 1 << 12, MAX_MEMO = 1 << 20, MAX_STORAGES = DMX_MAX_TENSORS };

/* A growing array of pointers. */
typedef struct slots {
    dmx_object **items;
    size_t count, capacity;
} slots;

typedef struct machine {
    const char *path;
    demucs_error *error;
    dmx_pool *pool;
    const unsigned char *at, *end;
    slots stack, memo, storages;
    size_t marks[MAX_MARKS];
    size_t mark_count;
    bool accepts_storages;
} machine;

static demucs_status bad(machine *m, const char *why)
{
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_FORMAT, "its pickle is damaged or hostile: %s.", why);
}

/* An allocation from the pool failed: either there is no memory, or the pickle is absurdly large. */
static demucs_status exhausted(machine *m)
{
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_MEMORY, "out of memory, or a pickle too large for a model.");
}

/* ------------------------------------------------------------------------------------------------------- slots -- */

static bool grow(slots *s, size_t count)
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

static demucs_status push(machine *m, dmx_object *object)
{
    if (object == NULL) return exhausted(m);
    if (m->stack.count >= MAX_STACK) return bad(m, "its stack overflows");
    if (!grow(&m->stack, m->stack.count + 1)) return dmx_no_memory(m->path, m->error);
    m->stack.items[m->stack.count++] = object;
    return DEMUCS_OK;
}

static demucs_status push_new(machine *m, dmx_object_kind kind, int64_t integer)
{
    dmx_object *object = dmx_object_new(m->pool, kind);
    if (object != NULL) object->integer = integer;
    return push(m, object);
}

/* The height that instructions must leave alone: nothing below the last mark is theirs. */
static size_t stack_floor(const machine *m) { return m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0; }

static dmx_object *pop(machine *m) { return m->stack.count > stack_floor(m) ? m->stack.items[--m->stack.count] : NULL; }

static dmx_object *top(machine *m)
{
    return m->stack.count > stack_floor(m) ? m->stack.items[m->stack.count - 1] : NULL;
}

/* Take the last mark away: the objects above it are items[*first ...]. */
static bool pop_mark(machine *m, size_t *first)
{
    if (m->mark_count == 0) return false;
    *first = m->marks[--m->mark_count];
    return true;
}

/* ---------------------------------------------------------------------------------------------------- operands -- */

/* The next `count` bytes, or NULL beyond the end. */
static const unsigned char *take(machine *m, uint64_t count)
{
    if (count > (uint64_t)(m->end - m->at)) return NULL;
    const unsigned char *bytes = m->at;
    m->at += count;
    return bytes;
}

/* A little-endian number of `width` bytes. */
static bool take_number(machine *m, int width, uint64_t *number)
{
    const unsigned char *p = take(m, (uint64_t)width);
    if (p == NULL) return false;
    *number = 0;
    for (int i = 0; i < width; i++) *number |= (uint64_t)p[i] << (8 * i);
    return true;
}

static const char *const cut_short = "it ends in the middle";

/* Push a text or bytes that follow their length. */
static demucs_status push_text(machine *m, int width, dmx_object_kind kind)
{
    uint64_t length;
    if (!take_number(m, width, &length)) return bad(m, cut_short);
    const unsigned char *bytes = take(m, length);
    if (bytes == NULL) return bad(m, cut_short);
    dmx_object *object = dmx_object_new(m->pool, kind);
    if (object == NULL) return exhausted(m);
    object->text = (const char *)bytes;
    object->text_length = (size_t)length;
    return push(m, object);
}

/* Push a little-endian two's complement number. Those of more than 64 bits are no argument of any model. */
static demucs_status push_long(machine *m, int width)
{
    uint64_t length, number = 0;
    if (!take_number(m, width, &length)) return bad(m, cut_short);
    const unsigned char *p = take(m, length);
    if (p == NULL) return bad(m, cut_short);
    if (length > 8) return push_new(m, DMX_OBJECT_OPAQUE, 0);
    for (size_t i = 0; i < length; i++) number |= (uint64_t)p[i] << (8 * i);
    if (length > 0 && length < 8 && p[length - 1] >= 0x80) number |= UINT64_MAX << (8 * length);
    return push_new(m, DMX_OBJECT_INT, (int64_t)number);
}

static demucs_status push_float(machine *m)
{
    const unsigned char *p = take(m, 8);
    if (p == NULL) return bad(m, cut_short);
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | p[i];
    dmx_object *object = dmx_object_new(m->pool, DMX_OBJECT_FLOAT);
    if (object != NULL) memcpy(&object->number, &bits, sizeof bits);
    return push(m, object);
}

static demucs_status push_integer(machine *m, int width)
{
    uint64_t number;
    if (!take_number(m, width, &number)) return bad(m, cut_short);
    return push_new(m, DMX_OBJECT_INT, width == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/* -------------------------------------------------------------------------------------------------- containers -- */

/* Replace the top objects from `first` on by a container of them. */
static demucs_status collect(machine *m, size_t first, dmx_object_kind kind)
{
    dmx_object *object = dmx_object_new(m->pool, kind);
    if (object == NULL) return exhausted(m);
    for (size_t i = first; i < m->stack.count; i++)
        if (!dmx_object_append(m->pool, object, m->stack.items[i])) return exhausted(m);
    m->stack.count = first;
    return push(m, object);
}

static demucs_status collect_mark(machine *m, dmx_object_kind kind)
{
    size_t first;
    if (!pop_mark(m, &first)) return bad(m, "a mark is missing");
    if (kind == DMX_OBJECT_DICT && (m->stack.count - first) % 2 != 0) return bad(m, "a key without a value");
    return collect(m, first, kind);
}

static demucs_status collect_few(machine *m, size_t count)
{
    if (m->stack.count - stack_floor(m) < count) return bad(m, "its stack is empty");
    return collect(m, m->stack.count - count, DMX_OBJECT_LIST);
}

/* Add the objects from `first` on to the container below them. */
static demucs_status extend(machine *m, size_t first, dmx_object_kind kind)
{
    if (first <= stack_floor(m)) return bad(m, "its stack is empty");
    dmx_object *container = m->stack.items[first - 1];
    if (container->kind != kind && container->kind != DMX_OBJECT_OPAQUE)
        return bad(m, "it adds items to something that holds none");
    if (kind == DMX_OBJECT_DICT && (m->stack.count - first) % 2 != 0) return bad(m, "a key without a value");
    for (size_t i = first; container->kind == kind && i < m->stack.count; i++)
        if (!dmx_object_append(m->pool, container, m->stack.items[i])) return exhausted(m);
    m->stack.count = first;
    return DEMUCS_OK;
}

static demucs_status extend_mark(machine *m, dmx_object_kind kind)
{
    size_t first;
    if (!pop_mark(m, &first)) return bad(m, "a mark is missing");
    return extend(m, first, kind);
}

static demucs_status extend_few(machine *m, size_t count, dmx_object_kind kind)
{
    if (m->stack.count - stack_floor(m) < count) return bad(m, "its stack is empty");
    return extend(m, m->stack.count - count, kind);
}

/* -------------------------------------------------------------------------------------------------------- memo -- */

static demucs_status memo_put(machine *m, uint64_t index)
{
    dmx_object *object = top(m);
    if (object == NULL) return bad(m, "its stack is empty");
    if (index >= MAX_MEMO) return bad(m, "too many memo entries");
    if (!grow(&m->memo, (size_t)index + 1)) return dmx_no_memory(m->path, m->error);
    m->memo.items[index] = object;
    if (index >= m->memo.count) m->memo.count = (size_t)index + 1;
    return DEMUCS_OK;
}

static demucs_status memo_put_operand(machine *m, int width)
{
    uint64_t index;
    return take_number(m, width, &index) ? memo_put(m, index) : bad(m, cut_short);
}

static demucs_status memo_get(machine *m, int width)
{
    uint64_t index;
    if (!take_number(m, width, &index)) return bad(m, cut_short);
    if (index >= m->memo.count || m->memo.items[index] == NULL) return bad(m, "a memo entry is missing");
    return push(m, m->memo.items[index]);
}

/* -------------------------------------------------------------------------------------------- names and calls -- */

static demucs_status push_name(machine *m, const char *module, size_t module_length, const char *name,
                               size_t name_length)
{
    bool allowed;
    dmx_object *object = dmx_pickle_name(m->pool, module, module_length, name, name_length, &allowed);
    if (allowed) return push(m, object);
    char a[60], b[60];
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_UNSUPPORTED,
                      "it asks for the Python object '%s.%s', which no Demucs model needs; nothing of it was run.",
                      dmx_printable(a, sizeof a, module, module_length), dmx_printable(b, sizeof b, name, name_length));
}

/* A line of text up to its newline. */
static const char *take_line(machine *m, size_t *length)
{
    const unsigned char *newline = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (newline == NULL) return NULL;
    const char *line = (const char *)m->at;
    *length = (size_t)(newline - m->at);
    m->at = newline + 1;
    return line;
}

static demucs_status global(machine *m)
{
    size_t module_length = 0, name_length = 0;
    const char *module = take_line(m, &module_length);
    const char *name = module != NULL ? take_line(m, &name_length) : NULL;
    if (name == NULL) return bad(m, cut_short);
    return push_name(m, module, module_length, name, name_length);
}

static demucs_status stack_global(machine *m)
{
    const dmx_object *name = pop(m), *module = pop(m);
    if (name == NULL || module == NULL || name->kind != DMX_OBJECT_STRING || module->kind != DMX_OBJECT_STRING)
        return bad(m, "a name is not a text");
    return push_name(m, module->text, module->text_length, name->text, name->text_length);
}

static demucs_status reduce(machine *m)
{
    const dmx_object *arguments = pop(m), *callable = pop(m);
    if (arguments == NULL || callable == NULL) return bad(m, "its stack is empty");
    if (callable->kind != DMX_OBJECT_CALL || arguments->kind != DMX_OBJECT_LIST)
        return bad(m, "it calls something that is no function");
    const char *why = NULL;
    dmx_object *result = dmx_pickle_call_name(m->pool, callable, arguments, &why);
    return why != NULL ? bad(m, why) : push(m, result);
}

/* BUILD sets attributes of an object, such as the `_metadata` of a state: no model needs any. */
static demucs_status build(machine *m)
{
    const dmx_object *attributes = pop(m), *object = top(m);
    if (attributes == NULL || object == NULL) return bad(m, "its stack is empty");
    if (object->kind == DMX_OBJECT_DICT || object->kind == DMX_OBJECT_OPAQUE) return DEMUCS_OK;
    return bad(m, "it sets attributes of something that has none");
}

static demucs_status persistent(machine *m)
{
    const char *why = NULL;
    const dmx_object *id = pop(m);
    if (id == NULL) return bad(m, "its stack is empty");
    if (!m->accepts_storages) return bad(m, "a storage where none belongs");
    dmx_object *object = dmx_pickle_persistent(m->pool, id, &why);
    if (why != NULL) return bad(m, why);
    if (object == NULL) return exhausted(m);
    if (object->kind == DMX_OBJECT_STORAGE) {
        if (m->storages.count >= MAX_STORAGES) return bad(m, "too many storages");
        if (!grow(&m->storages, m->storages.count + 1)) return dmx_no_memory(m->path, m->error);
        m->storages.items[m->storages.count++] = object;
    }
    return push(m, object);
}

/* ---------------------------------------------------------------------------------------------------- running -- */

static demucs_status protocol(machine *m)
{
    uint64_t version;
    if (!take_number(m, 1, &version)) return bad(m, cut_short);
    return version >= 2 && version <= 5 ? DEMUCS_OK : bad(m, "its protocol is not 2 to 5");
}

static demucs_status mark(machine *m)
{
    if (m->mark_count >= MAX_MARKS) return bad(m, "it nests too deeply");
    m->marks[m->mark_count++] = m->stack.count;
    return DEMUCS_OK;
}

static demucs_status drop_mark(machine *m)
{
    size_t first;
    if (!pop_mark(m, &first)) return bad(m, "a mark is missing");
    m->stack.count = first;
    return DEMUCS_OK;
}

static demucs_status unknown(machine *m, int code)
{
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_UNSUPPORTED,
                      "its pickle uses the instruction 0x%02x, which torch.save does not write; nothing was run.",
                      code);
}

static demucs_status step(machine *m, int code)
{
    switch (code) {
    case PROTO: return protocol(m);
    case FRAME: return take(m, 8) != NULL ? DEMUCS_OK : bad(m, cut_short);
    case MARK: return mark(m);
    case POP: return pop(m) != NULL ? DEMUCS_OK : bad(m, "its stack is empty");
    case POP_MARK: return drop_mark(m);
    case DUP: return top(m) != NULL ? push(m, top(m)) : bad(m, "its stack is empty");

    case NONE: return push_new(m, DMX_OBJECT_NONE, 0);
    case NEWTRUE: return push_new(m, DMX_OBJECT_BOOL, 1);
    case NEWFALSE: return push_new(m, DMX_OBJECT_BOOL, 0);
    case BININT: return push_integer(m, 4);
    case BININT1: return push_integer(m, 1);
    case BININT2: return push_integer(m, 2);
    case LONG1: return push_long(m, 1);
    case LONG4: return push_long(m, 4);
    case BINFLOAT: return push_float(m);

    case BINUNICODE: return push_text(m, 4, DMX_OBJECT_STRING);
    case SHORT_BINUNICODE: return push_text(m, 1, DMX_OBJECT_STRING);
    case BINUNICODE8: return push_text(m, 8, DMX_OBJECT_STRING);
    case SHORT_BINSTRING: return push_text(m, 1, DMX_OBJECT_STRING);
    case BINSTRING: return push_text(m, 4, DMX_OBJECT_STRING);
    case SHORT_BINBYTES: return push_text(m, 1, DMX_OBJECT_OPAQUE);
    case BINBYTES: return push_text(m, 4, DMX_OBJECT_OPAQUE);
    case BINBYTES8: return push_text(m, 8, DMX_OBJECT_OPAQUE);

    case EMPTY_TUPLE: return push_new(m, DMX_OBJECT_LIST, 0);
    case EMPTY_LIST: return push_new(m, DMX_OBJECT_LIST, 0);
    case EMPTY_DICT: return push_new(m, DMX_OBJECT_DICT, 0);
    case EMPTY_SET: return push_new(m, DMX_OBJECT_OPAQUE, 0);
    case TUPLE: return collect_mark(m, DMX_OBJECT_LIST);
    case TUPLE1: return collect_few(m, 1);
    case TUPLE2: return collect_few(m, 2);
    case TUPLE3: return collect_few(m, 3);
    case LIST: return collect_mark(m, DMX_OBJECT_LIST);
    case DICT: return collect_mark(m, DMX_OBJECT_DICT);
    case FROZENSET: return collect_mark(m, DMX_OBJECT_OPAQUE);
    case APPEND: return extend_few(m, 1, DMX_OBJECT_LIST);
    case APPENDS: return extend_mark(m, DMX_OBJECT_LIST);
    case SETITEM: return extend_few(m, 2, DMX_OBJECT_DICT);
    case SETITEMS: return extend_mark(m, DMX_OBJECT_DICT);
    case ADDITEMS: return extend_mark(m, DMX_OBJECT_OPAQUE);

    case BINPUT: return memo_put_operand(m, 1);
    case LONG_BINPUT: return memo_put_operand(m, 4);
    case MEMOIZE: return memo_put(m, m->memo.count);
    case BINGET: return memo_get(m, 1);
    case LONG_BINGET: return memo_get(m, 4);

    case GLOBAL: return global(m);
    case STACK_GLOBAL: return stack_global(m);
    case REDUCE: return reduce(m);
    case NEWOBJ: return reduce(m);
    case BUILD: return build(m);
    case BINPERSID: return persistent(m);
    default: return unknown(m, code);
    }
}

static demucs_status run(machine *m, dmx_object **root)
{
    for (;;) {
        const unsigned char *code = take(m, 1);
        if (code == NULL) return bad(m, cut_short);
        if (*code == STOP) break;
        demucs_status status = step(m, *code);
        if (status != DEMUCS_OK) return status;
    }
    if (m->stack.count != 1 || m->mark_count != 0) return bad(m, "it leaves something on its stack");
    *root = m->stack.items[0];
    return DEMUCS_OK;
}

demucs_status dmx_pickle_read(dmx_pool *pool, const char *path, const unsigned char *bytes, size_t size, size_t *used,
                              dmx_object **root, dmx_storage_list *storages, demucs_error *error)
{
    machine *m = dmx_alloc(1, sizeof *m);
    if (m == NULL) return dmx_no_memory(path, error);
    *m = (machine){.path = path, .error = error, .pool = pool, .at = bytes, .end = bytes + size};
    m->accepts_storages = storages != NULL;
    demucs_status status = run(m, root);
    if (status == DEMUCS_OK && used != NULL) *used = (size_t)(m->at - bytes);
    if (status == DEMUCS_OK && storages != NULL && m->storages.count > 0) {
        storages->count = m->storages.count;
        storages->items = dmx_pool_get(pool, m->storages.count, sizeof(dmx_object *));
        if (storages->items == NULL)
            status = exhausted(m);
        else
            memcpy(storages->items, m->storages.items, m->storages.count * sizeof(dmx_object *));
    }
    dmx_free(m->stack.items);
    dmx_free(m->memo.items);
    dmx_free(m->storages.items);
    dmx_free(m);
    return status;
}
