/* log.c - demucs_run_event_line: the lines of the log of a run (docs/log.schema.json). */
#include "base/clock.h"
#include "base/options.h"
#include "digest/digest.h"
#include "tracks/json.h"
#include "tracks/runs/asked.h"
#include "tracks/runs/json.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

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
    static const char *const kinds[] = {[DEMUCS_TRACKS_EVENT_DAMAGED] = "damaged",
                                        [DEMUCS_TRACKS_EVENT_NOT_FINITE] = "not finite",
                                        [DEMUCS_TRACKS_EVENT_CLIPPED] = "clipped",
                                        [DEMUCS_TRACKS_EVENT_SHORT] = "short",
                                        [DEMUCS_TRACKS_EVENT_CHANNELS] = "channels",
                                        [DEMUCS_TRACKS_EVENT_COLLISION] = "collision",
                                        [DEMUCS_TRACKS_EVENT_CACHE_DAMAGED] = "cache damaged",
                                        [DEMUCS_TRACKS_EVENT_CACHE_FAILED] = "cache failed",
                                        [DEMUCS_TRACKS_EVENT_OUTLIER] = "outlier",
                                        [DEMUCS_TRACKS_EVENT_RATE] = "rate",
                                        [DEMUCS_TRACKS_EVENT_STREAMS] = "streams",
                                        [DEMUCS_TRACKS_EVENT_CUT] = "cut"};
    const int kind = (int)event->track->kind;
    const bool known = kind < (int)(sizeof kinds / sizeof *kinds) && kinds[kind] != NULL;
    return json_pack("{s:s, s:I, s:s, s:I}", "event", "warning", "track", (json_int_t)event->index + 1, "kind",
                     known ? kinds[kind] : "other", "count", (json_int_t)event->track->count);
}

/* The sum of the track: the cache has made it, or else it is read once more, which only a regular file can be. */
static json_t *sum_of(const demucs_runs_row *row)
{
    char hex[DIGEST_TEXT];
    struct stat info;
    if (row->missing || row->result == NULL) return json_null();
    if (row->result->input_sha256 != NULL) return json_string(row->result->input_sha256);
    const bool known = stat(row->path, &info) == 0 && S_ISREG(info.st_mode) && digest_file(row->path, hex, NULL);
    return known ? json_string(hex) : json_null();
}

/* A name that is a path is that of a file. */
static const char *model_name(const demucs_run *self, bool names)
{
    const char *name = self->options.model_name;
    return name != NULL && (names || strpbrk(name, "/.") == NULL) ? name : NULL;
}

static json_t *model_of(const demucs_run *self, bool names)
{
    char digest[65];
    const demucs_engine *engine = self->request.engine;
    const bool known = demucs_model_digest(demucs_engine_model(engine), digest, NULL) == DEMUCS_OK;
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:s}", "name", dmx_json_text(model_name(self, names)), "digest",
                     dmx_json_text(known ? digest : NULL), "device", "cpu", "cpu", demucs_engine_cpu(engine),
                     "precision", demucs_engine_precision(engine) == DEMUCS_PRECISION_FAST ? "fast" : "exact", "demucs",
                     demucs_version());
}

/* With the format that the ending of the pattern may have chosen. */
static json_t *settings_of(const demucs_runs_row *row, const demucs_run *self)
{
    const bool written = row->result != NULL && row->result->files_count > 0;
    return dmx_runs_asked(&self->request, written ? row->result->files[0]->container : self->request.container);
}

/* How long each phase took; what the cache had was not computed now. */
static json_t *phases_of(const demucs_runs_row *row)
{
    if (row->outcome != DEMUCS_RUNS_DONE) return json_null();
    const double *seconds = row->result->phase_seconds;
    return json_pack("{s:f, s:f, s:f}", "read", seconds[DEMUCS_TRACKS_READ], "separate",
                     seconds[DEMUCS_TRACKS_SEPARATE], "write", seconds[DEMUCS_TRACKS_WRITE]);
}

