/* recall.c - see recall.h */
#include "tracks/recall.h"

#include "base/alloc.h"
#include "base/folder.h"
#include "tracks/facts.h"
#include "tracks/paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ATTEMPTS = 10 };

/* ------------------------------------------------------------------------------------------------- telling ---- */

/* Go on without the cache, unless the caller wants to stop. */
static bool leave(dmx_recall *self, dmx_watch *watch, const demucs_error *why, demucs_error *error)
{
    const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_CACHE_FAILED, .path = watch->request->input};
    self->cache = NULL;
    if (why->status == DEMUCS_ERROR_CANCELLED) return !dmx_fail(error, why->status, "%s", why->message);
    return dmx_watch_warn(watch, event, error, "The cache is not used for %s: %s", watch->track, why->message);
}

static bool tell_damaged(dmx_watch *watch, const char *what, demucs_error *error)
{
    const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_CACHE_DAMAGED, .path = watch->request->input};
    return dmx_watch_warn(watch, event, error,
                          "The result that the cache has for %s is damaged (%s): it is computed again.", watch->track,
                          what);
}

/* A dmx_lock_wait: another track, of this process or another, computes the same. */
static bool tell_waiting(void *user, demucs_error *error) { return !dmx_watch_wait(user, error); }

/* A question of dmx_entry_copy. */
static bool is_stop_asked(void *user, demucs_error *error) { return !dmx_watch_progress(user, 0, 0, NULL, error); }

/* ---------------------------------------------------------------------------------------------- delivering ---- */

typedef struct delivery {
    dmx_recall *recall;
    const dmx_index_entry *entry;
    dmx_outputs *outputs;
    dmx_watch *watch;
    dmx_file **files;                     /* [outputs->count] */
    double track_seconds;                 /* length of the track, which is told from the phase WRITE on */
    double seconds[DEMUCS_TRACKS_PHASES]; /* that it took when it was computed */
} delivery;

/* Begin a file, in its folder, which a track that failed may have made and be removing just now: then once more. */
static bool begin_file(delivery *self, int i, demucs_error *error)
{
    dmx_output *item = &self->outputs->items[i];
    demucs_error why = {DEMUCS_OK, ""};
    for (int attempt = 0; attempt < MAX_ATTEMPTS && self->files[i] == NULL; attempt++) {
        dmx_error_clear(&why);
        if (dmx_output_make_folder(item, &why)) dmx_file_create(&self->files[i], item->path, &why);
        if (item->folder == NULL || access(item->folder, F_OK) == 0) break;
    }
    return self->files[i] != NULL || !dmx_fail(error, why.status, "%s", why.message);
}

/* Copy or link all files, under their temporary names. */
static dmx_entry_read copy_all(delivery *self, char *what, size_t size, demucs_error *error)
{
    for (int i = 0; i < self->outputs->count; i++) {
        if (!begin_file(self, i, error)) return DMX_ENTRY_FAILED;
        const dmx_entry_read read =
            dmx_entry_copy(self->recall->cache->entries, self->entry, (size_t)i, self->files[i],
                           self->watch->request->cache_links, is_stop_asked, self->watch, error);
        if (read == DMX_ENTRY_WHOLE) dmx_file_begin_sync(self->files[i]);
        if (read == DMX_ENTRY_WHOLE) continue;
        snprintf(what, size, "%s %s", self->entry->files[i].name,
                 read == DMX_ENTRY_MISSING ? "is missing" : "has other bytes than it had");
        return read;
    }
    return DMX_ENTRY_WHOLE;
}

/* Let them appear, all or none: those that had appeared when one fails are removed by dmx_outputs_discard. */
static bool commit_all(delivery *self, demucs_error *error)
{
    for (int i = 0; i < self->outputs->count; i++)
        if (!dmx_file_sync(self->files[i])) {
            dmx_file_fail(self->files[i], error);
            return false;
        }
    for (int i = 0; i < self->outputs->count; i++) {
        dmx_file *file = self->files[i];
        self->files[i] = NULL;
        self->outputs->items[i].committed = dmx_file_commit(file, error) == DEMUCS_OK;
        if (!self->outputs->items[i].committed) return false;
    }
    return true;
}

