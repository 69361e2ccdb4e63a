/* memory.h - memory that cannot run out, for the command line programs. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

/* `count * size` zeroed bytes, to be freed with free(). A program that cannot get the little that it asks for here says
 * so and ends with status 1, through its atexit functions. (The large blocks belong to the engine, which reports their
 * failure.) */
void *memory_new(size_t count, size_t size);

/* A new string, printf style; to be freed with free(). */
char *memory_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *memory_text_of(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#endif
