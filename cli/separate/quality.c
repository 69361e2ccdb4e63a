/* quality.c - see quality.h */
#include "quality.h"

#include "common/memory.h"
#include "common/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A page or a list that takes the place of a track would be the end of it. */
static bool is_free(const quality_check *self, const demucs_tracks_request *request, const char *path,
                    demucs_error *error)
{
    return demucs_runs_list_check_target(self->list, path, error) == DEMUCS_OK &&
           demucs_tracks_batch_protect(request->batch, path, error) == DEMUCS_OK;
}

bool quality_open(quality_check *self, const separate_options *options, demucs_tracks_request *request,
                  const demucs_runs_list *list, demucs_error *error)
{
    const char *json = options->quality_json, *report = options->report;
    *self = (quality_check){.options = options, .list = list, .model = demucs_engine_model(request->engine)};
    if (!options->quality) return true;
    request->quality = &options->quality_limits;
    self->unusual = memory_new(demucs_runs_list_count(list), sizeof *self->unusual);
    if (json != NULL &&
        (!is_free(self, request, json, error) || dmx_file_create(&self->json, json, error) != DEMUCS_OK))
        return false;
    return report == NULL || (is_free(self, request, report, error) &&
                              demucs_quality_report_create(&self->report, report, NULL, error) == DEMUCS_OK);
}

static void write_json(quality_check *self, const char *track, const demucs_quality *quality)
{
    char *text;
    if (self->json == NULL || demucs_quality_json(quality, track, &text, &self->failure) != DEMUCS_OK) return;
    const char *before = self->written == 0 ? "[\n" : ",\n";
    self->written++;
    if (!dmx_file_write(self->json, before, 2) || !dmx_file_write(self->json, text, strlen(text)))
        dmx_file_fail(self->json, &self->failure);
    demucs_quality_text_free(text);
}

/* The signals of a file, and how many: of one that holds all stems each stem, behind the track. */
static size_t list_signals(const quality_check *self, const demucs_tracks_file *file, demucs_quality_signal *signals)
{
    const bool apart = file->kind == DEMUCS_TRACKS_STEMS;
    const int count = apart ? demucs_model_sources(self->model) : 1;
    for (int i = 0; i < count; i++)
        signals[i] = (demucs_quality_signal){apart ? demucs_model_source_name(self->model, i) : file->name, file->path,
                                             apart ? 1 + i : 0};
    return (size_t)count;
}

/* The track itself comes first, if it can be read once more, which a pipe cannot. */
static void add_to_report(quality_check *self, const char *track, int stream, const demucs_tracks_result *result)
{
    struct stat is;
    size_t count = 0;
    if (self->report == NULL) return;
    demucs_quality_signal *signals =
        memory_new(result->files_count + 1 + (size_t)demucs_model_sources(self->model), sizeof *signals);
    if (stat(track, &is) == 0 && S_ISREG(is.st_mode)) signals[count++] = (demucs_quality_signal){"mix", track, stream};
    for (size_t i = 0; i < result->files_count; i++) count += list_signals(self, result->files[i], signals + count);
    demucs_quality_report_add(self->report, track, signals, count, result->quality, &self->failure);
    free(signals);
}

/* What is unusual was said as it was found. */
static void tell(quality_check *self, const char *track, const demucs_quality *quality)
{
    if (quality == NULL)
        say_at(SAY_INFO, "quality: not measured, since the stems were not computed now.");
    else if (quality->outliers_count == 0)
        say_at(SAY_INFO, "quality: nothing unusual.");
    else
        self->unusual[self->unusual_count++] = track;
}

void quality_take(quality_check *self, const char *track, int stream, const demucs_tracks_result *result)
{
    if (!self->options->quality) return;
    tell(self, track, result->quality);
    if (self->failure.status == DEMUCS_OK && result->quality != NULL) write_json(self, track, result->quality);
    if (self->failure.status == DEMUCS_OK) add_to_report(self, track, stream, result);
}

static bool close_json(quality_check *self, demucs_error *error)
{
    if (self->json == NULL) return true;
    const char *end = self->written == 0 ? "[]\n" : "\n]\n";
    if (!dmx_file_write(self->json, end, 3)) return !dmx_file_fail(self->json, error);
    dmx_file *json = self->json;
    self->json = NULL;
    return dmx_file_commit(json, error) == DEMUCS_OK;
}

bool quality_close(quality_check *self, demucs_error *error)
{
    if (demucs_runs_list_count(self->list) > 1 && self->unusual_count > 0 && say_allows(SAY_WARNING)) {
        fprintf(stderr, "%d of %zu tracks have something unusual:\n", self->unusual_count,
                demucs_runs_list_count(self->list));
        for (int i = 0; i < self->unusual_count; i++) say(stderr, "    %s", self->unusual[i]);
    }
    if (self->failure.status != DEMUCS_OK) return !dmx_fail(error, self->failure.status, "%s", self->failure.message);
    if (!close_json(self, error)) return false;
    demucs_quality_report *report = self->report;
    self->report = NULL;
    return report == NULL || demucs_quality_report_commit(report, error) == DEMUCS_OK;
}

void quality_discard(quality_check *self)
{
    dmx_file_discard(self->json);
    demucs_quality_report_discard(self->report);
    free(self->unusual);
}
