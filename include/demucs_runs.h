/* demucs_runs.h - many tracks on one engine: which ones, one after the other or several at once, and what became of
 * each.
 *
 *   demucs_runs_list *list = NULL;
 *   demucs_run *run = NULL;
 *   demucs_runs_search search;
 *   demucs_runs_search_init(&search, sizeof search);
 *   search.recursive = true;
 *   demucs_runs_list_create(&list, &error);
 *   demucs_runs_list_add(list, "albums", &search, &error);       (a folder; or a file)
 *   demucs_run_create(&run, &request, list, NULL, &error);       (a request of demucs_tracks.h without its input)
 *   demucs_run_separate(run, &error);
 *   for (size_t i = 0; i < demucs_run_count(run); i++) puts(demucs_run_row(run, i)->path);
 *   demucs_run_free(run);
 *   demucs_runs_list_free(list);
 *
 * A track that fails has a row that says why, and the next one begins. What comes out is the same, bit for bit and file
 * for file, however many tracks are separated at once.
 *
 * Conventions are those of demucs.h: functions that can fail return a demucs_status and take, last, a demucs_error that
 * may be NULL.
 */
#ifndef DEMUCS_RUNS_H
#define DEMUCS_RUNS_H

#include "demucs_tracks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------ list ---- */

/* The tracks of a run, in order. Used by one thread at a time. */
typedef struct demucs_runs_list demucs_runs_list;

/* How folders are searched. What is hidden (its name begins with a dot) is left out, and so is what is neither a
 * regular file nor a link to one. Links to folders are not followed, so there are no loops. The order is that of the
 * bytes of the names: first the files of a folder, then those of its folders, one folder after the other. */
typedef struct demucs_runs_search {
    size_t struct_size;        /* set by demucs_runs_search_init */
    bool recursive;            /* go into the folders of a folder. Default false */
    const char *glob;          /* NULL (default): files with the ending of an audio or video file; or a pattern of the
                                  shell (* ? [...]): for the name of the file or, when it has a slash, for the path below
                                  the folder. Upper and lower case differ */
    const char *const *except; /* [except_count] NULL (default), or folders that are not gone into, wherever they are
                                  met, such as those of results; they need not be there */
    size_t except_count;
} demucs_runs_search;

DEMUCS_API void demucs_runs_search_init(demucs_runs_search *search, size_t struct_size);

/* A track of a list. A later version may add fields at the end. */
typedef struct demucs_runs_item {
    const char *path;    /* of the track; of what the problem is about, if there is one */
    const char *folder;  /* "disc 1/live": where it lies below the folder that was added. Its files go to the same place
                            below the request's folder. "" for what was added by itself */
    const char *problem; /* NULL, or a sentence: why there is no track here. It fails in a run */
} demucs_runs_item;

/* Create an empty list. Errors: MEMORY. */
DEMUCS_API demucs_status demucs_runs_list_create(demucs_runs_list **list, demucs_error *error);
DEMUCS_API void demucs_runs_list_free(demucs_runs_list *list);

/* Add a file, whatever it is called and whether it is there or not, or the tracks of a folder. A folder that cannot be
 * read, or without a track, becomes an item with a problem.
 *   search  NULL (the defaults), or how a folder is searched
 * Errors: ARGUMENT (an empty path, a search of another version), MEMORY; the list is then as it was. */
DEMUCS_API demucs_status demucs_runs_list_add(demucs_runs_list *list, const char *path,
                                              const demucs_runs_search *search, demucs_error *error);

/* Add what the lines of a text file name, each as demucs_runs_list_add does; "-" is standard input. A line ends in LF
 * or CR LF, the last one also without; a byte order mark at the front is skipped. Lines without a character other than
 * blanks, and those that begin with #, say nothing; blanks are part of a name ("./# 1.wav" for one that begins with #).
 * Relative paths begin at the working folder, not at the file's. Errors: IO; FORMAT when it is no text: a zero byte, a
 * line of more than 64 KiB; MEMORY. The list is then as it was. */
DEMUCS_API demucs_status demucs_runs_list_read(demucs_runs_list *list, const char *file,
                                               const demucs_runs_search *search, demucs_error *error);

DEMUCS_API size_t demucs_runs_list_count(const demucs_runs_list *list);

/* An item, with `index` below the count; it lasts until the list is freed. */
DEMUCS_API const demucs_runs_item *demucs_runs_list_at(const demucs_runs_list *list, size_t index);

/* Whether a file that is to be written beside the stems, such as a log, is none of the tracks, whatever it is called:
 * one of them would be lost. `list` may be NULL. Errors: ARGUMENT: it is one. */
DEMUCS_API demucs_status demucs_runs_list_check_target(const demucs_runs_list *list, const char *path,
                                                       demucs_error *error);

/* ------------------------------------------------------------------------------------------------------- run ---- */

/* A later version may add outcomes. */
typedef enum demucs_runs_outcome {
    DEMUCS_RUNS_WAITING = 0, /* not yet, or under way */
    DEMUCS_RUNS_DONE,
    DEMUCS_RUNS_CACHED,  /* the request's cache had the files */
    DEMUCS_RUNS_SKIPPED, /* left out: `reason` says why. With a result: the files were there (skip_existing) */
    DEMUCS_RUNS_FAILED,
    DEMUCS_RUNS_CANCELLED, /* the run ended before it */
    DEMUCS_RUNS_OUTCOMES
} demucs_runs_outcome;

