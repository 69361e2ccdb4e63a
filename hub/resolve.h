/* resolve.h - hub_resolve with a registry as a parameter, for tests. */
#ifndef DEMUCS_HUB_RESOLVE_H
#define DEMUCS_HUB_RESOLVE_H

#include "hub/registry.h"
#include "hub/text.h"

typedef enum hub_mode {
    HUB_FETCH,          /* hub_resolve */
    HUB_LOCAL,          /* hub_find_local */
    HUB_LOCAL_UNCHECKED /* the same without comparing sums */
} hub_mode;

char *hub_resolve_in(const hub_registry *registry, const char *name, const hub_options *options, hub_mode mode,
                     demucs_error *error);

/* hub_verify likewise. */
bool hub_verify_in(const hub_registry *registry, const char *name, const hub_options *options,
                   void (*report)(const char *path, const char *what, void *user), void *user, demucs_error *error);

#endif
