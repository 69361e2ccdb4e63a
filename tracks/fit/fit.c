/* fit.c - see demucs_fit.h: what there is, what is asked for, and smaller plans until one can be had. */
#include "base/cpu.h"
#include "base/options.h"
#include "tracks/fit/words.h"

#include <string.h>

enum { AT_ONCE_MOST = 64 };

/* ---------------------------------------------------------------------------------------------------- options ---- */

static demucs_fit_options defaults(void)
{
    return (demucs_fit_options){
        .struct_size = sizeof(demucs_fit_options), .tracks = 1, .max_memory_setting = "max_memory_bytes"};
}

void demucs_fit_options_init(demucs_fit_options *options, size_t struct_size)
{
    const demucs_fit_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

static demucs_status read_options(demucs_fit_options *how, const demucs_fit_options *given, demucs_error *error)
{
    *how = defaults();
    if (given != NULL && !dmx_options_take(how, sizeof *how, given, given->struct_size))
        return dmx_options_unknown("demucs_fit_options_init", error);
    if (how->tracks_at_once < 0 || how->tracks_at_once > AT_ONCE_MOST)
        return dmx_options_range(error, "tracks_at_once", how->tracks_at_once, "from 0 to 64");
    if (!(how->longest_seconds >= 0 && how->longest_seconds <= 1e9))
        return dmx_options_range(error, "longest_seconds", how->longest_seconds, "from 0 to 1e9");
    if (how->max_memory_setting == NULL) how->max_memory_setting = "max_memory_bytes";
    return DEMUCS_OK;
}

/* ----------------------------------------------------------------------------------------------- what there is ---- */

static uint64_t limit_of(const demucs_fit_options *how, dmx_memory_limit *by)
{
    const uint64_t spare = dmx_memory_spare("", by);
    return how->max_memory_bytes > 0 ? how->max_memory_bytes : dmx_memory_taken("") + spare;
}

int demucs_fit_tracks_at_once(int threads) { return threads < 8 ? 1 : threads < 32 ? 2 : 3; }

demucs_status demucs_fit_load(demucs_model **model, const char *path, const demucs_fit_options *how,
                              demucs_error *error)
{
    demucs_fit_options all;
    demucs_load_options load;
    dmx_memory_limit by;
    if (model != NULL) *model = NULL;
    demucs_status status = read_options(&all, how, error);
    if (status != DEMUCS_OK) return status;
    const uint64_t limit = limit_of(&all, &by);
    const size_t machine = dmx_machine_memory();
    demucs_default_load_options(&load, sizeof load);
    load.resident_bytes = (size_t)(limit < machine ? limit : machine) / 2;
    if (load.resident_bytes == 0) load.resident_bytes = 1;
    status = demucs_model_load_with(model, path, &load, error);
    if (status != DEMUCS_ERROR_MEMORY) return status;
    load.resident_bytes = 1; /* of a bag, one member at a time */
    return demucs_model_load_with(model, path, &load, error);
}

/* ---------------------------------------------------------------------------------------------------- the plan ---- */

static demucs_status read_separation(demucs_stream_options *separation, const demucs_stream_options *given,
                                     demucs_error *error)
{
    demucs_default_stream_options(separation, sizeof *separation);
    return dmx_options_take(separation, sizeof *separation, given, given->struct_size)
               ? DEMUCS_OK
               : dmx_options_unknown("demucs_default_stream_options", error);
}

static demucs_status read_engine(demucs_engine_options *engine, const demucs_engine_options *given, demucs_error *error)
{
    demucs_default_engine_options(engine, sizeof *engine);
    return given == NULL || dmx_options_take(engine, sizeof *engine, given, given->struct_size)
               ? DEMUCS_OK
               : dmx_options_unknown("demucs_default_engine_options", error);
}

/* What is asked for; the number of tracks at once where nobody asked for one. */
static demucs_status begin(dmx_fit *self, const demucs_fit_options *how, demucs_error *error)
{
    const size_t taken = (size_t)dmx_memory_taken(""), weights = demucs_model_memory_bytes(self->model);
    self->base_bytes = taken > weights ? taken - weights : 0;
    self->kept = dmx_fit_members_kept(self->model);
    if (!self->separation->split)
        self->track_frames = (size_t)(how->longest_seconds * demucs_model_sample_rate_hz(self->model));
    const int threads = self->engine.threads > 0 ? self->engine.threads : dmx_cpu_cores();
    self->tracks = how->tracks_at_once;
    if (how->tracks_at_once == 0) self->tracks = self->separation->split ? demucs_fit_tracks_at_once(threads) : 1;
    if ((size_t)self->tracks > how->tracks) self->tracks = how->tracks > 0 ? (int)how->tracks : 1;
    demucs_status status = dmx_fit_count(self, self->track_frames > 0 ? NULL : error);
    if (status != DEMUCS_OK && self->track_frames > 0) { /* no network runs on so long a track, which fails by itself */
        self->track_frames = 0;
        status = dmx_fit_count(self, error);
    }
    if (status == DEMUCS_OK && how->tracks_at_once == 0 && !dmx_fit_is_met(self)) dmx_fit_fewer_tracks(self);
    return status;
}

/* In this order. */
static bool shrink(dmx_fit *self)
{
    return dmx_fit_is_met(self) || dmx_fit_fewer_tracks(self) || dmx_fit_fewer_jobs(self) ||
           dmx_fit_fewer_members(self) || dmx_fit_shorter_segments(self);
}

/* With the whole of what the plan leaves for engine and streams. */
static demucs_status create(const dmx_fit *self, demucs_engine **engine, demucs_error *error)
{
    demucs_engine_options options = self->engine;
    const uint64_t others = self->base_bytes + self->needs.model_bytes + (uint64_t)self->tracks * DMX_FIT_TRACK_BYTES;
    options.streams = self->separation;
    options.memory_bytes = self->limit_bytes > others ? (size_t)(self->limit_bytes - others) : 1;
    return demucs_engine_create(engine, self->model, &options, error);
}

/* An unsplit track may be less long than was said, and fails by itself: so the least is tried. */
static bool is_refused(const dmx_fit *self) { return !dmx_fit_is_met(self) && self->track_frames == 0; }

/* Smaller plans until one can be had: each that fails was too large by its last byte. */
static demucs_status settle(dmx_fit *self, demucs_engine **engine, dmx_fit_limit *limit, demucs_error *error)
{
    for (;;) {
        demucs_error why;
        if (!shrink(self) && is_refused(self)) return dmx_fit_refuse(self, limit, error);
        const demucs_status status = create(self, engine, &why);
        if (status != DEMUCS_ERROR_MEMORY)
            return status == DEMUCS_OK ? status : dmx_fail(error, status, "%s", why.message);
        if (!dmx_fit_is_met(self)) return dmx_fail(error, status, "%s", why.message);
        self->limit_bytes = self->bytes - 1;
        limit->denied = true;
    }
}

static void fill_plan(demucs_fit_plan *plan, const dmx_fit *self, const dmx_fit_before *before,
                      const dmx_fit_limit *limit)
{
    demucs_fit_plan all = {.struct_size = plan->struct_size,
                           .tracks_at_once = self->tracks,
                           .jobs = self->needs.jobs,
                           .members = demucs_model_members(self->model),
                           .members_kept = self->kept,
                           .segment_seconds = self->separation->segment_seconds,
                           .need_bytes = self->bytes,
                           .limit_bytes = self->limit_bytes};
    all.changes_result = all.segment_seconds > 0 && all.segment_seconds < before->segment_seconds;
    dmx_fit_describe(all.text, sizeof all.text, before, self, limit);
    memcpy(plan, &all, plan->struct_size < sizeof all ? plan->struct_size : sizeof all);
}

static demucs_status check_arguments(demucs_engine **engine, const demucs_model *model,
                                     const demucs_stream_options *separation, const demucs_fit_plan *plan,
                                     demucs_error *error)
{
    if (engine == NULL || model == NULL || separation == NULL)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no %s",
                        engine == NULL  ? "place to store the engine"
                        : model == NULL ? "model"
                                        : "separation to plan for");
    if (plan != NULL && (plan->struct_size < sizeof(size_t) || plan->struct_size > sizeof *plan))
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "Set struct_size to sizeof(demucs_fit_plan) first.");
    return DEMUCS_OK;
}

