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
    char *path;                 /* the key */
    char *track;                /* whose it is */
    const dmx_claimant *owner;  /* NULL before and after that track is under way */
    bool reserved;              /* it is still to come */
    int meetings;               /* tracks that wanted it, too */
    dmx_path_identity identity; /* of the file that was written, if `written` */
    bool written;
    struct claim *next; /* of the same owner */
} claim;

/* What was decided for a track. */
typedef struct decision {
    char *key;
    dmx_reservation decided;
} decision;

/* A file that may not be overwritten. */
typedef struct original {
    char *path;
    dmx_path_identity identity; /* the key, where the file was there; else the path is */
} original;

struct demucs_tracks_batch {
    pthread_mutex_t lock;
    dmx_table claims;    /* path -> claim */
    dmx_table written;   /* identity -> one of the claims */
    dmx_table decisions; /* key -> decision */
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

static void release_decision(void *value)
{
    decision *self = value;
    dmx_free(self->key);
    dmx_free(self);
}

static void release_nothing(void *value) { (void)value; }

static void release_original(void *value)
{
    original *self = value;
    dmx_free(self->path);
    dmx_free(self);
}

void demucs_tracks_batch_free(demucs_tracks_batch *batch)
{
    if (batch == NULL) return;
    dmx_table_clear(&batch->written, release_nothing);
    dmx_table_clear(&batch->claims, release_claim);
    dmx_table_clear(&batch->decisions, release_decision);
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

/* Two files of the track itself have one path. */
static dmx_claim_outcome fail_twice(const char *path, const dmx_claimant *track, demucs_error *error)
{
    const demucs_tracks_request *request = track->request;
    char shown[DMX_SHOWN_PATH], input[DMX_SHOWN_PATH];
    dmx_printable_path(shown, path);
    dmx_printable_path(input, request->input);
    if (request->targets != NULL)
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "two files of %s would be written to %s; give each a path of its own",
                 input, shown);
    else
        dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "two stems of %s would be written to %s; put {stem} into %s", input,
                 shown, request->pattern_setting);
    return DMX_CLAIM_FAILED;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static dmx_claim_outcome meet(claim *taken, dmx_claimant *track)
{
    const char *input = track->request->input;
    dmx_printable_path(track->path, taken->path);
    dmx_printable_path(track->other, taken->track);
    track->same_track = strcmp(taken->track, input) == 0 || dmx_path_same_file(taken->track, input);
    track->same_name = strcmp(name_of(taken->track), name_of(input)) == 0;
    track->meetings = ++taken->meetings;
    return DMX_CLAIM_MET;
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

static void hold(claim *item, dmx_claimant *track)
{
    item->owner = track;
    item->reserved = false;
    item->next = track->claims;
    track->claims = item;
}

static dmx_claim_outcome add(demucs_tracks_batch *self, const char *path, dmx_claimant *track, demucs_error *error)
{
    claim *new = dmx_alloc(1, sizeof *new);
    if (new != NULL) *new = (claim){.path = dmx_strdup(path), .track = dmx_strdup(track->request->input)};
    if (new == NULL || new->path == NULL || new->track == NULL ||
        !dmx_table_add(&self->claims, new->path, strlen(path), new)) {
        if (new != NULL) release_claim(new);
        no_memory(error);
        return DMX_CLAIM_FAILED;
    }
    hold(new, track);
    return may_go(self, path, track, error) ? DMX_CLAIM_HELD : DMX_CLAIM_FAILED;
}

static void forget_written(demucs_tracks_batch *self, claim *item)
{
    if (item->written) dmx_table_remove(&self->written, &item->identity, sizeof item->identity);
    item->written = false;
}

/* Whose file is it that lies under `path` now, if one of the batch wrote it, under this path or another? */
static claim *find_written(demucs_tracks_batch *self, const char *path)
{
    dmx_path_identity is, still;
    if (!dmx_path_identify(&is, path)) return NULL;
    claim *item = dmx_table_find(&self->written, &is, sizeof is);
    /* an inode may have been given to another file since */
    const bool true_still =
        item != NULL && dmx_path_identify(&still, item->path) && still.device == is.device && still.inode == is.inode;
    return true_still ? item : NULL;
}

/* Take over a claim of a track that is done, or yet to come. */
static dmx_claim_outcome take_over(demucs_tracks_batch *self, claim *item, dmx_claimant *track, demucs_error *error)
{
    char *name = dmx_strdup(track->request->input);
    if (name == NULL) {
        no_memory(error);
        return DMX_CLAIM_FAILED;
    }
    dmx_free(item->track);
    item->track = name;
    forget_written(self, item);
    hold(item, track);
    return may_go(self, item->path, track, error) ? DMX_CLAIM_HELD : DMX_CLAIM_FAILED;
}

static dmx_claim_outcome claim_path(demucs_tracks_batch *self, const char *path, dmx_claimant *track,
                                    demucs_error *error)
{
    claim *taken = dmx_table_find(&self->claims, path, strlen(path));
    if (taken != NULL && taken->owner == track) return fail_twice(path, track, error);
    const bool own = taken != NULL && taken->reserved && strcmp(taken->track, track->request->input) == 0;
    if (taken != NULL && (taken->owner != NULL || !(own || track->replaces))) return meet(taken, track);
    claim *other = track->replaces ? NULL : find_written(self, path);
    if (other != NULL) return meet(other, track);
    return taken != NULL ? take_over(self, taken, track, error) : add(self, path, track, error);
}

dmx_claim_outcome dmx_batch_claim(demucs_tracks_batch *self, const char *path, dmx_claimant *track, demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    const dmx_claim_outcome outcome = claim_path(self, path, track, error);
    pthread_mutex_unlock(&self->lock);
    return outcome;
}

/* Remember which file lies under the path now. Without memory for it, only the path's text says whose it is. */
static void note_written(demucs_tracks_batch *self, claim *item)
{
    if (!dmx_path_identify(&item->identity, item->path)) return;
    claim *before = dmx_table_find(&self->written, &item->identity, sizeof item->identity);
    if (before != NULL) forget_written(self, before);
    item->written = dmx_table_add(&self->written, &item->identity, sizeof item->identity, item);
}

void dmx_batch_settle(demucs_tracks_batch *self, dmx_claimant *track, bool done)
{
    pthread_mutex_lock(&self->lock);
    for (claim *item = track->claims, *next; item != NULL; item = next) {
        next = item->next;
        item->owner = NULL;
        item->next = NULL;
        if (done) {
            note_written(self, item);
            continue;
        }
        dmx_table_remove(&self->claims, item->path, strlen(item->path));
        release_claim(item);
    }
    track->claims = NULL;
    pthread_mutex_unlock(&self->lock);
}

/* ---------------------------------------------------------------------------------------------- reservations ---- */

dmx_reservation dmx_batch_reservation(demucs_tracks_batch *self, const char *key)
{
    pthread_mutex_lock(&self->lock);
    const decision *item = dmx_table_find(&self->decisions, key, strlen(key));
    const dmx_reservation decided = item != NULL ? item->decided : (dmx_reservation){0};
    pthread_mutex_unlock(&self->lock);
    return decided;
}

static bool decide(demucs_tracks_batch *self, const char *key, const dmx_reservation *decided)
{
    decision *item = dmx_table_find(&self->decisions, key, strlen(key));
    if (item == NULL) {
        item = dmx_alloc(1, sizeof *item);
        if (item != NULL) item->key = dmx_strdup(key);
        if (item == NULL || item->key == NULL || !dmx_table_add(&self->decisions, item->key, strlen(key), item)) {
            if (item != NULL) release_decision(item);
            return false;
        }
    }
    item->decided = *decided;
    return true;
}

bool dmx_batch_reserve(demucs_tracks_batch *self, dmx_claimant *track, const char *key, const dmx_reservation *decided,
                       demucs_error *error)
{
    pthread_mutex_lock(&self->lock);
    const bool kept = decide(self, key, decided);
    for (claim *item = track->claims, *next; kept && item != NULL; item = next) {
        next = item->next;
        item->owner = NULL;
        item->next = NULL;
        item->reserved = true;
    }
    if (kept) track->claims = NULL;
    pthread_mutex_unlock(&self->lock);
    return kept || !no_memory(error);
}
