/* list.c - see list.h and demucs_runs.h */
#include "tracks/runs/list.h"

#include "base/alloc.h"
#include "base/options.h"
#include "tracks/paths.h"
#include "tracks/runs/lines.h"
#include "tracks/runs/walk.h"

#include <string.h>
#include <sys/stat.h>

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the list of tracks");
}

demucs_status demucs_runs_list_create(demucs_runs_list **list, demucs_error *error)
{
    dmx_error_clear(error);
    if (list == NULL) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no place to store the list");
    *list = dmx_alloc(1, sizeof **list);
    if (*list == NULL) no_memory(error);
    return *list != NULL ? DEMUCS_OK : DEMUCS_ERROR_MEMORY;
}

/* Back to the first `count` items. */
static void cut(demucs_runs_list *self, size_t count)
{
    while (self->count > count) dmx_free(self->items[--self->count]);
}

void demucs_runs_list_free(demucs_runs_list *list)
{
    if (list == NULL) return;
    cut(list, 0);
    dmx_free(list->items);
    dmx_free(list);
}

/* Append a text and its end to `at`, and go behind it. */
static const char *copy_text(char **at, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    const char *copy = memcpy(*at, text, bytes);
    *at += bytes;
    return copy;
}

bool dmx_runs_list_append(demucs_runs_list *self, const char *path, const char *folder, const char *problem,
                          demucs_error *error)
{
    void *grown = dmx_make_room(self->items, self->count, &self->capacity, sizeof *self->items);
    if (grown == NULL) return no_memory(error);
    self->items = grown;
    const size_t bytes = strlen(path) + strlen(folder) + (problem != NULL ? strlen(problem) : 0) + 3;
    demucs_runs_item *item = dmx_alloc(sizeof *item + bytes, 1);
    if (item == NULL) return no_memory(error);
    char *at = (char *)(item + 1);
    item->path = copy_text(&at, path);
    item->folder = copy_text(&at, folder);
    if (problem != NULL) item->problem = copy_text(&at, problem);
    self->items[self->count++] = item;
    return true;
}

bool dmx_runs_list_take(demucs_runs_list *self, const char *path, const demucs_runs_search *search, demucs_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return dmx_runs_walk(self, path, search, error);
    return dmx_runs_list_append(self, path, "", NULL, error);
}

static demucs_runs_search defaults(void) { return (demucs_runs_search){.struct_size = sizeof(demucs_runs_search)}; }

void demucs_runs_search_init(demucs_runs_search *search, size_t struct_size)
{
    const demucs_runs_search all = defaults();
    dmx_options_give(search, struct_size, &all, sizeof all);
}

/* A whole search from a caller's of any version. */
static bool read_search(demucs_runs_search *all, const demucs_runs_search *given, demucs_error *error)
{
    *all = defaults();
    return given == NULL || dmx_options_take(all, sizeof *all, given, given->struct_size) ||
           !dmx_options_unknown("demucs_runs_search_init", error);
}

/* Add by `add`, or leave the list as it was. */
static demucs_status change(demucs_runs_list *list, const char *path, const demucs_runs_search *search,
                            bool (*add)(demucs_runs_list *, const char *, const demucs_runs_search *, demucs_error *),
                            demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_runs_search all;
    const size_t before = list != NULL ? list->count : 0;
    if (list == NULL || path == NULL || path[0] == '\0')
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, list == NULL ? "there is no list to add to" : "the path is empty");
    else if (read_search(&all, search, &why) && !add(list, path, &all, &why))
        cut(list, before);
    if (error != NULL) *error = why;
    return why.status;
}

demucs_status demucs_runs_list_add(demucs_runs_list *list, const char *path, const demucs_runs_search *search,
                                   demucs_error *error)
{
    return change(list, path, search, dmx_runs_list_take, error);
}

demucs_status demucs_runs_list_read(demucs_runs_list *list, const char *file, const demucs_runs_search *search,
                                    demucs_error *error)
{
    return change(list, file, search, dmx_runs_read_lines, error);
}

size_t demucs_runs_list_count(const demucs_runs_list *list) { return list != NULL ? list->count : 0; }

const demucs_runs_item *demucs_runs_list_at(const demucs_runs_list *list, size_t index)
{
    return list != NULL && index < list->count ? list->items[index] : NULL;
}

demucs_status demucs_runs_list_check_target(const demucs_runs_list *list, const char *path, demucs_error *error)
{
    dmx_error_clear(error);
    for (size_t i = 0; i < demucs_runs_list_count(list); i++)
        if (dmx_path_same_file(path, list->items[i]->path))
            return dmx_refuse(path, error, DEMUCS_ERROR_ARGUMENT, "this is a track to separate: choose another name");
    return DEMUCS_OK;
}
