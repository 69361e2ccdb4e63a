/* page.c - see page.h */
#define _XOPEN_SOURCE 700 /* realpath */

#include "tracks/quality/page.h"

#include "base/alloc.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_TEXT = 8192 };

static void put(dmx_page *self, const char *text) { dmx_file_write(self->file, text, strlen(text)); }

void dmx_page_print(dmx_page *self, const char *format, ...)
{
    char text[LONGEST_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(self, text);
}

static void put_escaped(dmx_page *self, char letter)
{
    switch (letter) {
    case '&': put(self, "&amp;"); break;
    case '<': put(self, "&lt;"); break;
    case '>': put(self, "&gt;"); break;
    case '"': put(self, "&quot;"); break;
    case '\'': put(self, "&#39;"); break;
    default: dmx_file_write(self->file, &letter, 1);
    }
}

void dmx_page_text(dmx_page *self, const char *text)
{
    char printable[LONGEST_TEXT];
    dmx_printable(printable, sizeof printable, text, strlen(text));
    for (const char *at = printable; *at != '\0'; at++) put_escaped(self, *at);
}

void dmx_page_base64(dmx_page *self, const void *bytes, size_t count)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { GROUPS = 1024 };
    const unsigned char *from = bytes;
    char text[GROUPS * 4];
    size_t used = 0;
    for (size_t i = 0; i < count; i += 3) {
        const size_t left = count - i;
        const unsigned long three = (unsigned long)from[i] << 16 | (left > 1 ? (unsigned long)from[i + 1] << 8 : 0) |
                                    (left > 2 ? from[i + 2] : 0);
        text[used++] = letters[three >> 18];
        text[used++] = letters[three >> 12 & 63];
        text[used++] = '=';
        text[used++] = '=';
        if (left > 1) text[used - 2] = letters[three >> 6 & 63];
        if (left > 2) text[used - 1] = letters[three & 63];
        if (used == sizeof text || left <= 3) {
            dmx_file_write(self->file, text, used);
            used = 0;
        }
    }
}

/* ----------------------------------------------------------------------------------------------------- links ---- */

/* The real path of a file's folder, with a slash at the end, or false. */
static bool folder_of(const char *path, char out[PATH_MAX + 1])
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (length + 2 > sizeof folder) return false;
    memcpy(folder, path, length);
    strcpy(folder + length, slash == NULL ? "." : length == 0 ? "/" : "");
    if (realpath(folder, out) == NULL) return false;
    const size_t real = strlen(out);
    if (out[real - 1] != '/') strcpy(out + real, "/");
    return true;
}

static void put_percent(dmx_page *self, const char *text, size_t length)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (size_t i = 0; i < length; i++) {
        char code[4];
        snprintf(code, sizeof code, "%%%02X", (unsigned)(unsigned char)text[i]);
        dmx_file_write(self->file, strchr(plain, text[i]) != NULL ? &text[i] : code,
                       strchr(plain, text[i]) != NULL ? 1 : 3);
    }
}

bool dmx_page_link(dmx_page *self, const char *page_path, const char *path)
{
    char here[PATH_MAX + 1], there[PATH_MAX + 1];
    if (!folder_of(page_path, here) || !folder_of(path, there)) return false;
    const char *name = strrchr(path, '/');
    size_t same = 0; /* what both begin with, up to a slash */
    for (size_t i = 0; here[i] == there[i] && here[i] != '\0'; i++)
        if (here[i] == '/') same = i + 1;
    put(self, "./"); /* else a name with a colon would be taken for a scheme */
    for (const char *at = here + same; *at != '\0'; at++)
        if (*at == '/') put(self, "../");
    put_percent(self, there + same, strlen(there + same));
    name = name != NULL ? name + 1 : path;
    put_percent(self, name, strlen(name));
    return true;
}

/* --------------------------------------------------------------------------------------------------- numbers ---- */

const char *dmx_page_db(char out[DMX_PAGE_NUMBER], double db)
{
    if (isnan(db))
        snprintf(out, DMX_PAGE_NUMBER, "\u2013");
    else if (isinf(db))
        snprintf(out, DMX_PAGE_NUMBER, "\u2212\u221E dB");
    else
        snprintf(out, DMX_PAGE_NUMBER, "%s%.1f dB", db <= -0.05 ? "\u2212" : "", fabs(db));
    return out;
}

const char *dmx_page_time(char out[DMX_PAGE_NUMBER], double seconds)
{
    const long whole = lround(fmin(seconds, 1e8));
    if (whole >= 3600)
        snprintf(out, DMX_PAGE_NUMBER, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else if (seconds >= 60)
        snprintf(out, DMX_PAGE_NUMBER, "%ld:%02ld", whole / 60, whole % 60);
    else
        snprintf(out, DMX_PAGE_NUMBER, "%.1f s", seconds);
    return out;
}

double dmx_page_level(double amplitude) { return amplitude > 0 ? 20 * log10(amplitude) : -INFINITY; }
