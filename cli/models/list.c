/* list.c - `demucs-models list` and `path`: what there is, and where. */
#include "base/error.h"
#include "commands.h"
#include "common/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *models_find(const models_options *options, const char *name, demucs_error *why)
{
    const hub_options hub = {.repo = options->repo};
    return hub_find_local(name, &hub, why);
}

/* Columns: name, kind, where, description. The single models, which only bags need, come last and without a heading of
 * their own: their names are signatures. */
int models_list(const models_options *options)
{
    size_t count = 0;
    demucs_error error = {0};
    hub_entry *entries = hub_list(options->repo, &count, &error);
    if (entries == NULL) {
        fprintf(stderr, "error: %s\n", error.message);
        return 1;
    }
    int width = 4;
    for (size_t i = 0; i < count; i++)
        if ((int)strlen(entries[i].name) > width) width = (int)strlen(entries[i].name);
    const char *here = options->repo != NULL ? "in the folder" : "cached";
    const char *missing = options->repo != NULL ? "incomplete" : "not cached";
    printf("%-*s  %-6s  %-13s  %s\n", width, "NAME", "KIND", "WHERE", "WHAT");
    for (size_t i = 0; i < count; i++) {
        const hub_entry *entry = &entries[i];
        const char *where = entry->local ? here : missing;
        say(stdout, "%-*s  %-6s  %-*s%s%s", width, entry->name, entry->bag ? "bag" : "single",
            entry->description[0] != '\0' ? 13 : 0, where, entry->description[0] != '\0' ? "  " : "",
            entry->description);
    }
    free(entries);
    return 0;
}

/* A script gets the path as it is; a person one that does nothing to the terminal. */
static void print_path(const char *path)
{
    if (isatty(STDOUT_FILENO))
        say(stdout, "%s", path);
    else
        puts(path);
}

int models_path(const models_options *options)
{
    demucs_error why = {0};
    char *path = models_find(options, options->names[0], &why);
    if (path != NULL)
        print_path(path);
    else
        fprintf(stderr, "error: %s\n", why.message);
    free(path);
    return path == NULL;
}
