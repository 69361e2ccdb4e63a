/* run.c - demucs_run_separate: each thread takes the next track of the list until none is left.
 *
 * Whose turn it is in the engine is the engine's business; here is only who begins when. What a track becomes depends
 * on its request and on what was reserved for it before the first began, and so not on how many run at once.
 *
 * A track for which there is no memory beside the others gives its thread up: one of the others takes it when it is
 * done. So there are as many threads as have room, and the last of them has all of it. */
#include "base/clock.h"
#include "tracks/runs/before.h"
#include "tracks/runs/json.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether there is something to separate; else it fails. */
static bool is_there(dmx_runs_track *track)
{
    demucs_error why = {DEMUCS_OK, ""};
    char shown[DMX_SHOWN_PATH], reason[DMX_REASON];
    if (track->problem != NULL)
        dmx_fail(&why, DEMUCS_ERROR_IO, "%s", track->problem);
    else if (access(track->row.path, F_OK) == 0)
        return true;
    else if (errno == ENOENT || errno == ENOTDIR) {
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "File %s does not exist.", track->row.path);
        track->row.missing = true;
    } else
        dmx_fail(&why, DEMUCS_ERROR_IO, "cannot read %s: %s", dmx_printable_path(shown, track->row.path),
                 dmx_reason(reason, errno));
    dmx_runs_close(track, DEMUCS_RUNS_FAILED, why.status, why.message);
    return false;
}

static void fail_late(dmx_runs_track *track)
{
    demucs_error why = {DEMUCS_OK, ""};
    char shown[DMX_SHOWN_PATH];
    dmx_fail(&why, DEMUCS_ERROR_CANCELLED, "%s took longer than %g s, which is the limit for a track",
             dmx_printable_path(shown, track->row.path), track->run->options.timeout_seconds);
    dmx_runs_close(track, DEMUCS_RUNS_FAILED, why.status, why.message);
}

/* Its turn can come again: what goes through a pipe may have been read. */
static bool can_wait(const dmx_runs_track *track)
{
    struct stat info;
    return track->together && !dmx_runs_stopped(track->run) && stat(track->row.path, &info) == 0 &&
           S_ISREG(info.st_mode);
}

/* False when there was no memory for it beside others, and its turn is to come again. */
static bool separate(dmx_runs_track *track)
{
    const demucs_tracks_request request = dmx_runs_request(track);
    demucs_tracks_result *result = NULL;
    demucs_error why = {DEMUCS_OK, ""};
    track->start = dmx_clock_seconds();
    const demucs_status status = demucs_tracks_separate(&request, &result, &why);
    track->row.seconds = dmx_clock_seconds() - track->start;
    if (status == DEMUCS_ERROR_MEMORY && can_wait(track)) return false;
    track->row.result = result;
    if (status == DEMUCS_OK && result->outcome == DEMUCS_TRACKS_SKIPPED)
        dmx_runs_close(track, DEMUCS_RUNS_SKIPPED, status, "its files are there, whole, and newer than the track");
    else if (status == DEMUCS_OK)
        dmx_runs_close(track, result->outcome == DEMUCS_TRACKS_CACHED ? DEMUCS_RUNS_CACHED : DEMUCS_RUNS_DONE, status,
                       NULL);
    else if (status == DEMUCS_ERROR_CANCELLED && track->late && !dmx_runs_stopped(track->run))
        fail_late(track);
    else
        dmx_runs_close(track, status == DEMUCS_ERROR_CANCELLED ? DEMUCS_RUNS_CANCELLED : DEMUCS_RUNS_FAILED, status,
                       why.message);
    return true;
}

/* With the lock of the turn. */
static dmx_runs_track *take_next(demucs_run *self)
{
    dmx_runs_track *track = NULL;
    if (self->again_count > 0 && !dmx_runs_stopped(self)) return self->again[--self->again_count];
    while (track == NULL && self->next < self->count && !dmx_runs_stopped(self)) {
        track = &self->tracks[self->next++];
        if (track->row.outcome != DEMUCS_RUNS_WAITING || !is_there(track)) track = NULL;
    }
    return track;
}

