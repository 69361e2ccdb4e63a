/* json.c - see json.h, and docs/summary.schema.json; the only place in this room that knows the JSON library. */
#include "tracks/runs/json.h"

#include "base/alloc.h"

#include <jansson.h>

/* A text of foreign origin; NULL becomes null. Bytes that are no UTF-8 become '?': JSON has no others. */
static json_t *text_of(const char *text)
{
    if (text == NULL) return json_null();
    char *copy = dmx_strdup(text);
    if (copy == NULL) return NULL;
    dmx_make_printable(copy, '?');
    json_t *json = json_string(copy);
    dmx_free(copy);
    return json;
}

/* An array of the `count` values that `make` gives, or NULL without memory. */
static json_t *list(json_t *(*make)(const demucs_tracks_result *, size_t), const demucs_tracks_result *result,
                    size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; i++) {
        if (json_array_append_new(array, make(result, i)) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *file_of(const demucs_tracks_result *result, size_t i)
{
    return json_pack("{s:o, s:o}", "name", text_of(result->files[i]->name), "path", text_of(result->files[i]->path));
}

static json_t *warning_of(const demucs_tracks_result *result, size_t i) { return text_of(result->warnings[i]->text); }

static const char *name_of(demucs_runs_outcome outcome)
{
    static const char *const names[DEMUCS_RUNS_OUTCOMES] = {
        [DEMUCS_RUNS_WAITING] = "waiting", [DEMUCS_RUNS_DONE] = "done",     [DEMUCS_RUNS_CACHED] = "cached",
        [DEMUCS_RUNS_SKIPPED] = "skipped", [DEMUCS_RUNS_FAILED] = "failed", [DEMUCS_RUNS_CANCELLED] = "cancelled"};
    return names[outcome];
}

static json_t *row_of(const demucs_runs_row *row)
{
    const demucs_tracks_result *result = row->result;
    json_t *length = result != NULL && result->seconds > 0 ? json_real(result->seconds) : json_null();
    return json_pack("{s:o, s:o, s:s, s:o, s:f, s:o, s:o, s:o}", "track", text_of(row->path), "folder",
                     text_of(row->folder), "outcome", name_of(row->outcome), "reason", text_of(row->reason), "seconds",
                     row->seconds, "audio_seconds", length, "files",
                     list(file_of, result, result != NULL ? result->files_count : 0), "warnings",
                     list(warning_of, result, result != NULL ? result->warnings_count : 0));
}

static json_t *rows_of(const demucs_run *self)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < self->count; i++) {
        if (json_array_append_new(array, row_of(&self->tracks[i].row)) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *counts_of(const demucs_run *self)
{
    json_t *counts = json_object();
    for (int outcome = DEMUCS_RUNS_DONE; counts != NULL && outcome < DEMUCS_RUNS_OUTCOMES; outcome++) {
        const size_t count = demucs_run_tally(self, (demucs_runs_outcome)outcome);
        if (json_object_set_new(counts, name_of((demucs_runs_outcome)outcome), json_integer((json_int_t)count)) == 0)
            continue;
        json_decref(counts);
        counts = NULL;
    }
    return counts;
}

static int write_part(const char *bytes, size_t count, void *user)
{
    return dmx_file_write(user, bytes, count) ? 0 : -1;
}

bool dmx_runs_write_summary(demucs_run *self, double seconds, dmx_file *file, demucs_error *error)
{
    char digest[65];
    const demucs_model *model = demucs_engine_model(self->request.engine);
    const bool known = demucs_model_digest(model, digest, NULL) == DEMUCS_OK;
    json_t *json = json_pack("{s:i, s:s, s:o, s:f, s:o, s:o}", "version", 1, "demucs", demucs_version(), "model_digest",
                             text_of(known ? digest : NULL), "seconds", seconds, "counts", counts_of(self), "tracks",
                             rows_of(self));
    if (json == NULL) return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the summary of the run");
    const int failed = json_dump_callback(json, write_part, file, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (failed == 0 && dmx_file_write(file, "\n", 1)) return true;
    return !dmx_file_fail(file, error);
}
