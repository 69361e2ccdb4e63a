/* rows.h - the inside of demucs_run: its tracks, and who tells the caller about them. */
#ifndef DMX_RUNS_ROWS_H
#define DMX_RUNS_ROWS_H

#include "base/error.h"
#include "demucs_runs.h"

#include <pthread.h>
#include <stdatomic.h>

enum { DMX_RUNS_AT_ONCE = 64 }; /* tracks at once, at most */

/* A track of a run. */
typedef struct dmx_runs_track {
    demucs_runs_row row; /* its texts, too, belong to this */
    struct demucs_run *run;
    char *output;   /* the folder of its files */
    char *problem;  /* NULL, or why there is no track */
    double start;   /* dmx_clock_seconds of its begin */
    double network; /* and of the network's */
    bool late;      /* it took longer than it may */
    bool begun;     /* which is told once, also of a track whose turn comes again */
    bool together;  /* other tracks were under way when it began */
} dmx_runs_track;

struct demucs_run {
    demucs_tracks_request request; /* the template */
    demucs_runs_options options;
    demucs_tracks_batch *batch; /* its own, or NULL */
    dmx_runs_track *tracks;     /* [count] */
    size_t count;
    bool used;
    bool ordered;                            /* tracks replace one another: they come one by one */
    atomic_bool stopped;                     /* no track begins any more */
    pthread_mutex_t lock;                    /* of the caller's function */
    pthread_mutex_t turn;                    /* of what follows, so that tracks begin in their order */
    size_t next;                             /* the track that begins next, when none waits below */
    dmx_runs_track *again[DMX_RUNS_AT_ONCE]; /* [again_count] tracks whose turn comes again, the last first */
    size_t again_count;
    int workers;     /* threads that separate */
    bool told_fewer; /* that they have become fewer */
};

/* Whether the run is to end, for whatever reason. */
bool dmx_runs_stopped(const demucs_run *self);

/* Tell the caller. */
void dmx_runs_tell(dmx_runs_track *track, demucs_runs_event_kind kind, const demucs_tracks_event *event);

/* Tell that memory is short for this track. */
void dmx_runs_tell_fewer(dmx_runs_track *track);

/* The request of a track. */
demucs_tracks_request dmx_runs_request(dmx_runs_track *track);

/* Give a row its outcome, and tell. The reason is copied. */
void dmx_runs_close(dmx_runs_track *track, demucs_runs_outcome outcome, demucs_status status, const char *reason);

#endif
