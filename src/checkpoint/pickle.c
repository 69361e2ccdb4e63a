/* pickle.c - the instructions of a pickle: see pickle.h, and pickle_machine.h for the machine that they work on.
 *
 * Each instruction is one byte and its operands. */
#include "checkpoint/pickle.h"

#include "base/alloc.h"
#include "checkpoint/pickle_calls.h"
#include "checkpoint/pickle_machine.h"
#include "checkpoint/pickle_names.h"
#include "checkpoint/pickle_opcodes.h"
#include "checkpoint/reader.h"

#include <string.h>

/* -------------------------------------------------------------------------------------------------- containers -- */

/* Replace the top objects from `first` on by a container of them. */
static demucs_status collect(dmx_machine *m, size_t first, dmx_object_kind kind)
{
    dmx_object *object = dmx_object_new(m->pool, kind);
    if (object == NULL) return dmx_machine_exhausted(m);
    for (size_t i = first; i < m->stack.count; i++)
        if (!dmx_object_append(m->pool, object, m->stack.items[i])) return dmx_machine_exhausted(m);
    m->stack.count = first;
    return dmx_machine_push(m, object);
}

static demucs_status collect_mark(dmx_machine *m, dmx_object_kind kind)
{
    size_t first;
    if (!dmx_machine_pop_mark(m, &first)) return dmx_machine_bad(m, "a mark is missing");
    if (kind == DMX_OBJECT_DICT && (m->stack.count - first) % 2 != 0)
        return dmx_machine_bad(m, "a key without a value");
    return collect(m, first, kind);
}

static demucs_status collect_few(dmx_machine *m, size_t count)
{
    if (m->stack.count - dmx_machine_floor(m) < count) return dmx_machine_bad(m, "its stack is empty");
    return collect(m, m->stack.count - count, DMX_OBJECT_LIST);
}

/* Add the objects from `first` on to the container below them. */
static demucs_status extend(dmx_machine *m, size_t first, dmx_object_kind kind)
{
    if (first <= dmx_machine_floor(m)) return dmx_machine_bad(m, "its stack is empty");
    dmx_object *container = m->stack.items[first - 1];
    if (container->kind != kind && container->kind != DMX_OBJECT_OPAQUE)
        return dmx_machine_bad(m, "it adds items to something that holds none");
    if (kind == DMX_OBJECT_DICT && (m->stack.count - first) % 2 != 0)
        return dmx_machine_bad(m, "a key without a value");
    for (size_t i = first; container->kind == kind && i < m->stack.count; i++)
        if (!dmx_object_append(m->pool, container, m->stack.items[i])) return dmx_machine_exhausted(m);
    m->stack.count = first;
    return DEMUCS_OK;
}

static demucs_status extend_mark(dmx_machine *m, dmx_object_kind kind)
{
    size_t first;
    if (!dmx_machine_pop_mark(m, &first)) return dmx_machine_bad(m, "a mark is missing");
    return extend(m, first, kind);
}

static demucs_status extend_few(dmx_machine *m, size_t count, dmx_object_kind kind)
{
    if (m->stack.count - dmx_machine_floor(m) < count) return dmx_machine_bad(m, "its stack is empty");
    return extend(m, m->stack.count - count, kind);
}

/* -------------------------------------------------------------------------------------------- names and calls -- */

static demucs_status push_name(dmx_machine *m, const char *module, size_t module_length, const char *name,
                               size_t name_length)
{
    bool allowed;
    dmx_object *object = dmx_pickle_name(m->pool, m->classes, module, module_length, name, name_length, &allowed);
    if (allowed) return dmx_machine_push(m, object);
    char a[60], b[60];
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_UNSUPPORTED,
                      "it asks for the Python object '%s.%s', which no Demucs model needs; nothing of it was run.",
                      dmx_printable(a, sizeof a, module, module_length), dmx_printable(b, sizeof b, name, name_length));
}

/* A line of text up to its newline. */
static const char *take_line(dmx_machine *m, size_t *length)
{
    const unsigned char *newline = memchr(m->at, '\n', (size_t)(m->end - m->at));
    if (newline == NULL) return NULL;
    const char *line = (const char *)m->at;
    *length = (size_t)(newline - m->at);
    m->at = newline + 1;
    return line;
}

/* A line with a whole number, "39" or "39L": how protocol 1 writes what it has no bytes for. Those of more than 64 bits
 * are no argument of any model. */
static demucs_status decimal(dmx_machine *m)
{
    size_t length = 0;
    const char *line = take_line(m, &length);
    if (line == NULL) return dmx_machine_bad(m, dmx_machine_cut_short);
    if (length > 0 && line[length - 1] == 'L') length--;
    const size_t sign = length > 0 && line[0] == '-';
    int64_t number = 0;
    bool fits = true;
    for (size_t i = sign; i < length; i++) {
        const int digit = line[i] - '0';
        if (digit < 0 || digit > 9) return dmx_machine_bad(m, "a number with something else in it");
        fits = fits && number <= (INT64_MAX - digit) / 10;
        if (fits) number = 10 * number + digit;
    }
    if (length == sign) return dmx_machine_bad(m, "a number without digits");
    return dmx_machine_push_new(m, fits ? DMX_OBJECT_INT : DMX_OBJECT_OPAQUE, sign ? -number : number);
}

