/* follow.c - see follow.h
 *
 * One track at a time has a bar of its own. Of several at once, each is said when it begins and when it is done, and
 * the bar is that of the whole run. */
#include "follow.h"

#include "common/interrupt.h"
#include "common/memory.h"
#include "common/output.h"
#include "common/say.h"
#include "keeping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void follow_begin(follow *self, size_t tracks, int at_once, const char *mode)
{
    self->together = at_once > 1 && tracks > 1;
    self->tracks = tracks;
    self->progress.words = strcmp(mode, "plain") == 0;
    self->quiet = strcmp(mode, "json") == 0 || strcmp(mode, "none") == 0;
    self->shares = memory_new(tracks + 1, sizeof *self->shares);
    if (self->together && !self->quiet) bar_begin(&self->progress.bar);
}

void follow_end(follow *self)
{
    bar_end(&self->progress.bar);
    free(self->shares);
}

/* In the official words, and the path as Python writes it: without "." and what is more than one slash. */
static void announce(const char *track)
{
    char *path = memory_text("%s", track), *to = path;
    const char *at = track;
    if (*at == '/') *to++ = '/';
    while (*at != '\0') {
        const size_t length = strcspn(at, "/");
        if (length > 0 && !(length == 1 && *at == '.')) {
            if (to > path && to[-1] != '/') *to++ = '/';
            memmove(to, at, length);
            to += length;
        }
        at += length;
        at += strspn(at, "/");
    }
    *to = '\0';
    say(stdout, "Separating track %s", path[0] != '\0' ? path : ".");
    output_flush();
    free(path);
}

/* ------------------------------------------------------------------------------------------- several at once ---- */

static void draw(follow *self)
{
    double done = 0;
    char words[64];
    for (size_t i = 0; i < self->tracks; i++) done += self->shares[i];
    snprintf(words, sizeof words, "%zu of %zu tracks", self->ended, self->tracks);
    bar_update(&self->progress.bar, self->tracks > 0 ? done / (double)self->tracks : 1, words);
}

static void end_together(follow *self, const demucs_runs_event *event)
{
    char length[32], took[32];
    const demucs_runs_row *row = event->row;
    bar_end(&self->progress.bar);
    self->shares[event->index] = 1;
    self->ended++;
    if (row->outcome == DEMUCS_RUNS_DONE && !self->quiet)
        say_at(SAY_INFO, "%s: %s of audio in %s, %.1fx real time", row->path,
               clock_text(length, sizeof length, row->result->seconds), clock_text(took, sizeof took, row->seconds),
               row->seconds > 0 ? row->result->seconds / row->seconds : 0.0);
}

static void progress_together(follow *self, const demucs_runs_event *event)
{
    const demucs_tracks_event *track = event->track;
    if (track->kind == DEMUCS_TRACKS_EVENT_PROGRESS && track->phase == DEMUCS_TRACKS_SEPARATE && track->total > 0)
        self->shares[event->index] = (double)track->done / (double)track->total;
    if (track->kind != DEMUCS_TRACKS_EVENT_PHASE && track->kind != DEMUCS_TRACKS_EVENT_PROGRESS)
        progress_event(track, &self->progress);
    else
        draw(self);
}

/* ------------------------------------------------------------------------------------------------- the events ---- */

/* What has not been told of a track that ends. */
static void tell_end(follow *self, const demucs_runs_row *row)
{
    if (row->outcome == DEMUCS_RUNS_SKIPPED && row->result == NULL && !self->told)
        say_at(SAY_INFO, "note: %s.", row->reason != NULL ? row->reason : row->path);
    if (row->result != NULL && row->outcome != DEMUCS_RUNS_DONE) {
        if (self->together && say_allows(SAY_INFO)) say_part(stderr, "%s: ", row->path);
        keeping_tell(row->result);
    }
    if (row->outcome == DEMUCS_RUNS_FAILED && interrupt_signal() == 0)
        say(stderr, "error: %s%s", row->reason != NULL ? row->reason : "not enough memory",
            row->missing ? " If the path contains spaces, please try again after surrounding the entire path with "
                           "quotes \"\"."
                         : "");
    self->told = false;
}

bool follow_event(const demucs_runs_event *event, void *user)
{
    follow *self = user;
    record_event(&self->record, self->run, event);
    switch (event->kind) {
    case DEMUCS_RUNS_EVENT_BEGIN:
        if (self->together) bar_end(&self->progress.bar);
        announce(event->row->path);
        if (!self->together && !self->quiet) progress_begin(&self->progress);
        break;
    case DEMUCS_RUNS_EVENT_TRACK:
        self->told = event->track->kind == DEMUCS_TRACKS_EVENT_COLLISION;
        if (self->timed == event->index + 1 || self->timed == 0) {
            self->timed = event->index + 1;
            device_follow(&self->device, event->track, &self->progress);
        }
        if (self->quiet &&
            (event->track->kind == DEMUCS_TRACKS_EVENT_PHASE || event->track->kind == DEMUCS_TRACKS_EVENT_PROGRESS))
            break;
        if (self->together)
            progress_together(self, event);
        else
            progress_event(event->track, &self->progress);
        break;
    case DEMUCS_RUNS_EVENT_END:
        if (self->timed == event->index + 1) { /* the next track takes its place, if need be */
            self->timed = 0;
            self->device.start = 0;
        }
        if (self->together)
            end_together(self, event);
        else
            progress_end(&self->progress, event->row->outcome == DEMUCS_RUNS_DONE && !self->quiet);
        tell_end(self, event->row);
        break;
    case DEMUCS_RUNS_EVENT_FEWER:
        bar_end(&self->progress.bar);
        say_at(SAY_INFO, "note: %s.", event->text);
        break;
    default: break;
    }
    return interrupt_signal() != 0;
}

