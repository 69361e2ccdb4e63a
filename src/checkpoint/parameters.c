/* parameters.c - see parameters.h */
#include "checkpoint/parameters.h"

#include "base/alloc.h"
#include "checkpoint/reader.h"

#include <assert.h>
#include <stdio.h>

bool dmx_parameters_add(dmx_parameters *parameters, const char *name, int rank, const int64_t *shape)
{
    assert(rank <= DMX_PARAMETER_RANK);
    const size_t count = parameters->count;
    if (count >= DMX_MAX_TENSORS) return false;
    if ((count & (count - 1)) == 0) { /* full: a power of two, which is doubled */
        dmx_parameter *items = dmx_realloc(parameters->items, count, count == 0 ? 1 : 2 * count, sizeof *items);
        if (items == NULL) return false;
        parameters->items = items;
    }
    dmx_parameter *item = &parameters->items[count];
    *item = (dmx_parameter){.rank = rank};
    for (int i = 0; i < rank; i++) item->shape[i] = shape[i];
    const int written = snprintf(item->name, sizeof item->name, "%s", name);
    if (written < 0 || (size_t)written >= sizeof item->name) return false;
    if (!dmx_shape_count(item->shape, rank, DMX_F64, &item->count)) return false;
    parameters->count++;
    return true;
}

void dmx_parameters_clear(dmx_parameters *parameters)
{
    dmx_free(parameters->items);
    *parameters = (dmx_parameters){.count = 0};
}
