/* given.c - see given.h */
#include "given.h"

#include "base/text.h"
#include "common/interrupt.h"
#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A track is a file and the name that it is given by, since its results are called by that name: one song under two
 * names, as with hard links that save disk space, is two tracks. */
typedef struct file {
    dev_t device;
    ino_t inode;
    const char *name; /* without its folder */
    int place;        /* in the list of tracks */
} file;

static bool same(const file *a, const file *b)
{
    return a->device == b->device && a->inode == b->inode && strcmp(a->name, b->name) == 0;
}

/* By track, then by place. */
static int compare(const void *left, const void *right)
{
    const file *a = left, *b = right;
    if (a->device != b->device) return a->device < b->device ? -1 : 1;
    if (a->inode != b->inode) return a->inode < b->inode ? -1 : 1;
    const int names = strcmp(a->name, b->name);
    return names != 0 ? names : (a->place > b->place) - (a->place < b->place);
}

static void say_same(const char *track, const char *first)
{
    char shown[DMX_SHOWN_PATH], shown_first[DMX_SHOWN_PATH];
    fprintf(stderr, "note: %s is the same file as %s: separated once.\n", dmx_printable_path(shown, track),
            dmx_printable_path(shown_first, first));
}

/* Keep the tracks that are not NULL. */
static void close_gaps(separate_options *options)
{
    int kept = 0;
    for (int i = 0; i < options->tracks_count; i++)
        if (options->tracks[i] != NULL) options->tracks[kept++] = options->tracks[i];
    options->tracks_count = kept;
}

/* Only regular files: what a FIFO gives the second time is something else. */
void given_once(separate_options *options)
{
    const int count = options->tracks_count;
    file *files = memory_new((size_t)count, sizeof *files);
    int *first = memory_new((size_t)count, sizeof *first); /* [count] place of the same file before, or itself */
    size_t known = 0;
    for (int i = 0; i < count; i++) {
        const char *track = options->tracks[i], *slash = strrchr(track, '/');
        struct stat info;
        first[i] = i;
        if (stat(track, &info) == 0 && S_ISREG(info.st_mode))
            files[known++] = (file){info.st_dev, info.st_ino, slash != NULL ? slash + 1 : track, i};
    }
    qsort(files, known, sizeof *files, compare);
    for (size_t i = 1; i < known; i++)
        if (same(&files[i - 1], &files[i])) first[files[i].place] = first[files[i - 1].place];
    for (int i = 0; i < count; i++)
        if (first[i] != i) say_same(options->tracks[i], options->tracks[first[i]]);
    for (int i = 0; i < count; i++)
        if (first[i] != i) options->tracks[i] = NULL;
    close_gaps(options);
    free(files);
    free(first);
}

bool given_reserve(separate_options *options, demucs_tracks_request *request)
{
    const bool strict = request->collision == DEMUCS_TRACKS_COLLISION_FAIL;
    int wrong = 0;
    for (int i = 0; i < options->tracks_count && interrupt_signal() == 0; i++) {
        demucs_tracks_result *planned = NULL;
        demucs_error why;
        request->input = options->tracks[i];
        if (access(request->input, F_OK) != 0) continue; /* it takes no place from another */
        if (demucs_tracks_reserve(request, &planned, &why) != DEMUCS_OK) {
            /* else it fails when its turn comes */
            if (strict && interrupt_signal() == 0) fprintf(stderr, "error: %s\n", why.message);
            wrong += strict;
        } else if (planned->files_count == 0) {
            options->tracks[i] = NULL;
        }
        demucs_tracks_result_free(planned);
    }
    close_gaps(options);
    return wrong == 0;
}
