/* pickle_machine.h - the stack machine that a pickle is a program for: its state, and how it reads operands.
 *
 * The machine has a stack of objects, a list of marks (heights of the stack that some instructions go back to) and a
 * memo of numbered objects. All three are bounded, and so are the objects (by their pool), so that a file of any
 * content ends in bounded time and memory. The instructions are in pickle.c. */
#ifndef DMX_CHECKPOINT_PICKLE_MACHINE_H
#define DMX_CHECKPOINT_PICKLE_MACHINE_H

#include "checkpoint/object.h"

enum { DMX_MACHINE_MARKS = 1 << 12 };

/* A growing array of pointers. */
typedef struct dmx_slots {
    dmx_object **items; /* [capacity], of which the first `count` are in use */
    size_t count, capacity;
} dmx_slots;

typedef struct dmx_machine {
    const char *path; /* of the file, for messages */
    demucs_error *error;
    const dmx_classes *classes;
    dmx_pool *pool;
    const unsigned char *at, *end; /* what is left of the pickle */
    dmx_slots stack, memo, storages;
    size_t marks[DMX_MACHINE_MARKS];
    size_t mark_count;
    bool accepts_storages;
} dmx_machine;

/* Refuse the pickle as damaged or hostile, for this reason; here for the commonest reason, an end in the middle. */
demucs_status dmx_machine_bad(dmx_machine *m, const char *why);
extern const char *const dmx_machine_cut_short;

/* An allocation from the pool failed: either there is no memory, or the pickle is absurdly large. */
demucs_status dmx_machine_exhausted(dmx_machine *m);

/* Put an object on the stack, or a new one; NULL stands for an allocation that failed. */
demucs_status dmx_machine_push(dmx_machine *m, dmx_object *object);
demucs_status dmx_machine_push_new(dmx_machine *m, dmx_object_kind kind, int64_t integer);

/* The height of the stack that instructions must leave alone: nothing below the last mark is theirs. */
size_t dmx_machine_floor(const dmx_machine *m);

/* Take the top object off, or only look at it; NULL where there is none above the floor. */
dmx_object *dmx_machine_pop(dmx_machine *m);
dmx_object *dmx_machine_top(dmx_machine *m);

/* Set a mark at the height of the stack; take the last mark away: the objects above it are stack.items[*first ...]. */
demucs_status dmx_machine_mark(dmx_machine *m);
bool dmx_machine_pop_mark(dmx_machine *m, size_t *first);

/* Remember a storage for whoever finds its data. */
demucs_status dmx_machine_add_storage(dmx_machine *m, dmx_object *storage);

/* The next `count` bytes of the pickle, or NULL beyond its end; a little-endian number of `width` bytes. */
const unsigned char *dmx_machine_take(dmx_machine *m, uint64_t count);
bool dmx_machine_take_number(dmx_machine *m, int width, uint64_t *number);

/* Push an operand: a text or bytes behind a length of `width` bytes; a number of any length behind its length; a
 * big-endian double; a number of `width` bytes, of which only those of four have a sign. */
demucs_status dmx_machine_push_text(dmx_machine *m, int width, dmx_object_kind kind);
demucs_status dmx_machine_push_long(dmx_machine *m, int width);
demucs_status dmx_machine_push_float(dmx_machine *m);
demucs_status dmx_machine_push_integer(dmx_machine *m, int width);

/* Number the top object, by an index or by an operand of `width` bytes; push the object of such an operand. */
demucs_status dmx_machine_memo_put(dmx_machine *m, uint64_t index);
demucs_status dmx_machine_memo_put_operand(dmx_machine *m, int width);
demucs_status dmx_machine_memo_get(dmx_machine *m, int width);

#endif