/* Begin with the next track that waits and is there. NULL: there is none, and the thread has one worker less. */
static dmx_runs_track *begin_next(demucs_run *self)
{
    pthread_mutex_lock(&self->turn);
    dmx_runs_track *track = take_next(self);
    if (track != NULL) {
        track->together = self->workers > 1;
        if (!track->begun) dmx_runs_tell(track, DEMUCS_RUNS_EVENT_BEGIN, NULL);
        track->begun = true;
    } else {
        self->workers--;
    }
    pthread_mutex_unlock(&self->turn);
    return track;
}

/* Leave a track to the others, and the thread with it; where the others are done meanwhile, it goes on, and takes the
 * track again. */
static bool leave_to_others(demucs_run *self, dmx_runs_track *track)
{
    pthread_mutex_lock(&self->turn);
    self->again[self->again_count++] = track;
    const bool others = self->workers > 1;
    if (others) self->workers--;
    if (others && !self->told_fewer) dmx_runs_tell_fewer(track);
    self->told_fewer = self->told_fewer || others;
    pthread_mutex_unlock(&self->turn);
    return others;
}

static void *work(void *user)
{
    demucs_run *self = user;
    for (dmx_runs_track *track; (track = begin_next(self)) != NULL;)
        if (!separate(track) && leave_to_others(self, track)) break;
    return NULL;
}

/* Another thread, counted before it can begin. */
static bool start_worker(demucs_run *self, pthread_t *thread)
{
    pthread_mutex_lock(&self->turn);
    self->workers++;
    pthread_mutex_unlock(&self->turn);
    if (pthread_create(thread, NULL, work, self) == 0) return true;
    pthread_mutex_lock(&self->turn);
    self->workers--;
    pthread_mutex_unlock(&self->turn);
    return false;
}

/* The caller's thread is one of them, so that one track at a time needs no other. Where the system gives fewer threads,
 * fewer tracks run at once. */
static void work_together(demucs_run *self)
{
    pthread_t threads[DMX_RUNS_AT_ONCE];
    const size_t waiting = demucs_run_tally(self, DEMUCS_RUNS_WAITING);
    const size_t wanted = self->ordered ? 1 : (size_t)self->options.at_once;
    const size_t most = wanted < waiting ? wanted : waiting;
    size_t others = 0;
    self->workers = 1;
    while (others + 1 < most && start_worker(self, &threads[others])) others++;
    work(self);
    while (others > 0) pthread_join(threads[--others], NULL);
}

/* Begin the summary, so that one that cannot be written is found before the work. */
static bool open_summary(demucs_run *self, dmx_file **file, demucs_error *error)
{
    const char *path = self->options.summary;
    return path == NULL || (demucs_tracks_batch_protect(self->request.batch, path, error) == DEMUCS_OK &&
                            dmx_file_create_through(file, path, error) == DEMUCS_OK);
}

static void close_summary(demucs_run *self, double seconds, dmx_file *file, demucs_error *error)
{
    if (file == NULL) return;
    if (dmx_runs_write_summary(self, seconds, file, error))
        dmx_file_commit(file, error);
    else
        dmx_file_discard(file);
}

/* A run that was not used before. */
static void run_all(demucs_run *self, demucs_error *error)
{
    const double start = dmx_clock_seconds();
    dmx_file *summary = NULL;
    demucs_error written = {DEMUCS_OK, ""};
    if (open_summary(self, &summary, error) && dmx_runs_before(self, error)) work_together(self);
    for (size_t i = 0; i < self->count; i++)
        if (self->tracks[i].row.outcome == DEMUCS_RUNS_WAITING)
            dmx_runs_close(&self->tracks[i], DEMUCS_RUNS_CANCELLED, DEMUCS_ERROR_CANCELLED,
                           "the run ended before this track");
    close_summary(self, dmx_clock_seconds() - start, summary, &written);
    if (dmx_runs_stopped(self)) dmx_fail(error, DEMUCS_ERROR_CANCELLED, "the run was cancelled");
    if (written.status != DEMUCS_OK) dmx_fail(error, written.status, "%s", written.message);
}

demucs_status demucs_run_separate(demucs_run *run, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    if (run == NULL || run->used)
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, run == NULL ? "there is no run" : "the run was used before");
    else {
        run->used = true;
        run_all(run, &why);
    }
    if (error != NULL) *error = why;
    return why.status;
}
