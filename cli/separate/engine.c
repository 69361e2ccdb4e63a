/* engine.c - see engine.h. The plan is the library's (demucs_fit.h); here is what this program knows of its tracks. */
#include "engine.h"

#include "audio/audio.h"
#include "common/memory.h"
#include "common/precision.h"
#include "common/say.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the file says of its length, in seconds; 0 where it does not. What comes through a pipe comes once. */
static double length_of(const char *path, int stream)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
    audio_reader *reader = audio_reader_open(path, stream, NULL);
    if (reader == NULL) return 0;
    const double seconds = (double)audio_reader_expected_frames(reader) / audio_reader_sample_rate_hz(reader);
    audio_reader_close(reader);
    return seconds;
}

/* Of the longest track, or section of one. */
static double longest_of(const demucs_runs_list *list, const demucs_tracks_request *request)
{
    double longest = 0;
    for (size_t i = 0; i < demucs_runs_list_count(list); i++) {
        const double seconds = length_of(demucs_runs_list_at(list, i)->path, request->stream);
        if (seconds > longest) longest = seconds;
    }
    const double section = request->duration_seconds;
    return section > 0 && section < longest ? section : longest;
}

/* Programs that read the bars of the official program through a pipe expect one track after the other. */
static bool shows_official_bars(const separate_options *options)
{
    return strcmp(options->progress, "bar") == 0 && isatty(STDERR_FILENO) != 1;
}

static void announce(const demucs_engine *engine, const separate_options *options, const demucs_fit_plan *plan)
{
    const char *precision = precision_name(demucs_engine_precision(engine));
    say_at(SAY_DEBUG, "CPU level %s, precision %s, %d track%s and %d segment%s at once, %.1f MB of memory",
           demucs_engine_cpu(engine), precision, plan->tracks_at_once, plan->tracks_at_once > 1 ? "s" : "", plan->jobs,
           plan->jobs > 1 ? "s" : "", (double)plan->need_bytes / 1e6);
    if (plan->changes_result)
        say_at(SAY_WARNING, "warning: %s.", plan->text);
    else if (plan->text[0] != '\0')
        say_at(SAY_INFO, "note: %s.", plan->text);
    if (demucs_engine_precision(engine) != options->engine.precision)
        say_at(SAY_INFO, "note: CPU level %s has no bfloat16: --precision %s computes as %s.",
               demucs_engine_cpu(engine), precision_name(options->engine.precision), precision);
}

/* Work that only serves stems that no file needs is left out. */
bool engine_open(demucs_tracks_request *request, separate_options *options, demucs_model *model,
                 const demucs_runs_list *list, int *at_once, demucs_error *why)
{
    demucs_fit_plan plan = {.struct_size = sizeof plan};
    demucs_fit_options how = options->fit;
    bool *needed = memory_new((size_t)demucs_model_sources(model), sizeof *needed);
    how.tracks = demucs_runs_list_count(list);
    if (!options->separation.split) how.longest_seconds = longest_of(list, &options->request);
    if (how.tracks_at_once == 0 && shows_official_bars(options)) how.tracks_at_once = 1;
    demucs_status status = demucs_tracks_needs(&options->request, model, needed, why);
    options->separation.wanted = needed;
    if (status == DEMUCS_OK)
        status = demucs_fit_engine(&request->engine, model, &options->engine, &options->separation, &how, &plan, why);
    options->separation.wanted = NULL;
    free(needed);
    if (status != DEMUCS_OK) return false;
    announce(request->engine, options, &plan);
    *at_once = plan.tracks_at_once;
    return true;
}
