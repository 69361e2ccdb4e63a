/* result.c - see result.h */
#include "tracks/result.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

/* The caller sees the first field. Files are listed by pointers, so that both structs may grow at their ends. */
typedef struct whole {
    demucs_tracks_result shown;
    const demucs_tracks_file **list;  /* [files_count] */
    demucs_tracks_file *files;        /* [files_count] */
    demucs_tracks_warning **warnings; /* [warnings_count] */
    demucs_quality *quality;
    char input_sum[65];
} whole;

demucs_tracks_result *dmx_result_new(int files)
{
    whole *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->list = dmx_alloc((size_t)files, sizeof *self->list);
    self->files = dmx_alloc((size_t)files, sizeof *self->files);
    if (self->list == NULL || self->files == NULL) {
        demucs_tracks_result_free(&self->shown);
        return NULL;
    }
    for (int i = 0; i < files; i++) self->list[i] = &self->files[i];
    self->shown.files = self->list;
    self->shown.files_count = (size_t)files;
    return &self->shown;
}

void dmx_result_set_quality(demucs_tracks_result *result, demucs_quality *quality)
{
    whole *self = (whole *)result;
    self->shown.quality = self->quality = quality;
}

void dmx_result_set_input_sum(demucs_tracks_result *result, const char *hex)
{
    whole *self = (whole *)result;
    snprintf(self->input_sum, sizeof self->input_sum, "%s", hex);
    if (hex[0] != '\0') self->shown.input_sha256 = self->input_sum;
}

static void take_warnings(whole *self, dmx_watch *watch)
{
    self->warnings = watch->warnings;
    self->shown.warnings = (const demucs_tracks_warning *const *)self->warnings;
    self->shown.warnings_count = watch->warnings_count;
    watch->warnings = NULL;
    watch->warnings_count = watch->warnings_capacity = 0;
}

void dmx_result_fill(demucs_tracks_result *result, dmx_outputs *outputs, const dmx_intake *intake, dmx_watch *watch)
{
    whole *self = (whole *)result;
    take_warnings(self, watch);
    result->input_channels = intake->channels;
    result->input_sample_rate_hz = intake->sample_rate_hz;
    result->input_frames = intake->frames;
    result->seconds = watch->track_seconds;
    result->channels = outputs->file_channels;
    result->sample_rate_hz = outputs->file_rate_hz;
    result->damaged = intake->damaged;
    result->not_finite = intake->not_finite;
    result->missing_frames = intake->missing;
    memcpy(result->phase_seconds, watch->seconds, sizeof result->phase_seconds);
    for (int i = 0; i < outputs->count; i++) {
        dmx_output *item = &outputs->items[i];
        demucs_tracks_file *file = &self->files[i];
        const uint64_t frames = item->meter.samples / (uint64_t)item->channels;
        *file = (demucs_tracks_file){.path = item->path,
                                     .name = item->name,
                                     .kind = item->kind,
                                     .source = item->source,
                                     .container = item->container,
                                     .frames = frames,
                                     .seconds = (double)frames / item->sample_rate_hz,
                                     .peak = item->meter.peak,
                                     .rms = dmx_meter_rms(&item->meter),
                                     .gain = 1.0 / (double)item->divisor,
                                     .sample_rate_hz = item->sample_rate_hz,
                                     .clipped = dmx_outputs_clipped(outputs, item)};
        item->path = item->name = NULL;
    }
}

void dmx_result_plan(demucs_tracks_result *result, dmx_outputs *outputs, dmx_watch *watch)
{
    whole *self = (whole *)result;
    take_warnings(self, watch);
    result->channels = outputs->file_channels;
    result->sample_rate_hz = outputs->file_rate_hz;
    for (int i = 0; i < outputs->count; i++) {
        dmx_output *item = &outputs->items[i];
        self->files[i] = (demucs_tracks_file){.path = item->path,
                                              .name = item->name,
                                              .kind = item->kind,
                                              .source = item->source,
                                              .container = item->container,
                                              .gain = 1};
        item->path = item->name = NULL;
    }
}

void demucs_tracks_result_free(demucs_tracks_result *result)
{
    whole *self = (whole *)result;
    if (self == NULL) return;
    for (size_t i = 0; i < self->shown.files_count; i++) {
        dmx_free((char *)self->files[i].path);
        dmx_free((char *)self->files[i].name);
    }
    for (size_t i = 0; i < self->shown.warnings_count; i++) dmx_free(self->warnings[i]);
    dmx_free(self->warnings);
    demucs_quality_free(self->quality);
    dmx_free(self->list);
    dmx_free(self->files);
    dmx_free(self);
}
