/* report.h - the parts of a report: one track's signals, and its figures in tables. */
#ifndef DMX_QUALITY_REPORT_H
#define DMX_QUALITY_REPORT_H

#include "demucs_quality.h"
#include "tracks/quality/page.h"

/* A page under way. */
struct demucs_quality_report {
    demucs_quality_report_options options;
    dmx_page page;
    char *path, *sound_path; /* of the page; a name beside it for sound on its way */
    double sound_bytes;      /* in the page so far */
    int tracks;
    demucs_error failure; /* the first */
};

/* The beginning and the end of the page. */
void dmx_report_head(dmx_page *page);
void dmx_report_foot(dmx_page *page);

/* Whether the sound of these signals fits into the page. */
bool dmx_report_has_room(const demucs_quality_report *report, const demucs_quality_signal *signals, size_t count);

/* Pictures and player of a signal, with its figures; `embed`: its sound goes into the page. */
bool dmx_report_signal(demucs_quality_report *report, const demucs_quality_signal *signal,
                       const demucs_quality *quality, bool embed, demucs_error *error);

/* What is unusual; and all figures in tables. */
void dmx_report_outliers(dmx_page *page, const demucs_quality *quality);
void dmx_report_tables(dmx_page *page, const demucs_quality *quality);

#endif
