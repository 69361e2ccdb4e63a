/* text.c - see text.h */
#include "hub/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool hub_path(char out[HUB_PATH_MAX], demucs_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, HUB_PATH_MAX, format, arguments);
    va_end(arguments);
    if (length >= 0 && length < HUB_PATH_MAX) return true;
    return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the path that starts with %.80s is too long", out);
}

bool hub_name_is_safe(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t length = strspn(name, allowed);
    return length > 0 && length <= HUB_NAME_MAX && name[length] == '\0' && name[0] != '.' && name[0] != '-';
}

bool hub_name_is_plain(const char *name)
{
    const size_t length = strlen(name);
    return length <= HUB_NAME_MAX && dmx_is_plain_name(name, length);
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
    char line[HUB_PATH_MAX + sizeof(demucs_error)];
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
