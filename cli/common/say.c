/* say.c - see say.h */
#include "common/say.h"

#include "base/text.h"
#include "common/memory.h"

#include <stdarg.h>
#include <stdlib.h>

static void print(FILE *file, const char *format, va_list arguments, const char *end)
{
    char *text = memory_text_of(format, arguments);
    dmx_make_printable(text, '?');
    fprintf(file, "%s%s", text, end);
    free(text);
}

void say(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(file, format, arguments, "\n");
    va_end(arguments);
}

static say_level limit = SAY_INFO;

void say_limit(say_level most) { limit = most; }
bool say_allows(say_level level) { return level <= limit; }

void say_at(say_level level, const char *format, ...)
{
    va_list arguments;
    if (!say_allows(level)) return;
    va_start(arguments, format);
    print(stderr, format, arguments, "\n");
    va_end(arguments);
}

void say_part(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(file, format, arguments, "");
    va_end(arguments);
}
