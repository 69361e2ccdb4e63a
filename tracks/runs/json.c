/* json.c - see json.h and demucs_runs.h, and docs/summary.schema.json and log.schema.json. */
#include "tracks/runs/json.h"

#include "base/clock.h"
#include "digest/digest.h"
#include "tracks/json.h"

#include <sys/resource.h>
#include <sys/stat.h>

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

static const char *name_of(demucs_runs_outcome outcome)
{
    static const char *const names[DEMUCS_RUNS_OUTCOMES] = {
        [DEMUCS_RUNS_WAITING] = "waiting", [DEMUCS_RUNS_DONE] = "done",     [DEMUCS_RUNS_CACHED] = "cached",
        [DEMUCS_RUNS_SKIPPED] = "skipped", [DEMUCS_RUNS_FAILED] = "failed", [DEMUCS_RUNS_CANCELLED] = "cancelled"};
    return names[outcome];
}

static json_t *row_of(const void *object, size_t i)
{
    const demucs_run *self = object;
    const demucs_runs_row *row = &self->tracks[i].row;
    const demucs_tracks_result *result = row->result;
    json_t *length = result != NULL && result->seconds > 0 ? json_real(result->seconds) : json_null();
    return json_pack("{s:o, s:o, s:s, s:o, s:f, s:o, s:o, s:o}", "track", dmx_json_text(row->path), "folder",
                     dmx_json_text(row->folder), "outcome", name_of(row->outcome), "reason", dmx_json_text(row->reason),
                     "seconds", row->seconds, "audio_seconds", length, "files",
                     dmx_json_list(file_of, result, result != NULL ? result->files_count : 0), "warnings",
                     dmx_json_list(warning_of, result, result != NULL ? result->warnings_count : 0));
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
                             dmx_json_text(known ? digest : NULL), "seconds", seconds, "counts", counts_of(self),
                             "tracks", dmx_json_list(row_of, self, self->count));
    if (json == NULL) return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the summary of the run");
    const int failed = json_dump_callback(json, write_part, file, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (failed == 0 && dmx_file_write(file, "\n", 1)) return true;
    return !dmx_file_fail(file, error);
}

/* ------------------------------------------------------------------------------------------------------- log ---- */

static json_t *number_or_null(bool known, double number) { return known ? json_real(number) : json_null(); }

static json_t *begin_of(const demucs_runs_event *event, const demucs_run *self)
{
    return json_pack("{s:s, s:I, s:I}", "event", "begin", "track", (json_int_t)event->index + 1, "tracks",
                     (json_int_t)self->count);
}

/* Of the time of the network alone, since that is what the share is of. */
static json_t *segment_of(const demucs_runs_event *event, const demucs_run *self)
{
    const demucs_tracks_event *track = event->track;
    const double share = track->total > 0 ? (double)track->done / (double)track->total : 0;
    const double elapsed = dmx_clock_seconds() - self->tracks[event->index].network;
    return json_pack("{s:s, s:I, s:i, s:i, s:i, s:i, s:f, s:o}", "event", "segment", "track",
                     (json_int_t)event->index + 1, "member", track->segment->member + 1, "members",
                     track->segment->members, "shift", track->segment->shift + 1, "shifts", track->segment->shifts,
                     "percent", 100 * share, "eta_seconds", number_or_null(share > 0, elapsed * (1 - share) / share));
}

static json_t *warning_event_of(const demucs_runs_event *event)
{
    static const char *const kinds[] = {
        [DEMUCS_TRACKS_EVENT_DAMAGED] = "damaged",   [DEMUCS_TRACKS_EVENT_NOT_FINITE] = "not finite",
        [DEMUCS_TRACKS_EVENT_CLIPPED] = "clipped",   [DEMUCS_TRACKS_EVENT_SHORT] = "short",
        [DEMUCS_TRACKS_EVENT_CHANNELS] = "channels", [DEMUCS_TRACKS_EVENT_COLLISION] = "collision",
        [DEMUCS_TRACKS_EVENT_STREAMS] = "streams"};
    const int kind = (int)event->track->kind;
    const bool known = kind < (int)(sizeof kinds / sizeof *kinds) && kinds[kind] != NULL;
    return json_pack("{s:s, s:I, s:s, s:I}", "event", "warning", "track", (json_int_t)event->index + 1, "kind",
                     known ? kinds[kind] : "other", "count", (json_int_t)event->track->count);
}

