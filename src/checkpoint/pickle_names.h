/* pickle_names.h - the closed list of names that a pickle may mention. */
#ifndef DMX_CHECKPOINT_PICKLE_NAMES_H
#define DMX_CHECKPOINT_PICKLE_NAMES_H

#include "checkpoint/object.h"

/* What REDUCE does with a name; kept in `integer` of a CALL. */
typedef enum dmx_pickle_call {
    DMX_CALL_ORDERED_DICT,
    DMX_CALL_REBUILD_TENSOR,
    DMX_CALL_REBUILD_PARAMETER,
    DMX_CALL_FRACTION,
    DMX_CALL_TUPLE, /* returns its argument: torch.Size */
    DMX_CALL_OPAQUE /* harmless data that no model needs, such as numpy numbers among the metrics */
} dmx_pickle_call;

/* A new CLASS, CALL or STORAGE_TYPE for `module.name`, or NULL: then *allowed says whether memory was the reason. The
 * list is the one here and the names of `classes`. */
dmx_object *dmx_pickle_name(dmx_pool *pool, const dmx_classes *classes, const char *module, size_t module_length,
                            const char *name, size_t name_length, bool *allowed);

#endif
