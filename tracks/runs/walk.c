/* walk.c - see walk.h
 *
 * A folder's names are read first and sorted, so that the order does not depend on the file system, and no folder is
 * open while those in it are looked at: a deep tree takes no open files. */
#include "tracks/runs/walk.h"

#include "base/alloc.h"
#include "tracks/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* One search. */
typedef struct walk {
    demucs_runs_list *list;
    const demucs_runs_search *search;
    const char *root; /* without slashes at its end, unless it is one */
    size_t found;     /* tracks and problems */
    bool has_folders; /* that were not gone into */
    demucs_error *error;
} walk;

/* The names in a folder. */
typedef struct names {
    char **all; /* [capacity], `count` of them used */
    size_t count, capacity;
} names;

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the list of tracks");
}

static void clear(names *self)
{
    for (size_t i = 0; i < self->count; i++) dmx_free(self->all[i]);
    dmx_free(self->all);
}

static bool add_name(names *self, const char *name)
{
    void *grown = dmx_make_room(self->all, self->count, &self->capacity, sizeof *self->all);
    if (grown == NULL) return false;
    self->all = grown;
    self->all[self->count] = dmx_strdup(name);
    return self->all[self->count++] != NULL;
}

static int compare(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

/* An item for a folder that is not as it should be. */
static bool add_problem(walk *self, const char *path, const char *folder, const char *problem)
{
    char shown[DMX_SHOWN_PATH];
    char *sentence = dmx_path_print("'%s': %s", dmx_printable_path(shown, path), problem);
    const bool done = sentence != NULL ? dmx_runs_list_append(self->list, path, folder, sentence, self->error)
                                       : no_memory(self->error);
    dmx_free(sentence);
    self->found++;
    return done;
}

/* Read the names in the folder `path`, in order. A folder that cannot be read has none, and becomes an item. */
static bool read_names(walk *self, names *all, const char *path, const char *folder)
{
    DIR *open = opendir(path);
    int failure = open == NULL ? errno : 0;
    bool done = true;
    while (open != NULL && done) {
        errno = 0;
        const struct dirent *entry = readdir(open);
        failure = entry == NULL ? errno : 0;
        if (entry == NULL) break;
        if (entry->d_name[0] != '.' && !add_name(all, entry->d_name)) done = no_memory(self->error);
    }
    if (open != NULL) closedir(open);
    if (failure != 0) {
        char reason[DMX_REASON], problem[DMX_REASON + 40];
        clear(all);
        *all = (names){0};
        snprintf(problem, sizeof problem, "this folder cannot be read: %s", dmx_reason(reason, failure));
        done = add_problem(self, path, folder, problem);
    }
    if (all->count > 0) qsort(all->all, all->count, sizeof *all->all, compare);
    return done;
}

/* Whether the name ends as those of audio and video files do. */
static bool sounds(const char *name)
{
    static const char *const endings[] = {"aac", "ac3", "aif", "aifc", "aiff", "alac", "amr", "ape", "au",   "avi",
                                          "caf", "dff", "dsf", "dts",  "eac3", "flac", "flv", "m4a", "m4b",  "m4v",
                                          "mka", "mkv", "mov", "mp1",  "mp2",  "mp3",  "mp4", "mpc", "mpeg", "mpg",
                                          "oga", "ogg", "ogv", "opus", "ra",   "rm",   "snd", "spx", "tak",  "tta",
                                          "ts",  "voc", "w64", "wav",  "wave", "webm", "wma", "wmv", "wv"};
    const char *ending = dmx_path_extension(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(ending, endings[i]) == 0) return true;
    return false;
}

static bool matches(const walk *self, const char *name, const char *below)
{
    const char *glob = self->search->glob;
    if (glob == NULL) return sounds(name);
    return strchr(glob, '/') != NULL ? fnmatch(glob, below, FNM_PATHNAME) == 0 : fnmatch(glob, name, 0) == 0;
}

/* Whether the folder `path` is one of those that are not gone into. */
static bool is_except(const walk *self, const char *path)
{
    for (size_t i = 0; i < self->search->except_count; i++)
        if (dmx_path_same_file(path, self->search->except[i])) return true;
    return false;
}

/* "folder/name", or the name where there is no folder. */
static char *join(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] != '/' ? "/" : "";
    return dmx_path_print("%s%s%s", folder, slash, name);
}

static bool visit_file(walk *self, const char *path, const char *folder, const char *name)
{
    char *below = join(folder, name);
    if (below == NULL) return no_memory(self->error);
    const bool wanted = matches(self, name, below);
    dmx_free(below);
    self->found += wanted;
    return !wanted || dmx_runs_list_append(self->list, path, folder, NULL, self->error);
}

static bool visit_folder(walk *self, const char *folder);

/* One name of the folder: in the first round the files are taken, in the second the folders. */
static bool visit(walk *self, const char *path, const char *folder, const char *name, bool folders)
{
    struct stat info, behind;
    if (lstat(path, &info) != 0) return true; /* gone meanwhile */
    if (S_ISLNK(info.st_mode) && (stat(path, &behind) != 0 || !S_ISREG(behind.st_mode))) return true;
    if (!folders) return !(S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) || visit_file(self, path, folder, name);
    if (!S_ISDIR(info.st_mode) || is_except(self, path)) return true;
    self->has_folders = true;
    if (!self->search->recursive) return true;
    char *below = join(folder, name);
    const bool done = below != NULL ? visit_folder(self, below) : no_memory(self->error);
    dmx_free(below);
    return done;
}

/* The folder `folder` below the root, "" for the root itself. */
static bool visit_folder(walk *self, const char *folder)
{
    names all = {0};
    char *path = folder[0] != '\0' ? join(self->root, folder) : dmx_strdup(self->root);
    bool done = path != NULL ? read_names(self, &all, path, folder) : no_memory(self->error);
    for (int folders = 0; folders <= 1; folders++)
        for (size_t i = 0; done && i < all.count; i++) {
            char *inside = join(path, all.all[i]);
            done = inside != NULL ? visit(self, inside, folder, all.all[i], folders == 1) : no_memory(self->error);
            dmx_free(inside);
        }
    clear(&all);
    dmx_free(path);
    return done;
}

bool dmx_runs_walk(demucs_runs_list *list, const char *root, const demucs_runs_search *search, demucs_error *error)
{
    size_t length = strlen(root);
    while (length > 1 && root[length - 1] == '/') length--;
    char *plain = dmx_strndup(root, length);
    walk self = {.list = list, .search = search, .root = plain, .error = error};
    bool done = plain != NULL ? visit_folder(&self, "") : no_memory(error);
    if (done && self.found == 0) {
        char problem[400], shown[DMX_SHOWN_PATH];
        const char *deeper = self.has_folders && !search->recursive ? "; the folders in it were not looked into" : "";
        if (search->glob != NULL)
            snprintf(problem, sizeof problem, "no file in this folder matches %s%s",
                     dmx_printable_path(shown, search->glob), deeper);
        else
            snprintf(problem, sizeof problem, "no audio file in this folder%s", deeper);
        done = add_problem(&self, plain, "", problem);
    }
    dmx_free(plain);
    return done;
}
