/* batch.c - see batch.h and demucs_tracks.h */
#include "tracks/batch.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "tracks/paths.h"

#include <pthread.h>
#include <string.h>

/* A path that is given out. */
typedef struct claim {
    char *path;
    char *track;               /* whose it is */
    const dmx_claimant *owner; /* NULL once that track is done */
} claim;

struct demucs_tracks_batch {
    pthread_mutex_t lock;
    claim *claims; /* [claims_count] */
    size_t claims_count, claims_capacity;
    char **protected; /* [protected_count] */
    size_t protected_count, protected_capacity;
};

/* Room for one more item in a list that grows; false without memory. */
static bool make_room(void **list, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity) return true;
    const size_t larger = 2 * *capacity + 16;
    void *grown = dmx_realloc(*list, *capacity, larger, item_bytes);
    if (grown == NULL) return false;
    *list = grown;
    *capacity = larger;
    return true;
}

static demucs_status no_memory(demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to remember which paths are taken");
}

demucs_status demucs_tracks_batch_create(demucs_tracks_batch **batch, demucs_error *error)
{
    dmx_error_clear(error);
    if (batch == NULL) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no place to store the batch");
    *batch = NULL;
    demucs_tracks_batch *self = dmx_alloc(1, sizeof *self);
    if (self == NULL || pthread_mutex_init(&self->lock, NULL) != 0) {
        dmx_free(self);
        return no_memory(error);
    }
    *batch = self;
    return DEMUCS_OK;
}

void demucs_tracks_batch_free(demucs_tracks_batch *batch)
{
    if (batch == NULL) return;
    for (size_t i = 0; i < batch->claims_count; i++) {
        dmx_free(batch->claims[i].path);
        dmx_free(batch->claims[i].track);
    }
    for (size_t i = 0; i < batch->protected_count; i++) dmx_free(batch->protected[i]);
    dmx_free(batch->claims);
    dmx_free(batch->protected);
    pthread_mutex_destroy(&batch->lock);
    dmx_free(batch);
}

demucs_status demucs_tracks_batch_protect(demucs_tracks_batch *batch, const char *path, demucs_error *error)
{
    dmx_error_clear(error);
    if (batch == NULL || path == NULL)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no %s to protect", batch == NULL ? "batch" : "path");
    char *copy = dmx_strdup(path);
    pthread_mutex_lock(&batch->lock);
    const bool room = copy != NULL && make_room((void **)&batch->protected, batch->protected_count,
                                                &batch->protected_capacity, sizeof *batch->protected);
    if (room) batch->protected[batch->protected_count++] = copy;
    pthread_mutex_unlock(&batch->lock);
    if (room) return DEMUCS_OK;
    dmx_free(copy);
    return no_memory(error);
}

/* ---------------------------------------------------------------------------------------------------- claims ---- */

static const claim *find(const demucs_tracks_batch *self, const char *path)
{
    for (size_t i = 0; i < self->claims_count; i++)
        if (strcmp(self->claims[i].path, path) == 0) return &self->claims[i];
    return NULL;
}

static bool is_taken(const claim *taken, const dmx_claimant *track, demucs_error *error)
{
    const demucs_tracks_request *request = track->request;
    char path[DMX_SHOWN_PATH], input[DMX_SHOWN_PATH], other[DMX_SHOWN_PATH];
    dmx_printable_path(path, taken->path);
    dmx_printable_path(input, request->input);
    dmx_printable_path(other, taken->track);
    if (taken->owner == track && request->targets != NULL)
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "two files of %s would be written to %s; give each a path of its own",
                 input, path);
    else if (taken->owner == track)
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "two stems of %s would be written to %s; put {stem} into %s", input,
                 path, request->pattern_setting);
    else if (strcmp(taken->track, request->input) == 0)
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the track %s was given twice", input);
    else
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                 "%s and %s would both be written to %s; separate them into different folders with %s", other, input,
                 path, request->folder_setting);
    return false;
}

static bool overwrites(const char *path, const char *input, const dmx_claimant *track, demucs_error *error)
{
    const demucs_tracks_request *request = track->request;
    char shown[DMX_SHOWN_PATH], shown_input[DMX_SHOWN_PATH];
    if (!dmx_path_same_file(path, input)) return false;
    dmx_printable_path(shown, path);
    dmx_printable_path(shown_input, input);
    if (request->targets != NULL)
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "writing %s would overwrite the track %s; choose another path", shown,
                 shown_input);
    else
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "writing %s would overwrite the track %s; choose another %s or %s",
                 shown, shown_input, request->folder_setting, request->pattern_setting);
    return true;
}

static bool add(demucs_tracks_batch *self, const char *path, const dmx_claimant *track, demucs_error *error)
{
    claim new = {dmx_strdup(path), dmx_strdup(track->request->input), track};
    if (new.path != NULL &&new.track != NULL &&
        make_room((void **)&self->claims, self->claims_count, &self->claims_capacity, sizeof *self->claims)) {
        self->claims[self->claims_count++] = new;
        return true;
    }
    dmx_free(new.path);
    dmx_free(new.track);
    return !no_memory(error);
}

bool dmx_batch_claim(demucs_tracks_batch *self, const char *path, const dmx_claimant *track, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    const claim *taken = find(self, path);
    bool done = taken != NULL ? is_taken(taken, track, error) : add(self, path, track, error);
    done = done && !overwrites(path, track->request->input, track, error);
    for (size_t i = 0; done && i < self->protected_count; i++)
        done = !overwrites(path, self->protected[i], track, error);
    pthread_mutex_unlock(&self->lock);
    return done;
}

void dmx_batch_settle(demucs_tracks_batch *self, const dmx_claimant *track, bool done)
{
    size_t kept = 0;
    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < self->claims_count; i++) {
        claim *item = &self->claims[i];
        if (item->owner == track && !done) {
            dmx_free(item->path);
            dmx_free(item->track);
            continue;
        }
        if (item->owner == track) item->owner = NULL;
        self->claims[kept++] = *item;
    }
    self->claims_count = kept;
    pthread_mutex_unlock(&self->lock);
}
