/* song.c - see song.h */
#include "song.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/folder.h"
#include "bench.h"
#include "child.h"
#include "common/memory.h"
#include "common/progress.h"
#include "temporary.h"
#include "tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *song_part_name(song_part part)
{
    static const char *const names[SONG_PARTS] = {"load",  "read",        "input", "network",
                                                  "stems", "overlap add", "write", "rest"};
    return names[part];
}

double song_outside(const bench_song *song)
{
    double all = 0;
    for (int part = 0; part < SONG_PARTS; part++) all += song->parts[part];
    return all > 0 ? 1 - song->parts[SONG_NETWORK] / all : 0;
}

/* ------------------------------------------------------------------------------------------------ one run ---- */

typedef struct request {
    const bench_options *options;
    const char *model_path, *track, *folder;
} request;

/* What a run hands over. */
typedef struct outcome {
    double audio_seconds;
    double parts[SONG_PARTS];
    bench_stages stages;
} outcome;

/* The engine names the stages of its own: what comes first, "stems" and "overlap_add"; all others are the network's. */
static song_part part_of(const bench_kind *kind, int stage)
{
    if (stage == 0) return SONG_INPUT;
    if (strcmp(kind->list[stage].name, "stems") == 0) return SONG_STEMS;
    return strcmp(kind->list[stage].name, "overlap_add") == 0 ? SONG_OVERLAP_ADD : SONG_NETWORK;
}

static void add_stages(outcome *out)
{
    for (int k = 0; k < out->stages.kind_count; k++) {
        const bench_kind *kind = &out->stages.kinds[k];
        for (int i = 0; i < kind->count; i++) out->parts[part_of(kind, i)] += kind->list[i].seconds;
    }
}

/* The stage report of the engine and the events of the track, side by side. */
typedef struct song_watch {
    stage_log log;
    progress progress; /* the program's, so that a person sees that something happens */
} song_watch;

/* The engine and the stream of the settings that all measurements share: one segment after the other. */
static bool create_engine(demucs_engine **engine, demucs_stream_options *separation, const demucs_model *model,
                          const demucs_options *settings, demucs_error *why)
{
    demucs_engine_options options;
    demucs_default_engine_options(&options, sizeof options);
    demucs_default_stream_options(separation, sizeof *separation);
    options.threads = settings->threads;
    options.jobs = 1;
    options.cpu = settings->cpu;
    options.precision = settings->precision;
    separation->progress = settings->progress;
    separation->progress_user = settings->progress_user;
    separation->stage = settings->stage;
    separation->stage_user = settings->stage_user;
    return demucs_engine_create(engine, model, &options, why) == DEMUCS_OK;
}

static bool separate(outcome *out, const demucs_model *model, const request *asked, double start, demucs_error *why)
{
    song_watch watch = {.log = {.stages = &out->stages, .counted = true}};
    demucs_options settings;
    demucs_stream_options separation;
    demucs_tracks_request track;
    demucs_tracks_result *result = NULL;
    bench_settings(&settings, asked->options, &watch.log);
    demucs_tracks_request_init(&track, sizeof track);
    if (!create_engine(&track.engine, &separation, model, &settings, why)) return false;
    track.separation = &separation;
    track.input = asked->track;
    track.folder = asked->folder;
    track.event = progress_event;
    track.event_user = &watch.progress;
    const double loaded = dmx_clock_seconds();
    progress_begin(&watch.progress);
    const bool done = demucs_tracks_separate(&track, &result, why) == DEMUCS_OK;
    const double end = dmx_clock_seconds();
    progress_end(&watch.progress, done);
    if (done) {
        out->parts[SONG_LOAD] = loaded - start;
        out->parts[SONG_READ] = watch.log.first_segment - loaded;
        out->parts[SONG_WRITE] = end - watch.log.last_segment;
        out->audio_seconds = result->seconds;
        add_stages(out);
    }
    demucs_tracks_result_free(result);
    demucs_engine_free(track.engine);
    return done;
}

/* A child_work: `demucs -n MODEL -o FOLDER TRACK`. */
static bool run_song(void *result, void *context, demucs_error *why)
{
    outcome *out = result;
    const request *asked = context;
    const double start = dmx_clock_seconds();
    demucs_model *model = NULL;
    bool done = demucs_model_load(&model, asked->model_path, why) == DEMUCS_OK;
    done = done && stages_describe(&out->stages, model, why) && separate(out, model, asked, start, why);
    demucs_model_free(model);
    return done && why->message[0] == '\0';
}

/* ------------------------------------------------------------------------------------------------ all runs ---- */

static void add_run(bench_song *song, const outcome *run, const child_usage *usage)
{
    double known = 0;
    for (int part = 0; part < SONG_PARTS; part++) {
        song->parts[part] += run->parts[part];
        known += run->parts[part];
    }
    song->parts[SONG_REST] += usage->seconds - known;
    song->audio_seconds = run->audio_seconds;
    song->seconds[song->runs] = usage->seconds;
    song->cpu_seconds[song->runs] = usage->cpu_seconds;
    if (usage->peak_bytes > song->peak_bytes) song->peak_bytes = usage->peak_bytes;
    stages_add(&song->stages, &run->stages);
    song->runs++;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool run_all(bench_song *song, request *asked, demucs_error *why)
{
    child_usage usage;
    outcome *run = memory_new(1, sizeof *run);
    bool done = true;
    while (done && song->runs < (int)asked->options->song_repeats) {
        done = child_run(run_song, asked, run, sizeof *run, &usage, why);
        if (done) add_run(song, run, &usage);
    }
    free(run);
    if (!done) return false;
    for (int part = 0; part < SONG_PARTS; part++) song->parts[part] /= song->runs;
    qsort(song->seconds, (size_t)song->runs, sizeof *song->seconds, by_size);
    qsort(song->cpu_seconds, (size_t)song->runs, sizeof *song->cpu_seconds, by_size);
    return true;
}

bool song_measure(bench_song *song, const char *model_path, const bench_options *options, demucs_error *why)
{
    char *folder = temporary_folder(why);
    if (folder == NULL) return false;
    const bool made = strcmp(options->song, SONG_MADE) == 0;
    char *track = made ? memory_text("%s/song.wav", folder) : memory_text("%s", options->song);
    request asked = {options, model_path, track, folder};
    const bool done = (!made || tune_write(track, (double)options->song_seconds, why)) && run_all(song, &asked, why);
    dmx_folder_remove(folder);
    free(track);
    free(folder);
    return done;
}