/* What was told when it was computed is told again. */
static bool finish(delivery *self, dmx_intake *intake, demucs_error *error)
{
    dmx_watch *watch = self->watch;
    if (!dmx_intake_warn(intake, watch, error)) return false;
    watch->track_seconds = self->track_seconds;
    if (!dmx_watch_begin(watch, DEMUCS_TRACKS_WRITE, error) || !dmx_carried_warn(self->outputs, watch, error) ||
        !dmx_outputs_warn(self->outputs, error) || !commit_all(self, error))
        return false;
    dmx_watch_end(watch);
    memcpy(watch->seconds, self->seconds, sizeof self->seconds);
    return true;
}

/* What is known of the track. The phase under way goes on as it was. */
static bool read_facts(delivery *self, dmx_intake *intake)
{
    dmx_watch known = *self->watch;
    if (self->entry->files_count != (size_t)self->outputs->count ||
        !dmx_facts_read(self->entry->facts, intake, self->outputs, &known))
        return false;
    const dmx_carried carried = {.sample_rate_hz = intake->sample_rate_hz, .depth = intake->depth};
    if (!dmx_carried_settle(&carried, self->outputs, NULL)) return false;
    self->track_seconds = known.track_seconds;
    memcpy(self->seconds, known.seconds, sizeof self->seconds);
    return true;
}

static dmx_entry_read deliver(delivery *self, dmx_intake *intake, char *what, size_t size, demucs_error *error)
{
    const size_t count = (size_t)self->outputs->count;
    if (!read_facts(self, intake)) {
        snprintf(what, size, "its record is not complete");
        return DMX_ENTRY_DAMAGED;
    }
    self->files = dmx_alloc(count, sizeof(dmx_file *));
    if (self->files == NULL) {
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to separate %s", self->watch->track);
        return DMX_ENTRY_FAILED;
    }
    dmx_entry_read read = copy_all(self, what, size, error);
    if (read == DMX_ENTRY_WHOLE && !finish(self, intake, error)) read = DMX_ENTRY_FAILED;
    for (size_t i = 0; i < count; i++) dmx_file_discard(self->files[i]);
    dmx_free(self->files);
    return read;
}

/* ------------------------------------------------------------------------------------------------- looking ---- */

typedef enum outcome { FOUND, NOT_THERE, NO_CACHE, STOPPED } outcome;

/* An entry could not be used. One that is gone by now was removed, not damaged. */
static outcome remove_damaged(dmx_recall *self, const dmx_index_entry *entry, const char *what, dmx_watch *watch,
                              demucs_error *error)
{
    bool removed;
    demucs_error why = {DEMUCS_OK, ""};
    if (!dmx_cache_drop(self->cache, entry, &removed, &why))
        return leave(self, watch, &why, error) ? NO_CACHE : STOPPED;
    if (removed && !tell_damaged(watch, what, error)) return STOPPED;
    return NOT_THERE;
}

/* The track is computed after all: what was known of its files is not known. */
static void forget(dmx_outputs *outputs)
{
    for (int i = 0; i < outputs->count; i++) {
        dmx_output *item = &outputs->items[i];
        item->meter = (dmx_meter){0};
        item->divisor = 1;
        item->clamped = 0;
    }
}

static outcome look(dmx_recall *self, dmx_intake *intake, dmx_outputs *outputs, dmx_watch *watch, demucs_error *error)
{
    char what[300] = "";
    demucs_error why = {DEMUCS_OK, ""};
    dmx_index_entry *entry = NULL;
    if (self->cache->refresh) return NOT_THERE;
    if (!dmx_cache_find(self->cache, self->key.sum, &entry, &why))
        return leave(self, watch, &why, error) ? NO_CACHE : STOPPED;
    if (entry == NULL) return NOT_THERE;
    delivery found = {.recall = self, .entry = entry, .outputs = outputs, .watch = watch};
    const dmx_entry_read read = deliver(&found, intake, what, sizeof what, error);
    outcome result = STOPPED;
    if (read == DMX_ENTRY_WHOLE) {
        self->computed_unix = entry->created_ms / 1000;
        dmx_cache_touch(self->cache, entry, NULL); /* if it cannot, the entry counts as older than it is */
        result = FOUND;
    } else if (read != DMX_ENTRY_FAILED) {
        forget(outputs);
        result = remove_damaged(self, entry, what, watch, error);
    }
    dmx_index_entry_free(entry);
    return result;
}

