/* paths.c - see paths.h */
#include "tracks/paths.h"

#include "base/alloc.h"
#include "base/growing.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
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

const char *dmx_path_ending(const char *path)
{
    static const char whole[] = ".stem.mp4";
    const char *extension = dmx_path_extension(path), *slash = strrchr(path, '/');
    const size_t length = strlen(path), front = slash != NULL ? (size_t)(slash + 1 - path) : 0;
    if (length <= front + strlen(whole) || strcasecmp(path + length - strlen(whole), whole) != 0) return extension;
    return path + length - strlen(whole) + 1;
}

char *dmx_path_number(const char *path, int number)
{
    const char *ending = dmx_path_ending(path);
    const size_t stem = (size_t)(ending - path) - (*ending != '\0');
    if (number <= 1) return dmx_strdup(path);
    return dmx_path_print("%.*s-%d%s", (int)stem, path, number, path + stem);
}

char *dmx_path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return dmx_strdup(".");
    return dmx_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool dmx_path_identify(dmx_path_identity *out, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return false;
    out->device = (uint64_t)info.st_dev;
    out->inode = (uint64_t)info.st_ino;
    return true;
}

bool dmx_path_same_file(const char *one, const char *other)
{
    dmx_path_identity first, second;
    return dmx_path_identify(&first, one) && dmx_path_identify(&second, other) && first.device == second.device &&
           first.inode == second.inode;
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

/* A path that grows, part by part. */
typedef struct parts {
    dmx_growing path;
    size_t last;    /* where the last part begins */
    bool from_name; /* that part holds the value of a variable */
} parts;

static void append(parts *self, const char *more, size_t length) { dmx_growing_add(&self->path, more, length); }

/* A part of the path is complete. Names of tracks must not lead elsewhere: a track called "...wav" has the name "..",
 * which becomes "_..". The official program writes it outside the model's folder. Only a pattern may say "..". */
static void end_part(parts *self)
{
    dmx_growing *path = &self->path;
    const size_t length = path->length - self->last;
    if (path->failed || !self->from_name || length == 0 || length > 2 || strspn(path->text + self->last, ".") < length)
        return;
    append(self, "_", 1);
    if (path->failed) return;
    memmove(path->text + self->last + 1, path->text + self->last, length);
    path->text[self->last] = '_';
}

/* What a pattern says itself. A part that came out empty, as of a track called ".wav", is left out with its slash, or
 * "{track}/{stem}" would lead to the root folder. */
static void append_plain(parts *text, const char *more, size_t length)
{
    for (const char *end = more + length; more < end;) {
        const size_t part = strcspn(more, "/{}");
        const size_t plain = part < (size_t)(end - more) ? part : (size_t)(end - more);
        append(text, more, plain);
        more += plain;
        if (more == end || *more != '/') continue;
        end_part(text);
        if (!text->from_name || text->path.length > text->last) append(text, "/", 1);
        text->last = text->path.length;
        text->from_name = false;
        more++;
    }
}

/* What may follow a variable's name, as in Python's format: [[fill]align][0][width][.precision][s]. */
typedef struct spec {
    const char *fill; /* a character of fill_bytes bytes */
    size_t fill_bytes;
    char align;              /* '<', '>' or '^' */
    size_t width, precision; /* characters, not bytes */
} spec;

/* Bytes of the UTF-8 character at `at`; what is none counts as one. */
static size_t character_bytes(const char *at)
{
    size_t bytes = 1;
    while (((unsigned char)at[bytes] & 0xC0) == 0x80 && bytes < 4) bytes++;
    return bytes;
}

static size_t read_number(const char **at)
{
    size_t number = 0;
    for (; **at >= '0' && **at <= '9'; ++*at)
        if (number < 100000) number = number * 10 + (size_t)(**at - '0');
    return number;
}

/* Read the `length` bytes after the colon. False when they are not a spec for text, or one wider than a name can be. */
static bool read_spec(spec *self, const char *at, size_t length)
{
    const char *end = at + length;
    *self = (spec){.fill = " ", .fill_bytes = 1, .align = '<', .precision = SIZE_MAX};
    const size_t first = length > 0 ? character_bytes(at) : 0;
    if (length > first && strchr("<>^", at[first]) != NULL) {
        *self = (spec){.fill = at, .fill_bytes = first, .align = at[first], .precision = SIZE_MAX};
        at += first + 1;
    } else if (length > 0 && strchr("<>^", *at) != NULL) {
        self->align = *at++;
    }
    if (at < end && *at == '0') self->fill = self->fill[0] == ' ' ? at : self->fill;
    self->width = read_number(&at);
    if (at + 1 < end && *at == '.' && at[1] >= '0' && at[1] <= '9') {
        at++;
        self->precision = read_number(&at);
    }
    if (at < end && *at == 's') at++;
    return at == end && self->width <= 1000 && self->fill[0] != '/';
}

static void append_formatted(parts *text, const char *value, size_t length, const spec *how)
{
    size_t bytes = 0, characters = 0;
    while (bytes < length && characters < how->precision) {
        bytes += character_bytes(value + bytes);
        characters++;
    }
    if (bytes > length) bytes = length;
    const size_t missing = how->width > characters ? how->width - characters : 0;
    const size_t before = how->align == '>' ? missing : how->align == '^' ? missing / 2 : 0;
    for (size_t i = 0; i < before; i++) append(text, how->fill, how->fill_bytes);
    append(text, value, bytes);
    for (size_t i = before; i < missing; i++) append(text, how->fill, how->fill_bytes);
}

static bool expand_into(parts *text, const char *pattern, const dmx_path_names *names, demucs_error *error)
{
    char number[16] = "";
    if (names->number > 1) snprintf(number, sizeof number, "-%d", names->number);
    static const char known[] = "use {track}, {trackext}, {stem}, {ext}, and {{ or }} for a brace";
    for (const char *at = pattern; *at != '\0';) {
        size_t plain = strcspn(at, "{}"), length = 0;
        append_plain(text, at, plain);
        at += plain;
        if (*at == '\0') break;
        if (at[1] == at[0]) { /* {{ or }} */
            append(text, at, 1);
            at += 2;
            continue;
        }
        size_t name_length = strcspn(at + 1, "{}");
        const size_t word = strcspn(at + 1, ":{}");
        const char *value = variable(names, at + 1, word, &length);
        spec how;
        if (*at == '}' || at[1 + name_length] != '}')
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "single '%c' in the pattern \"%s\"; %s", *at, pattern,
                             known);
        if (value == NULL)
            return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "unknown variable {%.*s} in the pattern \"%s\"; %s",
                             (int)name_length, at + 1, pattern, known);
        if (!read_spec(&how, at + 1 + word + (word < name_length), name_length - word - (word < name_length)))
            return !dmx_fail(
                error, DEMUCS_ERROR_ARGUMENT,
                "the format of {%.*s} in the pattern \"%s\" is none for text; use {track:.30}, {stem:_>12}",
                (int)name_length, at + 1, pattern);
        append_formatted(text, value, length, &how);
        text->from_name = true;
        if (word == 5 && strncmp(at + 1, "track", 5) == 0) append(text, number, strlen(number));
        at += name_length + 2;
    }
    end_part(text);
    append(text, "", 0); /* an empty path is a text, too */
    return true;
}

/* Whether a right pattern has the variable {track}. */
static bool has_track(const char *pattern)
{
    for (const char *at = pattern; (at = strpbrk(at, "{}")) != NULL; at++) {
        if (at[1] == at[0])
            at++;
        else if (strncmp(at, "{track", 6) == 0 && (at[6] == '}' || at[6] == ':'))
            return true;
    }
    return false;
}

char *dmx_path_expand(const char *pattern, const dmx_path_names *names, demucs_error *error)
{
    parts text = {.last = 0};
    char *path = NULL;
    const bool right = expand_into(&text, pattern, names, error);
    if (right && !text.path.failed)
        path = names->number <= 1 || has_track(pattern) ? dmx_strdup(text.path.text)
                                                        : dmx_path_number(text.path.text, names->number);
    if (right && path == NULL) dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for a path");
    dmx_free(text.path.text);
    return path;
}
