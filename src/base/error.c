/* error.c - see error.h */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

demucs_status dmx_fail(demucs_error *error, demucs_status status, const char *format, ...)
{
    if (error == NULL || error->status != DEMUCS_OK) return status;
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (char *c = error->message; *c; c++)
        if ((unsigned char)*c < 0x20) *c = ' ';
    return status;
}

void dmx_error_clear(demucs_error *error)
{
    if (error == NULL) return;
    error->status = DEMUCS_OK;
    error->message[0] = '\0';
}

const char *dmx_printable(char *out, size_t size, const char *text, size_t text_length)
{
    size_t room = size - 1;
    bool cut = text_length > room;
    size_t length = cut ? room : text_length;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        out[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    out[length] = '\0';
    if (cut && room >= 3) memcpy(out + room - 3, "...", 3);
    return out;
}

const char *demucs_status_name(demucs_status status)
{
    switch (status) {
    case DEMUCS_OK: return "DEMUCS_OK";
    case DEMUCS_ERROR_ARGUMENT: return "DEMUCS_ERROR_ARGUMENT";
    case DEMUCS_ERROR_MEMORY: return "DEMUCS_ERROR_MEMORY";
    case DEMUCS_ERROR_IO: return "DEMUCS_ERROR_IO";
    case DEMUCS_ERROR_FORMAT: return "DEMUCS_ERROR_FORMAT";
    case DEMUCS_ERROR_UNSUPPORTED: return "DEMUCS_ERROR_UNSUPPORTED";
    case DEMUCS_ERROR_STATE: return "DEMUCS_ERROR_STATE";
    case DEMUCS_ERROR_CANCELLED: return "DEMUCS_ERROR_CANCELLED";
    }
    return "DEMUCS_ERROR_?";
}