/* -------------------------------------------------------------------------------------------------- the end ---- */

/* Whether a warning is about the track itself, and to be said once more in the end. */
static bool is_flaw(const demucs_tracks_warning *warning)
{
    return warning->kind == DEMUCS_TRACKS_EVENT_DAMAGED || warning->kind == DEMUCS_TRACKS_EVENT_NOT_FINITE ||
           warning->kind == DEMUCS_TRACKS_EVENT_SHORT;
}

static bool is_flawed(const demucs_runs_row *row)
{
    bool found = false;
    for (size_t i = 0; row->result != NULL && i < row->result->warnings_count; i++)
        found = found || is_flaw(row->result->warnings[i]);
    return found;
}

/* Which of many tracks are not what they should be, though they were separated. */
static void name_flawed(const demucs_run *run, size_t tracks)
{
    size_t flawed = 0;
    for (size_t i = 0; i < demucs_run_count(run); i++) flawed += is_flawed(demucs_run_row(run, i));
    if (flawed == 0 || tracks < 2 || !say_allows(SAY_WARNING)) return;
    fprintf(stderr, "%zu of %zu tracks %s damaged or not complete:\n", flawed, tracks, flawed == 1 ? "is" : "are");
    for (size_t i = 0; i < demucs_run_count(run); i++) {
        const demucs_tracks_result *track = demucs_run_row(run, i)->result;
        for (size_t w = 0; track != NULL && w < track->warnings_count; w++)
            if (is_flaw(track->warnings[w])) fprintf(stderr, "    %s\n", track->warnings[w]->text);
    }
}

/* The tracks with an outcome, by name. */
static void name_rows(const demucs_run *run, demucs_runs_outcome outcome)
{
    for (size_t i = 0; i < demucs_run_count(run); i++)
        if (demucs_run_row(run, i)->outcome == outcome) say(stderr, "    %s", demucs_run_row(run, i)->path);
}

/* Twice in the list, or without a place of its own: it does not count. */
static bool is_left_out(const demucs_runs_row *row)
{
    return row->outcome == DEMUCS_RUNS_SKIPPED && row->result == NULL;
}

/* How many of what, unless all were done. */
static void count_rows(const demucs_run *run)
{
    static const struct {
        demucs_runs_outcome outcome;
        const char *word;
    } words[] = {{DEMUCS_RUNS_DONE, "done"},
                 {DEMUCS_RUNS_CACHED, "from the cache"},
                 {DEMUCS_RUNS_SKIPPED, "skipped"},
                 {DEMUCS_RUNS_FAILED, "failed"},
                 {DEMUCS_RUNS_CANCELLED, "not separated"}};
    const char *before = ": ";
    if (!say_allows(SAY_INFO) || demucs_run_count(run) < 2 ||
        demucs_run_tally(run, DEMUCS_RUNS_DONE) == demucs_run_count(run))
        return;
    fprintf(stderr, "%zu tracks", demucs_run_count(run));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t count = demucs_run_tally(run, words[i].outcome);
        if (count == 0) continue;
        fprintf(stderr, "%s%zu %s", before, count, words[i].word);
        before = ", ";
    }
    fprintf(stderr, ".\n");
}

/* The reason of a row that failed, without the name at its front. */
static const char *plain_reason(const demucs_runs_row *row)
{
    const char *reason = row->reason != NULL ? row->reason : "not enough memory";
    const size_t length = strlen(row->path);
    if (row->missing) return "there is no such file";
    if (strncmp(reason, row->path, length) == 0 && reason[length] == ' ') return reason + length + 1;
    if (reason[0] == '\'' && strncmp(reason + 1, row->path, length) == 0 && strncmp(reason + 1 + length, "': ", 3) == 0)
        return reason + length + 4;
    return reason;
}

static void name_failed(const demucs_run *run)
{
    for (size_t i = 0; i < demucs_run_count(run); i++) {
        const demucs_runs_row *row = demucs_run_row(run, i);
        if (row->outcome == DEMUCS_RUNS_FAILED) say(stderr, "    %s: %s", row->path, plain_reason(row));
    }
}

int follow_summarize(const demucs_run *run)
{
    const size_t failed = demucs_run_tally(run, DEMUCS_RUNS_FAILED);
    size_t tracks = 0;
    for (size_t i = 0; i < demucs_run_count(run); i++) tracks += !is_left_out(demucs_run_row(run, i));
    count_rows(run);
    name_flawed(run, tracks);
    if (failed > 0 && tracks > 1) {
        fprintf(stderr, "%zu of %zu tracks failed:\n", failed, tracks);
        name_failed(run);
    }
    if (interrupt_signal() != 0 && demucs_run_tally(run, DEMUCS_RUNS_CANCELLED) > 0) {
        fprintf(stderr, "Interrupted. Not separated:\n");
        name_rows(run, DEMUCS_RUNS_CANCELLED);
    }
    return failed > 0;
}

void follow_name_all(const demucs_runs_list *list)
{
    fprintf(stderr, "Interrupted. Not separated:\n");
    for (size_t i = 0; i < demucs_runs_list_count(list); i++) say(stderr, "    %s", demucs_runs_list_at(list, i)->path);
}
