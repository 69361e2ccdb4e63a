/* memory.c - see memory.h */
#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>

static void *must(void *block)
{
    if (block != NULL) return block;
    fputs("error: out of memory\n", stderr);
    exit(1);
}

void *memory_new(size_t count, size_t size) { return must(calloc(count > 0 ? count : 1, size > 0 ? size : 1)); }

char *memory_text_of(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    size_t size = length < 0 ? 1 : (size_t)length + 1;
    char *text = memory_new(size, 1);
    if (length > 0) vsnprintf(text, size, format, again);
    va_end(again);
    return text;
}

char *memory_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_text_of(format, arguments);
    va_end(arguments);
    return text;
}
