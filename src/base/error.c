/* error.c - see error.h */
#include "base/error.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* May `error` take a sentence? It holds the status from now on. */
static bool begin(demucs_error *error, demucs_status status)
{
    if (error == NULL || error->status != DEMUCS_OK) return false;
    error->status = status;
    return true;
}

/* The sentence, after the `used` bytes that are there already. */
static void finish(demucs_error *error, size_t used, const char *format, va_list arguments)
{
    vsnprintf(error->message + used, sizeof error->message - used, format, arguments);
    dmx_make_printable(error->message, ' ');
}

demucs_status dmx_fail(demucs_error *error, demucs_status status, const char *format, ...)
{
    if (!begin(error, status)) return status;
    va_list arguments;
    va_start(arguments, format);
    finish(error, 0, format, arguments);
    va_end(arguments);
    return status;
}

demucs_status dmx_refuse(const char *path, demucs_error *error, demucs_status status, const char *format, ...)
{
    char shown[DMX_SHOWN_PATH];
    if (!begin(error, status)) return status;
    int used = snprintf(error->message, sizeof error->message, "'%s': ", dmx_printable_path(shown, path));
    va_list arguments;
    va_start(arguments, format);
    finish(error, (size_t)used, format, arguments);
    va_end(arguments);
    return status;
}

void dmx_error_clear(demucs_error *error)
{
    if (error == NULL) return;
    error->status = DEMUCS_OK;
    error->message[0] = '\0';
}
