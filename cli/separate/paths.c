/* paths.c - see paths.h */
#include "paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* The last part of a path; slashes at its end do not count. */
static const char *last_part(const char *path, size_t *length)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') start--;
    *length = end - start;
    return path + start;
}

static bool is_model_file(const char *name)
{
    static const char *const endings[] = {"safetensors", "th", "onnx", "yaml"};
    if (strncmp(name, "hf://", 5) == 0) return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(paths_extension(name), endings[i]) == 0) return true;
    return false;
}

char *paths_model_folder(const char *out, const char *model_name)
{
    if (is_model_file(model_name)) {
        size_t length;
        const char *file = last_part(model_name, &length);
        return memory_text("%s/%.*s", out, (int)(paths_extension(model_name) - 1 - file), file);
    }
    if (strncmp(model_name, "hf://", 5) == 0) model_name += 5;
    char *path = memory_text("%s/%s", out, model_name);
    for (char *at = path + strlen(out) + 1; *at != '\0'; at++)
        if (*at == '/') *at = '_';
    return path;
}

const char *paths_extension(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (dot == NULL || (slash != NULL && dot < slash)) return path + strlen(path);
    return dot + 1;
}

/* ------------------------------------------------------------------------------------------------ expanding ---- */

/* The value of a variable and its length, or NULL. As in the official program, a name without a dot is its own
 * extension. */
static const char *variable(const path_names *names, const char *name, size_t name_length, size_t *length)
{
    size_t file_length, stem_length;
    const char *file = last_part(names->track, &file_length);
    for (stem_length = file_length; stem_length > 0 && file[stem_length - 1] != '.';) stem_length--;
    bool dotted = stem_length > 0;
    if (name_length == 5 && strncmp(name, "track", 5) == 0) {
        *length = dotted ? stem_length - 1 : file_length;
        return file;
    }
    if (name_length == 8 && strncmp(name, "trackext", 8) == 0) {
        *length = file_length - stem_length;
        return file + stem_length;
    }
    const char *value = NULL;
    if (name_length == 4 && strncmp(name, "stem", 4) == 0) value = names->stem;
    if (name_length == 3 && strncmp(name, "ext", 3) == 0) value = names->ext;
    *length = value != NULL ? strlen(value) : 0;
    return value;
}

/* Append to a text that grows. */
static void append(char **text, const char *more, size_t length)
{
    char *longer = memory_text("%s%.*s", *text, (int)length, more);
    free(*text);
    *text = longer;
}

char *paths_expand(const char *pattern, const path_names *names, failure *why)
{
    static const char known[] = "use {track}, {trackext}, {stem}, {ext}, and {{ or }} for a brace";
    char *path = memory_text("%s", "");
    for (const char *at = pattern; *at != '\0';) {
        size_t plain = strcspn(at, "{}"), length = 0;
        append(&path, at, plain);
        at += plain;
        if (*at == '\0') break;
        if (at[1] == at[0]) { /* {{ or }} */
            append(&path, at, 1);
            at += 2;
            continue;
        }
        size_t name_length = strcspn(at + 1, "{}");
        const char *value = variable(names, at + 1, name_length, &length);
        if (*at == '}' || at[1 + name_length] != '}')
            fail(why, "single '%c' in the pattern \"%s\"; %s", *at, pattern, known);
        else if (value == NULL)
            fail(why, "unknown variable {%.*s} in the pattern \"%s\"; %s", (int)name_length, at + 1, pattern, known);
        if (why->text[0] != '\0') {
            free(path);
            return NULL;
        }
        append(&path, value, length);
        at += name_length + 2;
    }
    return path;
}

/* ------------------------------------------------------------------------------------------------- folders ---- */

char *paths_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return memory_text(".");
    return memory_text("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

bool paths_make_folder(const char *folder, bool *made, failure *why)
{
    char *path = memory_text("%s", folder);
    bool done = false;
    for (char *at = path + 1;; at++) {
        char kept = *at;
        if (kept != '/' && kept != '\0') continue;
        *at = '\0';
        done = mkdir(path, 0777) == 0;
        *at = kept;
        if (kept == '\0') break;
    }
    int error = errno;
    struct stat status;
    bool there = done || (stat(folder, &status) == 0 && S_ISDIR(status.st_mode));
    if (made != NULL) *made = done;
    free(path);
    if (there) return true;
    return fail(why, "cannot create the folder %s: %s", folder, strerror(error));
}

bool paths_same_file(const char *one, const char *other)
{
    struct stat first, second;
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* -------------------------------------------------------------------------------------------------- claims ---- */

const char *path_claims_add(path_claims *claims, const char *path, const char *track)
{
    for (int i = 0; i < claims->count; i++)
        if (strcmp(claims->items[i].path, path) == 0) return claims->items[i].track;
    if (claims->count == claims->capacity) {
        int capacity = 2 * claims->capacity + 16;
        struct path_claim *items = memory_new((size_t)capacity, sizeof *items);
        if (claims->count > 0) memcpy(items, claims->items, (size_t)claims->count * sizeof *items);
        free(claims->items);
        claims->items = items;
        claims->capacity = capacity;
    }
    claims->items[claims->count++] = (struct path_claim){memory_text("%s", path), track};
    return NULL;
}

void path_claims_shrink(path_claims *claims, int count)
{
    while (claims->count > count) free(claims->items[--claims->count].path);
    if (count > 0) return;
    free(claims->items);
    *claims = (path_claims){0};
}