/* "00" and "01" are False and True. */
static demucs_status decimal_or_bool(dmx_machine *m)
{
    const bool is_bool =
        m->end - m->at >= 3 && m->at[0] == '0' && (m->at[1] == '0' || m->at[1] == '1') && m->at[2] == '\n';
    if (!is_bool) return decimal(m);
    m->at += 3;
    return dmx_machine_push_new(m, DMX_OBJECT_BOOL, m->at[-2] == '1');
}

static demucs_status global(dmx_machine *m)
{
    size_t module_length = 0, name_length = 0;
    const char *module = take_line(m, &module_length);
    const char *name = module != NULL ? take_line(m, &name_length) : NULL;
    if (name == NULL) return dmx_machine_bad(m, dmx_machine_cut_short);
    return push_name(m, module, module_length, name, name_length);
}

static demucs_status stack_global(dmx_machine *m)
{
    const dmx_object *name = dmx_machine_pop(m), *module = dmx_machine_pop(m);
    if (name == NULL || module == NULL || name->kind != DMX_OBJECT_STRING || module->kind != DMX_OBJECT_STRING)
        return dmx_machine_bad(m, "a name is not a text");
    return push_name(m, module->text, module->text_length, name->text, name->text_length);
}

static demucs_status reduce(dmx_machine *m)
{
    const dmx_object *arguments = dmx_machine_pop(m), *callable = dmx_machine_pop(m);
    if (arguments == NULL || callable == NULL) return dmx_machine_bad(m, "its stack is empty");
    if (callable->kind != DMX_OBJECT_CALL || arguments->kind != DMX_OBJECT_LIST)
        return dmx_machine_bad(m, "it calls something that is no function");
    const char *why = NULL;
    dmx_object *result = dmx_pickle_call_name(m->pool, callable, arguments, &why);
    return why != NULL ? dmx_machine_bad(m, why) : dmx_machine_push(m, result);
}

/* BUILD sets attributes of an object, such as the `_metadata` of a state: no model needs any. */
static demucs_status build(dmx_machine *m)
{
    const dmx_object *attributes = dmx_machine_pop(m), *object = dmx_machine_top(m);
    if (attributes == NULL || object == NULL) return dmx_machine_bad(m, "its stack is empty");
    if (object->kind == DMX_OBJECT_DICT || object->kind == DMX_OBJECT_OPAQUE) return DEMUCS_OK;
    return dmx_machine_bad(m, "it sets attributes of something that has none");
}

static demucs_status persistent(dmx_machine *m)
{
    const char *why = NULL;
    const dmx_object *id = dmx_machine_pop(m);
    if (id == NULL) return dmx_machine_bad(m, "its stack is empty");
    if (!m->accepts_storages) return dmx_machine_bad(m, "a storage where none belongs");
    dmx_object *object = dmx_pickle_persistent(m->pool, id, &why);
    if (why != NULL) return dmx_machine_bad(m, why);
    if (object == NULL) return dmx_machine_exhausted(m);
    if (object->kind == DMX_OBJECT_STORAGE) {
        demucs_status status = dmx_machine_add_storage(m, object);
        if (status != DEMUCS_OK) return status;
    }
    return dmx_machine_push(m, object);
}

/* ---------------------------------------------------------------------------------------------------- running -- */

static demucs_status protocol(dmx_machine *m)
{
    uint64_t version;
    if (!dmx_machine_take_number(m, 1, &version)) return dmx_machine_bad(m, dmx_machine_cut_short);
    return version >= 2 && version <= 5 ? DEMUCS_OK : dmx_machine_bad(m, "its protocol is not 2 to 5");
}

static demucs_status drop_mark(dmx_machine *m)
{
    size_t first;
    if (!dmx_machine_pop_mark(m, &first)) return dmx_machine_bad(m, "a mark is missing");
    m->stack.count = first;
    return DEMUCS_OK;
}

static demucs_status unknown(dmx_machine *m, int code)
{
    return dmx_refuse(m->path, m->error, DEMUCS_ERROR_UNSUPPORTED,
                      "its pickle uses the instruction 0x%02x, which torch.save does not write; nothing was run.",
                      code);
}