demucs_status demucs_fit_engine(demucs_engine **engine, demucs_model *model, const demucs_engine_options *options,
                                demucs_stream_options *separation, const demucs_fit_options *how, demucs_fit_plan *plan,
                                demucs_error *error)
{
    demucs_fit_options all;
    demucs_stream_options streams;
    dmx_fit self = {.model = model, .separation = &streams};
    dmx_fit_limit limit = {.denied = false};
    dmx_error_clear(error);
    if (engine != NULL) *engine = NULL;
    demucs_status status = check_arguments(engine, model, separation, plan, error);
    if (status == DEMUCS_OK) status = read_options(&all, how, error);
    if (status == DEMUCS_OK) status = read_separation(&streams, separation, error);
    if (status == DEMUCS_OK) status = read_engine(&self.engine, options, error);
    if (status != DEMUCS_OK) return status;
    limit.bytes = self.limit_bytes = limit_of(&all, &limit.by);
    limit.setting = all.max_memory_setting;
    limit.is_set = all.max_memory_bytes > 0;
    status = begin(&self, &all, error);
    if (status != DEMUCS_OK) return status;
    const dmx_fit_before before = {.tracks = self.tracks,
                                   .jobs = self.needs.jobs,
                                   .kept = demucs_model_members(model),
                                   .segment_seconds = streams.segment_seconds > 0 ? streams.segment_seconds
                                                                                  : dmx_fit_own_segment(model),
                                   .bytes = self.bytes};
    status = settle(&self, engine, &limit, error);
    if (status != DEMUCS_OK) return status;
    separation->segment_seconds = streams.segment_seconds;
    if (plan != NULL) fill_plan(plan, &self, &before, &limit);
    return DEMUCS_OK;
}
