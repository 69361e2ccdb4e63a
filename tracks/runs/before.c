/* before.c - see before.h */
#include "tracks/runs/before.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A track is a file and where its results lie, which follows from its name: one song under two names, as with hard
 * links that save disk space, is two tracks. */
typedef struct file {
    dev_t device;
    ino_t inode;
    const char *name;   /* without its folder */
    const char *output; /* folder of the results */
    size_t place;       /* in the list */
} file;

/* By track. */
static int compare_tracks(const file *a, const file *b)
{
    if (a->device != b->device) return a->device < b->device ? -1 : 1;
    if (a->inode != b->inode) return a->inode < b->inode ? -1 : 1;
    const int names = strcmp(a->name, b->name);
    return names != 0 ? names : strcmp(a->output, b->output);
}

/* By track, then by place. */
static int compare(const void *left, const void *right)
{
    const file *a = left, *b = right;
    const int tracks = compare_tracks(a, b);
    return tracks != 0 ? tracks : (a->place > b->place) - (a->place < b->place);
}

static void close_same(dmx_runs_track *track, const dmx_runs_track *first)
{
    char shown[DMX_SHOWN_PATH], shown_first[DMX_SHOWN_PATH], reason[2 * DMX_SHOWN_PATH + 64];
    snprintf(reason, sizeof reason, "%s is the same file as %s: separated once",
             dmx_printable_path(shown, track->row.path), dmx_printable_path(shown_first, first->row.path));
    dmx_runs_close(track, DEMUCS_RUNS_SKIPPED, DEMUCS_OK, reason);
}

/* Only regular files: what a FIFO gives the second time is something else. */
static bool close_repeated(demucs_run *self, demucs_error *error)
{
    file *files = dmx_alloc(self->count, sizeof *files);
    size_t *first = dmx_alloc(self->count, sizeof *first); /* [count] place of the same file before, or itself */
    const bool done = files != NULL && first != NULL;
    size_t known = 0;
    for (size_t i = 0; done && i < self->count; i++) {
        const dmx_runs_track *track = &self->tracks[i];
        const char *slash = strrchr(track->row.path, '/'), *name = slash != NULL ? slash + 1 : track->row.path;
        struct stat info;
        first[i] = i;
        if (track->problem == NULL && stat(track->row.path, &info) == 0 && S_ISREG(info.st_mode))
            files[known++] = (file){info.st_dev, info.st_ino, name, track->output, i};
    }
    if (done) qsort(files, known, sizeof *files, compare);
    for (size_t i = 1; i < known; i++)
        if (compare_tracks(&files[i - 1], &files[i]) == 0) first[files[i].place] = first[files[i - 1].place];
    for (size_t i = 0; done && i < self->count; i++)
        if (first[i] != i) close_same(&self->tracks[i], &self->tracks[first[i]]);
    dmx_free(files);
    dmx_free(first);
    return done || !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the tracks of a run");
}

/* Keep the places of a track for it. One that cannot have them fails now, with COLLISION_FAIL, or when its turn comes.
 */
static bool reserve(dmx_runs_track *track)
{
    const bool strict = track->run->request.collision == DEMUCS_TRACKS_COLLISION_FAIL;
    const demucs_tracks_request request = dmx_runs_request(track);
    demucs_tracks_result *planned = NULL;
    demucs_error why;
    if (track->problem != NULL || access(request.input, F_OK) != 0) return true; /* it takes no place from another */
    const bool done = demucs_tracks_reserve(&request, &planned, &why) == DEMUCS_OK;
    if (!done && strict && why.status != DEMUCS_ERROR_CANCELLED)
        dmx_runs_close(track, DEMUCS_RUNS_FAILED, why.status, why.message);
    for (size_t i = 0; done && i < planned->warnings_count; i++)
        if (planned->warnings[i]->kind == DEMUCS_TRACKS_EVENT_COLLISION) track->run->ordered = true;
    if (done && planned->files_count == 0)
        dmx_runs_close(track, DEMUCS_RUNS_SKIPPED, DEMUCS_OK,
                       planned->warnings_count > 0 ? planned->warnings[0]->text : "another track has its place");
    demucs_tracks_result_free(planned);
    return done || !strict;
}

bool dmx_runs_before(demucs_run *self, demucs_error *error)
{
    size_t wrong = 0;
    if (!close_repeated(self, error)) return false;
    for (size_t i = 0; i < self->count && !dmx_runs_stopped(self); i++)
        if (self->tracks[i].row.outcome == DEMUCS_RUNS_WAITING) wrong += !reserve(&self->tracks[i]);
    self->ordered = self->ordered && self->request.collision == DEMUCS_TRACKS_COLLISION_OVERWRITE;
    if (wrong == 0 || dmx_runs_stopped(self)) return true;
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%zu tracks cannot be written where they should be: none was begun",
                     wrong);
}
