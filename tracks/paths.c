/* paths.c - see paths.h */
#include "tracks/paths.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

char *dmx_path_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : dmx_alloc((size_t)length + 1, 1);
    if (text == NULL) return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

const char *dmx_path_extension(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (dot == NULL || (slash != NULL && dot < slash)) return path + strlen(path);
    return dot + 1;
}

char *dmx_path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return dmx_strdup(".");
    return dmx_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool dmx_path_same_file(const char *one, const char *other)
{
    struct stat first, second;
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* ------------------------------------------------------------------------------------------------ expanding ---- */

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

/* The value of a variable and its length, or NULL. As in the official program, a name without a dot is its own
 * extension. */
static const char *variable(const dmx_path_names *names, const char *name, size_t name_length, size_t *length)
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

/* A text that grows; `out` is NULL while its length is counted. */
typedef struct growing {
    char *out;
    size_t length;
} growing;

static void append(growing *text, const char *more, size_t length)
{
    if (text->out != NULL) memcpy(text->out + text->length, more, length);
    text->length += length;
}

static bool expand_into(growing *text, const char *pattern, const dmx_path_names *names, demucs_error *error)
{
    static const char known[] = "use {track}, {trackext}, {stem}, {ext}, and {{ or }} for a brace";
    for (const char *at = pattern; *at != '\0';) {
        size_t plain = strcspn(at, "{}"), length = 0;
        append(text, at, plain);
        at += plain;
        if (*at == '\0') break;
        if (at[1] == at[0]) { /* {{ or }} */
            append(text, at, 1);
            at += 2;
            continue;
        }
        size_t name_length = strcspn(at + 1, "{}");
        const char *value = variable(names, at + 1, name_length, &length);
        if (*at == '}' || at[1 + name_length] != '}')
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "single '%c' in the pattern \"%s\"; %s", *at, pattern,
                             known);
        if (value == NULL)
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "unknown variable {%.*s} in the pattern \"%s\"; %s",
                             (int)name_length, at + 1, pattern, known);
        append(text, value, length);
        at += name_length + 2;
    }
    return true;
}

char *dmx_path_expand(const char *pattern, const dmx_path_names *names, demucs_error *error)
{
    growing count = {0}, text = {0};
    if (!expand_into(&count, pattern, names, error)) return NULL;
    text.out = dmx_alloc(count.length + 1, 1);
    if (text.out == NULL)
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a path");
    else
        expand_into(&text, pattern, names, error);
    return text.out;
}
