/* batch.c - see batch.h and demucs_tracks.h */
#include "tracks/batch.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "tracks/paths.h"
#include "tracks/table.h"

#include <pthread.h>
#include <string.h>

/* A path that is given out. */
typedef struct claim {
    char *path;                /* the key */
    char *track;               /* whose it is */
    const dmx_claimant *owner; /* NULL once that track is done */
    struct claim *next;        /* of the same owner */
} claim;

/* A file that may not be overwritten. */
typedef struct original {
    char *path;
    dmx_path_identity identity; /* the key, where the file was there; else the path is */
} original;

struct demucs_tracks_batch {
    pthread_mutex_t lock;
    dmx_table claims;    /* path -> claim */
    dmx_table originals; /* identity -> original */
    dmx_table expected;  /* path -> original that was not there yet */
};

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

static void release_claim(void *value)
{
    claim *self = value;
    dmx_free(self->path);
    dmx_free(self->track);
    dmx_free(self);
}

static void release_original(void *value)
{
    original *self = value;
    dmx_free(self->path);
    dmx_free(self);
}

void demucs_tracks_batch_free(demucs_tracks_batch *batch)
{
    if (batch == NULL) return;
    dmx_table_clear(&batch->claims, release_claim);
    dmx_table_clear(&batch->originals, release_original);
    dmx_table_clear(&batch->expected, release_original);
    pthread_mutex_destroy(&batch->lock);
    dmx_free(batch);
}

/* Add it to the table that it belongs to; false without memory. One that is there already is let go. */
static bool keep(demucs_tracks_batch *self, original *file)
{
    const bool there = dmx_path_identify(&file->identity, file->path);
    dmx_table *table = there ? &self->originals : &self->expected;
    const void *key = there ? (const void *)&file->identity : file->path;
    const size_t bytes = there ? sizeof file->identity : strlen(file->path);
    if (dmx_table_find(table, key, bytes) == NULL) return dmx_table_add(table, key, bytes, file);
    release_original(file);
    return true;
}

demucs_status demucs_tracks_batch_protect(demucs_tracks_batch *batch, const char *path, demucs_error *error)
{
    dmx_error_clear(error);
    if (batch == NULL || path == NULL)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no %s to protect", batch == NULL ? "batch" : "path");
    original *file = dmx_alloc(1, sizeof *file);
    if (file == NULL) return no_memory(error);
    file->path = dmx_strdup(path);
    pthread_mutex_lock(&batch->lock);
    const bool kept = file->path != NULL && keep(batch, file);
    pthread_mutex_unlock(&batch->lock);
    if (kept) return DEMUCS_OK;
    release_original(file);
    return no_memory(error);
}

/* ---------------------------------------------------------------------------------------------------- claims ---- */

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
    dmx_printable_path(shown, path);
    dmx_printable_path(shown_input, input);
    if (request->targets != NULL)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "writing %s would overwrite the track %s; choose another path",
                         shown, shown_input);
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "writing %s would overwrite the track %s; choose another %s or %s",
                     shown, shown_input, request->folder_setting, request->pattern_setting);
}

/* Whether nothing is under the path, or a file that may go. */
static bool may_go(const demucs_tracks_batch *self, const char *path, const dmx_claimant *track, demucs_error *error)
{
    dmx_path_identity is;
    if (!dmx_path_identify(&is, path)) return true;
    if (dmx_path_same_file(path, track->request->input)) return overwrites(path, track->request->input, track, error);
    const original *file = dmx_table_find(&self->originals, &is, sizeof is);
    if (file == NULL) file = dmx_table_find(&self->expected, path, strlen(path));
    return file == NULL || overwrites(path, file->path, track, error);
}

static bool add(demucs_tracks_batch *self, const char *path, dmx_claimant *track, demucs_error *error)
{
    claim *new = dmx_alloc(1, sizeof *new);
    if (new == NULL) return !no_memory(error);
    *new = (claim){dmx_strdup(path), dmx_strdup(track->request->input), track, track->claims};
    if (new->path == NULL || new->track == NULL || !dmx_table_add(&self->claims, new->path, strlen(path), new)) {
        release_claim(new);
        return !no_memory(error);
    }
    track->claims = new;
    return true;
}

bool dmx_batch_claim(demucs_tracks_batch *self, const char *path, dmx_claimant *track, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    const claim *taken = dmx_table_find(&self->claims, path, strlen(path));
    const bool done = taken != NULL ? is_taken(taken, track, error)
                                    : add(self, path, track, error) && may_go(self, path, track, error);
    pthread_mutex_unlock(&self->lock);
    return done;
}

void dmx_batch_settle(demucs_tracks_batch *self, dmx_claimant *track, bool done)
{
    pthread_mutex_lock(&self->lock);
    for (claim *item = track->claims, *next; item != NULL; item = next) {
        next = item->next;
        item->owner = NULL;
        item->next = NULL;
        if (done) continue;
        dmx_table_remove(&self->claims, item->path, strlen(item->path));
        release_claim(item);
    }
    track->claims = NULL;
    pthread_mutex_unlock(&self->lock);
}
