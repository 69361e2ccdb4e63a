/* record.c - see record.h */
#include "nn/record.h"

#include "base/alloc.h"

static dmx_op *next_op(dmx_op_list *list)
{
    dmx_op *grown = dmx_make_room(list->ops, list->count, &list->capacity, sizeof *grown);
    if (grown == NULL) return NULL;
    list->ops = grown;
    return &list->ops[list->count++];
}

static void record(dmx_exec *exec, const dmx_op *op)
{
    dmx_op_list *list = exec->list;
    if (list == NULL) return;
    dmx_op *kept = next_op(list);
    if (kept == NULL) {
        list->failed = true;
        return;
    }
    *kept = *op;
    kept->apart = list->apart;
}

/* All bins at once, also where one such body is part of another. */
static void record_apart(dmx_exec *exec, int bins, int at_once, dmx_bins_fn body, const void *context)
{
    (void)at_once;
    dmx_op_list nowhere = {0}, *list = exec->list != NULL ? exec->list : &nowhere;
    const bool outer = list->apart;
    list->apart = true;
    body(exec, context, &(dmx_bins){.bins = bins});
    list->apart = outer;
}

const dmx_ops dmx_record_ops = {.run = record, .run_apart = record_apart};

void dmx_op_list_clear(dmx_op_list *list)
{
    dmx_free(list->ops);
    *list = (dmx_op_list){0};
}
