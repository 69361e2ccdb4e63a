/* report.c - demucs_quality_report: a page of any number of tracks; see report.h for its parts. */
#include "tracks/quality/report.h"

#include "base/alloc.h"
#include "base/options.h"

#include <stdio.h>
#include <string.h>

static demucs_quality_report_options defaults(void)
{
    return (demucs_quality_report_options){
        .struct_size = sizeof(demucs_quality_report_options), .mp3_bitrate_kbps = 128, .sound_bytes = (size_t)48 << 20};
}

void demucs_quality_report_options_init(demucs_quality_report_options *options, size_t struct_size)
{
    const demucs_quality_report_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

static bool read_options(demucs_quality_report_options *options, const demucs_quality_report_options *given,
                         demucs_error *error)
{
    *options = defaults();
    if (given != NULL && !dmx_options_take(options, sizeof *options, given, given->struct_size))
        return !dmx_options_unknown("demucs_quality_report_options_init", error);
    return (options->mp3_bitrate_kbps >= 8 && options->mp3_bitrate_kbps <= 320) ||
           !dmx_options_range(error, "mp3_bitrate_kbps", options->mp3_bitrate_kbps, "from 8 to 320");
}

static bool build(demucs_quality_report *self, const char *path, demucs_error *error)
{
    static const char ending[] = ".sound";
    const size_t size = strlen(path) + sizeof ending;
    self->path = dmx_strdup(path);
    self->sound_path = dmx_alloc(size, 1);
    if (self->path == NULL || self->sound_path == NULL)
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to write a report");
    snprintf(self->sound_path, size, "%s%s", path, ending);
    return dmx_file_create(&self->page.file, path, error) == DEMUCS_OK;
}

demucs_status demucs_quality_report_create(demucs_quality_report **report, const char *path,
                                           const demucs_quality_report_options *options, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_quality_report_options read;
    *report = NULL;
    if (path == NULL || path[0] == '\0') dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "the report has no path");
    if (why.status == DEMUCS_OK && read_options(&read, options, &why)) {
        demucs_quality_report *self = dmx_alloc(1, sizeof *self);
        if (self != NULL) self->options = read;
        if (self == NULL) {
            dmx_fail(&why, DEMUCS_ERROR_MEMORY, "not enough memory to write a report");
        } else if (build(self, path, &why)) {
            dmx_report_head(&self->page);
            *report = self;
        } else {
            demucs_quality_report_discard(self);
        }
    }
    if (error != NULL) *error = why;
    return why.status;
}

void demucs_quality_report_discard(demucs_quality_report *report)
{
    if (report == NULL) return;
    dmx_file_discard(report->page.file);
    dmx_free(report->path);
    dmx_free(report->sound_path);
    dmx_free(report);
}

static bool add(demucs_quality_report *self, const char *track, const demucs_quality_signal *signals, size_t count,
                const demucs_quality *quality, demucs_error *error)
{
    dmx_page *page = &self->page;
    const bool embed = dmx_report_has_room(self, signals, count);
    char length[DMX_PAGE_NUMBER];
    self->tracks++;
    dmx_page_print(page, "<section>\n<h2>");
    dmx_page_text(page, track);
    dmx_page_print(page, "</h2>\n");
    if (quality != NULL) {
        dmx_page_print(page, "<p class=\"soft\">%s, %d Hz, %d channel%s</p>\n", dmx_page_time(length, quality->seconds),
                       quality->sample_rate_hz, quality->channels, quality->channels == 1 ? "" : "s");
        dmx_report_outliers(page, quality);
    }
    if (!embed)
        dmx_page_print(page,
                       "<p class=\"soft\">This track is too long for its sound to be in the page: the players play "
                       "the files themselves, as long as they stay where they are.</p>\n");
    for (size_t i = 0; i < count; i++)
        if (!dmx_report_signal(self, &signals[i], quality, embed, error)) return false;
    if (quality != NULL) dmx_report_tables(page, quality);
    dmx_page_print(page, "</section>\n");
    return true;
}

demucs_status demucs_quality_report_add(demucs_quality_report *report, const char *track,
                                        const demucs_quality_signal *signals, size_t count,
                                        const demucs_quality *quality, demucs_error *error)
{
    if (report->failure.status == DEMUCS_OK) add(report, track, signals, count, quality, &report->failure);
    if (error != NULL) *error = report->failure;
    return report->failure.status;
}

demucs_status demucs_quality_report_commit(demucs_quality_report *report, demucs_error *error)
{
    if (report->failure.status == DEMUCS_OK) {
        dmx_report_foot(&report->page);
        dmx_file_commit(report->page.file, &report->failure);
        report->page.file = NULL;
    }
    const demucs_error why = report->failure;
    demucs_quality_report_discard(report);
    if (error != NULL) *error = why;
    return why.status;
}
