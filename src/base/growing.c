/* growing.c - see growing.h */
#include "base/growing.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for so many more bytes and the end, which is there, since new memory is zero. */
static bool make_room(dmx_growing *self, size_t more)
{
    const size_t needed = self->length + more + 1;
    if (self->failed || needed <= self->capacity) return !self->failed;
    const size_t larger = 2 * needed + 64;
    char *grown = dmx_realloc(self->text, self->capacity, larger, 1);
    self->failed = grown == NULL;
    if (self->failed) return false;
    self->text = grown;
    self->capacity = larger;
    return true;
}

void dmx_growing_add(dmx_growing *self, const char *bytes, size_t length)
{
    if (!make_room(self, length)) return;
    memcpy(self->text + self->length, bytes, length);
    self->length += length;
}

void dmx_growing_print(dmx_growing *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    self->failed = self->failed || length < 0;
    if (self->failed || !make_room(self, (size_t)length)) return;
    va_start(arguments, format);
    vsnprintf(self->text + self->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    self->length += (size_t)length;
}