static json_t *cache_hit_of(const demucs_runs_row *row, const demucs_run *self)
{
    const bool asked = self->request.cache != NULL && row->result != NULL && row->outcome != DEMUCS_RUNS_SKIPPED;
    return asked ? json_boolean(row->outcome == DEMUCS_RUNS_CACHED) : json_null();
}

static json_t *quality_of(const demucs_runs_row *row)
{
    const bool known = row->result != NULL && row->result->quality != NULL;
    return known ? dmx_json_quality(row->result->quality, NULL) : json_null();
}

static double peak_memory_bytes(void)
{
#if defined(__APPLE__)
    const double unit = 1;
#else
    const double unit = 1024;
#endif
    struct rusage use = {0};
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss * unit;
}

static json_t *record_of(const demucs_runs_event *event, const demucs_run *self, bool names)
{
    const demucs_runs_row *row = event->row;
    const bool done = row->outcome == DEMUCS_RUNS_DONE, known = row->result != NULL && row->result->seconds > 0;
    const double length = known ? row->result->seconds : 0;
    return json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "event", "track",
                     "track", (json_int_t)event->index + 1, "outcome", dmx_runs_outcome_name(row->outcome), "cache_hit",
                     cache_hit_of(row, self), "error",
                     row->outcome == DEMUCS_RUNS_FAILED ? json_string(demucs_status_name(row->status)) : json_null(),
                     "sha256", sum_of(row), "audio_seconds", number_or_null(known, length), "seconds", row->seconds,
                     "phases", phases_of(row), "real_time_factor",
                     number_or_null(done && row->seconds > 0, length / row->seconds), "peak_memory_bytes",
                     (json_int_t)peak_memory_bytes(), "warnings",
                     (json_int_t)(row->result != NULL ? row->result->warnings_count : 0), "model",
                     model_of(self, names), "settings", settings_of(row, self), "quality", quality_of(row));
}

static json_t *fewer_of(const demucs_runs_event *event)
{
    return json_pack("{s:s, s:I, s:s, s:i}", "event", "warning", "track", (json_int_t)event->index + 1, "kind",
                     "fewer at once", "count", 1);
}

/* What words there are for an event. */
static const char *words_of(const demucs_runs_event *event)
{
    if (event->kind == DEMUCS_RUNS_EVENT_FEWER) return event->text;
    return event->track != NULL ? event->track->text : event->row->reason;
}

static json_t *line_of(const demucs_runs_event *event, const demucs_run *self, bool names)
{
    const demucs_tracks_event *track = event->track;
    if (event->kind == DEMUCS_RUNS_EVENT_BEGIN) return begin_of(event, self);
    if (event->kind == DEMUCS_RUNS_EVENT_END) return record_of(event, self, names);
    if (event->kind == DEMUCS_RUNS_EVENT_FEWER) return fewer_of(event);
    if (track == NULL || track->kind == DEMUCS_TRACKS_EVENT_PHASE || track->kind == DEMUCS_TRACKS_EVENT_NOTE)
        return NULL;
    if (track->kind != DEMUCS_TRACKS_EVENT_PROGRESS) return track->text != NULL ? warning_event_of(event) : NULL;
    return track->segment != NULL ? segment_of(event, self) : NULL;
}

size_t demucs_run_event_line(const demucs_run *run, const demucs_runs_event *event, bool names, char *line, size_t size)
{
    if (run == NULL || event == NULL || (line == NULL && size > 0)) return 0;
    if (size > 0) line[0] = '\0';
    json_t *json = line_of(event, run, names);
    if (json == NULL) return 0;
    const char *text = words_of(event);
    if (names && event->track == NULL) json_object_set_new(json, "path", dmx_json_text(event->row->path));
    if (names && text != NULL) json_object_set_new(json, "text", dmx_json_text(text));
    const size_t length = json_dumpb(json, line, size, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(json);
    if (size > 0) line[length < size ? length : 0] = '\0';
    return length;
}
