/* text.c - see text.h */
#include "hub/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool hub_fail(hub_error *error, const char *format, ...)
{
    if (error == NULL || error->message[0] != '\0') return false;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *c = error->message; *c; c++)
        if ((unsigned char)*c < 0x20) *c = ' ';
    return false;
}

void hub_error_clear(hub_error *error)
{
    if (error != NULL) error->message[0] = '\0';
}

bool hub_path(char out[HUB_PATH_MAX], hub_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, HUB_PATH_MAX, format, arguments);
    va_end(arguments);
    if (length >= 0 && length < HUB_PATH_MAX) return true;
    return hub_fail(error, "the path that starts with %.80s is too long", out);
}

const char *hub_printable(char out[128], const char *text)
{
    size_t length = 0;
    for (; text[length] != '\0' && length < 120; length++) {
        unsigned char c = (unsigned char)text[length];
        out[length] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    strcpy(out + length, text[length] != '\0' ? "..." : "");
    return out;
}

bool hub_name_is_safe(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t length = strspn(name, allowed);
    return length > 0 && length <= HUB_NAME_MAX && name[length] == '\0' && name[0] != '.' && name[0] != '-';
}

bool hub_is_hex(const char *text, size_t length) { return length > 0 && strspn(text, "0123456789abcdef") >= length; }

bool hub_has_suffix(const char *text, const char *suffix)
{
    size_t length = strlen(text), suffix_length = strlen(suffix);
    return length >= suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

void hub_note(const hub_options *options, const char *format, ...)
{
    if (options == NULL || options->note == NULL) return;
    char line[HUB_PATH_MAX + HUB_WHY_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    options->note(line, options->progress_user);
}

bool hub_stopped(const hub_options *options, const char *file_name)
{
    return options != NULL && options->progress != NULL && options->progress(file_name, 0, 0, options->progress_user);
}