static demucs_status step(dmx_machine *m, int code)
{
    switch (code) {
    case PROTO: return protocol(m);
    case FRAME: return dmx_machine_take(m, 8) != NULL ? DEMUCS_OK : dmx_machine_bad(m, dmx_machine_cut_short);
    case MARK: return dmx_machine_mark(m);
    case POP: return dmx_machine_pop(m) != NULL ? DEMUCS_OK : dmx_machine_bad(m, "its stack is empty");
    case POP_MARK: return drop_mark(m);
    case DUP:
        return dmx_machine_top(m) != NULL ? dmx_machine_push(m, dmx_machine_top(m))
                                          : dmx_machine_bad(m, "its stack is empty");

    case NONE: return dmx_machine_push_new(m, DMX_OBJECT_NONE, 0);
    case NEWTRUE: return dmx_machine_push_new(m, DMX_OBJECT_BOOL, 1);
    case NEWFALSE: return dmx_machine_push_new(m, DMX_OBJECT_BOOL, 0);
    case INT: return decimal_or_bool(m);
    case LONG: return decimal(m);
    case BININT: return dmx_machine_push_integer(m, 4);
    case BININT1: return dmx_machine_push_integer(m, 1);
    case BININT2: return dmx_machine_push_integer(m, 2);
    case LONG1: return dmx_machine_push_long(m, 1);
    case LONG4: return dmx_machine_push_long(m, 4);
    case BINFLOAT: return dmx_machine_push_float(m);

    case BINUNICODE: return dmx_machine_push_text(m, 4, DMX_OBJECT_STRING);
    case SHORT_BINUNICODE: return dmx_machine_push_text(m, 1, DMX_OBJECT_STRING);
    case BINUNICODE8: return dmx_machine_push_text(m, 8, DMX_OBJECT_STRING);
    case SHORT_BINSTRING: return dmx_machine_push_text(m, 1, DMX_OBJECT_STRING);
    case BINSTRING: return dmx_machine_push_text(m, 4, DMX_OBJECT_STRING);
    case SHORT_BINBYTES: return dmx_machine_push_text(m, 1, DMX_OBJECT_OPAQUE);
    case BINBYTES: return dmx_machine_push_text(m, 4, DMX_OBJECT_OPAQUE);
    case BINBYTES8: return dmx_machine_push_text(m, 8, DMX_OBJECT_OPAQUE);

    case EMPTY_TUPLE: return dmx_machine_push_new(m, DMX_OBJECT_LIST, 0);
    case EMPTY_LIST: return dmx_machine_push_new(m, DMX_OBJECT_LIST, 0);
    case EMPTY_DICT: return dmx_machine_push_new(m, DMX_OBJECT_DICT, 0);
    case EMPTY_SET: return dmx_machine_push_new(m, DMX_OBJECT_OPAQUE, 0);
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

    case BINPUT: return dmx_machine_memo_put_operand(m, 1);
    case LONG_BINPUT: return dmx_machine_memo_put_operand(m, 4);
    case MEMOIZE: return dmx_machine_memo_put(m, m->memo.count);
    case BINGET: return dmx_machine_memo_get(m, 1);
    case LONG_BINGET: return dmx_machine_memo_get(m, 4);

    case GLOBAL: return global(m);
    case STACK_GLOBAL: return stack_global(m);
    case REDUCE: return reduce(m);
    case NEWOBJ: return reduce(m);
    case BUILD: return build(m);
    case BINPERSID: return persistent(m);
    default: return unknown(m, code);
    }
}

static demucs_status run(dmx_machine *m, dmx_object **root)
{
    for (;;) {
        const unsigned char *code = dmx_machine_take(m, 1);
        if (code == NULL) return dmx_machine_bad(m, dmx_machine_cut_short);
        if (*code == STOP) break;
        demucs_status status = step(m, *code);
        if (status != DEMUCS_OK) return status;
    }
    if (m->stack.count != 1 || m->mark_count != 0) return dmx_machine_bad(m, "it leaves something on its stack");
    *root = m->stack.items[0];
    return DEMUCS_OK;
}

demucs_status dmx_pickle_read(dmx_pool *pool, const char *path, const dmx_classes *classes, const unsigned char *bytes,
                              size_t size, size_t *used, dmx_object **root, dmx_storage_list *storages,
                              demucs_error *error)
{
    dmx_machine *m = dmx_alloc(1, sizeof *m);
    if (m == NULL) return dmx_no_memory(path, error);
    *m =
        (dmx_machine){.path = path, .error = error, .classes = classes, .pool = pool, .at = bytes, .end = bytes + size};
    m->accepts_storages = storages != NULL;
    demucs_status status = run(m, root);
    if (status == DEMUCS_OK && used != NULL) *used = (size_t)(m->at - bytes);
    if (status == DEMUCS_OK && storages != NULL && m->storages.count > 0) {
        storages->count = m->storages.count;
        storages->items = dmx_pool_get(pool, m->storages.count, sizeof(dmx_object *));
        if (storages->items == NULL)
            status = dmx_machine_exhausted(m);
        else
            memcpy(storages->items, m->storages.items, m->storages.count * sizeof(dmx_object *));
    }
    dmx_free(m->stack.items);
    dmx_free(m->memo.items);
    dmx_free(m->storages.items);
    dmx_free(m);
    return status;
}
