/* pickle_calls.h - what the few functions that a pickle may call build from their arguments. */
#ifndef DMX_CHECKPOINT_PICKLE_CALLS_H
#define DMX_CHECKPOINT_PICKLE_CALLS_H

#include "checkpoint/object.h"

/* Call a CALL on a LIST of arguments. On failure *why is set, or it is NULL and so is the result: no memory. */
dmx_object *dmx_pickle_call_name(dmx_pool *pool, const dmx_object *callable, const dmx_object *arguments,
                                 const char **why);

/* The object behind a persistent id: ("storage", type, key, location, count), or in the old form
 * ("module", class, file, source text). */
dmx_object *dmx_pickle_persistent(dmx_pool *pool, const dmx_object *id, const char **why);

#endif
