/* failure.h - how the functions of the command line programs report what went wrong, and memory that cannot run out.
 *
 * A function that can fail returns bool and takes, last, a failure that holds one sentence; the first cause wins. The
 * sentences of the engine, the audio files and the hub are passed on as they are. */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct failure {
    char text[2048]; /* "" while nothing failed */
} failure;

/* Write the sentence, unless there is one already, and return false: `return fail(why, "...")`. */
bool fail(failure *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `count * size` zeroed bytes. A program that cannot get the little that it asks for here says so and ends with status
 * 1, through its atexit functions. (The large blocks belong to the engine, which reports their failure.) */
void *memory_new(size_t count, size_t size);

/* A new string, printf style; to be freed with free(). */
char *memory_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