/* What became of a track. A later version may add fields at the end. */
typedef struct demucs_runs_row {
    const char *path, *folder; /* those of the item */
    demucs_runs_outcome outcome;
    demucs_status status;               /* of FAILED and CANCELLED */
    const char *reason;                 /* one sentence; NULL when it is DONE or WAITING */
    bool missing;                       /* FAILED, since there is no such file */
    double seconds;                     /* how long it took */
    const demucs_tracks_result *result; /* of DONE and CACHED, and of files that were there; else NULL */
} demucs_runs_row;

typedef enum demucs_runs_event_kind {
    DEMUCS_RUNS_EVENT_BEGIN = 0, /* a track begins. One that is not there, or is left out, does not */
    DEMUCS_RUNS_EVENT_TRACK,     /* `track`: an event of the track's own. COLLISION comes before the first BEGIN */
    DEMUCS_RUNS_EVENT_END,       /* the row has its outcome. That of a track that is left out comes before the first
                                    BEGIN; there is none for tracks that the run did not come to */
    DEMUCS_RUNS_EVENT_FEWER      /* `text`: there was no memory for this track beside the others, so fewer are separated
                                    at the same time from here on, and its turn comes again. Told once in a run */
} demucs_runs_event_kind;

/* What happens on the way. A later version may add kinds, and fields at the end. */
typedef struct demucs_runs_event {
    demucs_runs_event_kind kind;
    size_t index; /* of the row */
    const demucs_runs_row *row;
    const demucs_tracks_event *track; /* of TRACK; else NULL */
    const char *text;                 /* of FEWER: one sentence; else NULL */
} demucs_runs_event;

/* Called in any of the threads of the run, but never in two at the same time. Return true to end the run: tracks under
 * way are cancelled, and no other begins. */
typedef bool (*demucs_runs_event_fn)(const demucs_runs_event *event, void *user);

typedef struct demucs_runs_options {
    size_t struct_size; /* set by demucs_runs_options_init */
    int at_once; /* 1..64: how many tracks are separated at the same time, each a stream of the engine in a thread of
                    its own. One reads or writes while others compute; each takes memory and, for its temporary
                    files, disk space of its own. Default 1; demucs_fit.h knows how many have room. A track for which
                    there is no memory beside the others, when it begins, waits until one of these is done */
    demucs_runs_event_fn event; /* NULL (default), or a function that is told what happens */
    void *event_user;           /* handed to it */
    const char *summary;    /* NULL (default), or a file that appears when the run ends, however it ends: what became of
                               each track, as JSON (docs/summary.schema.json). Has to last as long as the run */
    double timeout_seconds; /* 0 (default): none; or how long a track may take, without the time in which it waits for
                               its turn to begin. One that takes longer is cancelled after the segment under way, and
                               has FAILED */
    const char *model_name; /* NULL (default), or what summary and log call the model, whose digest they have anyway.
                               Has to last as long as the run */
} demucs_runs_options;

DEMUCS_API void demucs_runs_options_init(demucs_runs_options *options, size_t struct_size);

typedef struct demucs_run demucs_run;

/* Create a run of the tracks of a list, which is copied.
 *   request  what is asked of each track: all but `input`, `event` and `event_user`, which play no part. What it points
 *            to has to last as long as the run. `folder` is the one that the items' folders go below. Without a `batch`
 *            the run has one of its own. `targets` are for one track: use separate requests
 *   options  NULL: the defaults
 * Errors: ARGUMENT (also a summary that is one of the tracks), MEMORY. */
DEMUCS_API demucs_status demucs_run_create(demucs_run **run, const demucs_tracks_request *request,
                                           const demucs_runs_list *list, const demucs_runs_options *options,
                                           demucs_error *error);
DEMUCS_API void demucs_run_free(demucs_run *run);

/* Separate all tracks. Once for a run; returns when no track is under way any more. First, before any work, a file that
 * the list has twice, by way of another folder or a link too, is left out the second time, unless it has another name
 * or other results there; and tracks that would be written to the same place get what request->collision says. With
 * OVERWRITE and such tracks they come one after the other, since the last one is to win. Returns OK when the run came
 * to its end, whatever its rows say.
 * Errors: CANCELLED (the event function, request->cancel), ARGUMENT (used before; tracks that exclude each other with
 * DEMUCS_TRACKS_COLLISION_FAIL: these failed, no track began), IO (the summary), MEMORY. */
DEMUCS_API demucs_status demucs_run_separate(demucs_run *run, demucs_error *error);

/* The rows: one an item of the list, in that order, with `index` below the count. They belong to the run. While it is
 * under way, they are for the event function. */
DEMUCS_API size_t demucs_run_count(const demucs_run *run);
DEMUCS_API const demucs_runs_row *demucs_run_row(const demucs_run *run, size_t index);

/* An event as a line of JSON, without its end (docs/log.schema.json), in `line` of `size` bytes: when a track begins;
 * of a segment that is done, how far the track is; a warning; and, when a track has its outcome, a record of it. Never
 * audio.
 *   names  also tell paths, and sentences that may have paths in them; else neither, and no name of a model that is a
 *          path
 * Returns the length of the line, or 0 for an event that has none. A line that does not fit, which takes `size` to be
 * more than its length, is not written, "" is. For the event function, while it runs. The record of a track reads the
 * input once more, for its sum, unless a cache has made it. */
DEMUCS_API size_t demucs_run_event_line(const demucs_run *run, const demucs_runs_event *event, bool names, char *line,
                                        size_t size);

/* How many rows have this outcome. */
DEMUCS_API size_t demucs_run_tally(const demucs_run *run, demucs_runs_outcome outcome);

#ifdef __cplusplus
}
#endif

#endif
