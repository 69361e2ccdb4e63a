/* error.c - see error.h
 *
 * A path comes from outside and may hold anything but a zero byte: escape sequences that would repaint a terminal, or
 * four thousand characters that would push the reason out of the message. So it is cleaned and cut here, once. */
#include "audio/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_PATH_BYTES 240

/* "'name': ", the path as a message shows it. UTF-8 passes; a cut does not split a character. */
static void quote_path(char *out, size_t size, const char *path)
{
    size_t length = strlen(path);
    const char *cut = "";
    if (length > SHOWN_PATH_BYTES) {
        path += length - SHOWN_PATH_BYTES;
        while (((unsigned char)*path & 0xC0) == 0x80) path++;
        cut = "...";
    }
    snprintf(out, size, "'%s%s': ", cut, path);
    for (char *byte = out; *byte != '\0'; byte++)
        if ((unsigned char)*byte < 0x20 || *byte == 0x7F) *byte = '?';
}

bool audio_fail(audio_error *error, const char *path, const char *format, ...)
{
    if (error == NULL) return false;
    quote_path(error->message, sizeof error->message, path);
    size_t length = strlen(error->message);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message + length, sizeof error->message - length, format, arguments);
    va_end(arguments);
    return false;
}

const char *audio_reason(char text[AUDIO_REASON_SIZE], int errno_value)
{
    if (strerror_r(errno_value, text, AUDIO_REASON_SIZE) != 0)
        snprintf(text, AUDIO_REASON_SIZE, "error %d", errno_value);
    return text;
}