/* The sum of a regular file; a pipe cannot be read again. */
static json_t *sum_of(const char *path)
{
    char hex[DIGEST_TEXT];
    struct stat info;
    const bool known = stat(path, &info) == 0 && S_ISREG(info.st_mode) && digest_file(path, hex, NULL);
    return known ? json_string(hex) : json_null();
}

static json_t *model_of(const demucs_run *self)
{
    char digest[65];
    const demucs_engine *engine = self->request.engine;
    const bool known = demucs_model_digest(demucs_engine_model(engine), digest, NULL) == DEMUCS_OK;
    return json_pack("{s:o, s:s, s:s, s:s, s:s}", "digest", dmx_json_text(known ? digest : NULL), "device", "cpu",
                     "cpu", demucs_engine_cpu(engine), "precision",
                     demucs_engine_precision(engine) == DEMUCS_PRECISION_FAST ? "fast" : "exact", "demucs",
                     demucs_version());
}

static json_t *settings_of(const demucs_run *self)
{
    demucs_stream_options options;
    demucs_default_stream_options(&options, sizeof options);
    if (self->request.separation != NULL) options = *self->request.separation;
    return json_pack("{s:i, s:f, s:b, s:I}", "shifts", options.shifts, "overlap", options.overlap, "split",
                     options.split, "seed", (json_int_t)options.seed);
}

/* How long each phase took; what the cache had was not computed now. */
static json_t *phases_of(const demucs_runs_row *row)
{
    if (row->outcome != DEMUCS_RUNS_DONE) return json_null();
    const double *seconds = row->result->phase_seconds;
    return json_pack("{s:f, s:f, s:f}", "read", seconds[DEMUCS_TRACKS_READ], "separate",
                     seconds[DEMUCS_TRACKS_SEPARATE], "write", seconds[DEMUCS_TRACKS_WRITE]);
}

static json_t *record_of(const demucs_runs_event *event, const demucs_run *self)
{
    const demucs_runs_row *row = event->row;
    const bool done = row->outcome == DEMUCS_RUNS_DONE, known = row->result != NULL && row->result->seconds > 0;
    const double length = known ? row->result->seconds : 0;
    struct rusage use = {0};
    getrusage(RUSAGE_SELF, &use);
    return json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:f, s:o, s:o, s:I, s:I, s:o, s:o}", "event", "track", "track",
                     (json_int_t)event->index + 1, "outcome", name_of(row->outcome), "error",
                     row->outcome == DEMUCS_RUNS_FAILED ? json_string(demucs_status_name(row->status)) : json_null(),
                     "sha256", row->missing || row->result == NULL ? json_null() : sum_of(row->path), "audio_seconds",
                     number_or_null(known, length), "seconds", row->seconds, "phases", phases_of(row),
                     "real_time_factor", number_or_null(done && row->seconds > 0, length / row->seconds),
                     "peak_memory_bytes", (json_int_t)use.ru_maxrss * 1024, "warnings",
                     (json_int_t)(row->result != NULL ? row->result->warnings_count : 0), "model", model_of(self),
                     "settings", settings_of(self));
}

static json_t *line_of(const demucs_runs_event *event, const demucs_run *self)
{
    const demucs_tracks_event *track = event->track;
    if (event->kind == DEMUCS_RUNS_EVENT_BEGIN) return begin_of(event, self);
    if (event->kind == DEMUCS_RUNS_EVENT_END) return record_of(event, self);
    if (track == NULL || track->kind == DEMUCS_TRACKS_EVENT_PHASE) return NULL;
    if (track->kind != DEMUCS_TRACKS_EVENT_PROGRESS) return track->text != NULL ? warning_event_of(event) : NULL;
    return track->segment != NULL ? segment_of(event, self) : NULL;
}

size_t demucs_run_event_line(const demucs_run *run, const demucs_runs_event *event, bool names, char *line, size_t size)
{
    if (run == NULL || event == NULL || line == NULL) return 0;
    json_t *json = line_of(event, run);
    if (json == NULL) return 0;
    const char *text = event->track != NULL ? event->track->text : event->row->reason;
    if (names && event->track == NULL) json_object_set_new(json, "path", dmx_json_text(event->row->path));
    if (names && text != NULL) json_object_set_new(json, "text", dmx_json_text(text));
    const size_t length = json_dumpb(json, line, size, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(json);
    if (length >= size) return 0;
    line[length] = '\0';
    return length;
}
