/* cancel.c - demucs_tracks_cancel: an atomic flag, so that other threads and signal handlers may set it. */
#include "base/alloc.h"
#include "base/error.h"
#include "demucs_tracks.h"

#include <stdatomic.h>

struct demucs_tracks_cancel {
    atomic_int set; /* lock-free on every machine that this runs on, which a signal handler needs */
};

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler must not wait for a lock");

demucs_status demucs_tracks_cancel_create(demucs_tracks_cancel **cancel, demucs_error *error)
{
    dmx_error_clear(error);
    if (cancel == NULL) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no place to store the cancel flag");
    *cancel = dmx_alloc(1, sizeof **cancel);
    if (*cancel != NULL) return DEMUCS_OK;
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a cancel flag");
}

void demucs_tracks_cancel_free(demucs_tracks_cancel *cancel) { dmx_free(cancel); }

void demucs_tracks_cancel_set(demucs_tracks_cancel *cancel)
{
    if (cancel != NULL) atomic_store(&cancel->set, 1);
}

bool demucs_tracks_cancel_is_set(const demucs_tracks_cancel *cancel)
{
    return cancel != NULL && atomic_load(&((demucs_tracks_cancel *)cancel)->set) != 0;
}
