/* json.c - see json.h and demucs_runs.h, and docs/summary.schema.json. */
#include "tracks/runs/json.h"

#include "tracks/json.h"

static json_t *file_of(const void *object, size_t i)
{
    const demucs_tracks_result *result = object;
    return json_pack("{s:o, s:o}", "name", dmx_json_text(result->files[i]->name), "path",
                     dmx_json_text(result->files[i]->path));
}

static json_t *warning_of(const void *object, size_t i)
{
    const demucs_tracks_result *result = object;
    return dmx_json_text(result->warnings[i]->text);
}

const char *dmx_runs_outcome_name(demucs_runs_outcome outcome)
{
    static const char *const names[DEMUCS_RUNS_OUTCOMES] = {
        [DEMUCS_RUNS_WAITING] = "waiting", [DEMUCS_RUNS_DONE] = "done",     [DEMUCS_RUNS_CACHED] = "cached",
        [DEMUCS_RUNS_SKIPPED] = "skipped", [DEMUCS_RUNS_FAILED] = "failed", [DEMUCS_RUNS_CANCELLED] = "cancelled"};
    return names[outcome];
}

/* What is above its limit; null where nothing was measured. */
static json_t *outliers_of(const demucs_tracks_result *result)
{
    if (result == NULL || result->quality == NULL) return json_null();
    return dmx_json_list(dmx_json_outlier, result->quality, result->quality->outliers_count);
}

static json_t *row_of(const void *object, size_t i)
{
    const demucs_run *self = object;
    const demucs_runs_row *row = &self->tracks[i].row;
    const demucs_tracks_result *result = row->result;
    json_t *length = result != NULL && result->seconds > 0 ? json_real(result->seconds) : json_null();
    return json_pack("{s:o, s:o, s:s, s:o, s:f, s:o, s:o, s:o, s:o}", "track", dmx_json_text(row->path), "folder",
                     dmx_json_text(row->folder), "outcome", dmx_runs_outcome_name(row->outcome), "reason",
                     dmx_json_text(row->reason), "seconds", row->seconds, "audio_seconds", length, "files",
                     dmx_json_list(file_of, result, result != NULL ? result->files_count : 0), "warnings",
                     dmx_json_list(warning_of, result, result != NULL ? result->warnings_count : 0), "outliers",
                     outliers_of(result));
}

static json_t *counts_of(const demucs_run *self)
{
    json_t *counts = json_object();
    for (int outcome = DEMUCS_RUNS_DONE; counts != NULL && outcome < DEMUCS_RUNS_OUTCOMES; outcome++) {
        const size_t count = demucs_run_tally(self, (demucs_runs_outcome)outcome);
        if (json_object_set_new(counts, dmx_runs_outcome_name((demucs_runs_outcome)outcome),
                                json_integer((json_int_t)count)) == 0)
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
    json_t *json =
        json_pack("{s:i, s:s, s:o, s:o, s:f, s:o, s:o}", "version", 1, "demucs", demucs_version(), "model",
                  dmx_json_text(self->options.model_name), "model_digest", dmx_json_text(known ? digest : NULL),
                  "seconds", seconds, "counts", counts_of(self), "tracks", dmx_json_list(row_of, self, self->count));
    if (json == NULL) return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the summary of the run");
    const int failed = json_dump_callback(json, write_part, file, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (failed == 0 && dmx_file_write(file, "\n", 1)) return true;
    return !dmx_file_fail(file, error);
}