/* Look, and where there is nothing become the one who computes it, and look again: another may just have done so. */
static outcome look_and_claim(dmx_recall *self, dmx_intake *intake, dmx_outputs *outputs, dmx_watch *watch,
                              demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    const dmx_lock_wait wait = {.give_up = tell_waiting, .user = watch};
    outcome result = look(self, intake, outputs, watch, error);
    if (result != NOT_THERE) return result;
    if (!dmx_cache_take(self->cache, self->key.sum, &wait, &self->claim, &why))
        return leave(self, watch, &why, error) ? NO_CACHE : STOPPED;
    return look(self, intake, outputs, watch, error);
}

bool dmx_recall_begin(dmx_recall *self, dmx_intake *intake, dmx_outputs *outputs, dmx_watch *watch, bool *found,
                      demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    *found = false;
    *self = (dmx_recall){.cache = watch->request->cache, .claim = {.lock = -1}};
    if (!dmx_key_possible(watch->request) || dmx_pour_wanted(watch->request)) self->cache = NULL;
    if (self->cache == NULL) return true;
    if (!dmx_watch_begin(watch, DEMUCS_TRACKS_READ, error)) return false;
    if (!dmx_key_make(&self->key, outputs, watch, &why)) return leave(self, watch, &why, error);
    const outcome result = look_and_claim(self, intake, outputs, watch, error);
    if (result != FOUND) *intake = (dmx_intake){0};
    *found = result == FOUND;
    return result != STOPPED;
}

/* ------------------------------------------------------------------------------------------------- keeping ---- */

static bool describe(dmx_index_entry *entry, const dmx_recall *self, const dmx_intake *intake,
                     const dmx_outputs *outputs, const dmx_watch *watch)
{
    snprintf(entry->key, sizeof entry->key, "%s", self->key.sum);
    entry->settings = dmx_strdup(self->key.text);
    entry->input = dmx_strdup(watch->request->input);
    entry->facts = dmx_facts_write(intake, outputs, watch);
    for (int phase = 0; phase < DEMUCS_TRACKS_PHASES; phase++) entry->seconds += watch->seconds[phase];
    bool room = entry->settings != NULL && entry->input != NULL && entry->facts != NULL;
    for (int i = 0; i < outputs->count; i++) {
        const dmx_output *item = &outputs->items[i];
        entry->files[i].name = dmx_path_print("%s.%s", item->name, dmx_path_extension(item->path));
        room = room && entry->files[i].name != NULL;
    }
    return room;
}

static bool keep(dmx_recall *self, const dmx_intake *intake, const dmx_outputs *outputs, const dmx_watch *watch,
                 demucs_error *error)
{
    if (!dmx_key_still_true(&self->key, watch->request))
        return !dmx_fail(error, DEMUCS_ERROR_STATE, "the file changed while it was separated");
    dmx_index_entry *entry = dmx_index_entry_new((size_t)outputs->count);
    const char **paths = dmx_alloc((size_t)outputs->count, sizeof *paths);
    bool done = entry != NULL && paths != NULL && describe(entry, self, intake, outputs, watch);
    if (!done) dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory");
    for (int i = 0; done && i < outputs->count; i++) paths[i] = outputs->items[i].path;
    done = done && dmx_cache_keep(self->cache, entry, paths, watch->request->cache_links, error);
    dmx_index_entry_free(entry);
    dmx_free(paths);
    return done;
}

void dmx_recall_keep(dmx_recall *self, const dmx_intake *intake, const dmx_outputs *outputs, dmx_watch *watch)
{
    demucs_error why = {DEMUCS_OK, ""};
    if (self->cache == NULL || keep(self, intake, outputs, watch, &why)) return;
    const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_CACHE_FAILED, .path = watch->request->input};
    dmx_watch_warn(watch, event, NULL, "The result for %s is not kept in the cache: %s", watch->track, why.message);
}

void dmx_recall_end(dmx_recall *self)
{
    dmx_cache_give_up(&self->claim);
    dmx_free(self->key.text);
    *self = (dmx_recall){.claim = {.lock = -1}};
}
