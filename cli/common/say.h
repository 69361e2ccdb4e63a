/* say.h - text for people with parts of foreign origin: names of tracks, folders and models, words of the command line,
 * what a server or a file says. They may hold anything; what would steer a terminal becomes '?' (base/text.h). */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdbool.h>
#include <stdio.h>

/* Print a line, printf style, and end it. `format` itself has no line ends: they would be taken for foreign ones. */
void say(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a part of a line, which is not ended. */
void say_part(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How much is said on stderr besides progress: each level has what those before it have.
 *   ERROR    what failed: "error: ..."
 *   WARNING  what may not be as it should: "warning: ..."
 *   INFO     what was done and how: "note: ...", how long a track took
 *   DEBUG    the files of the model, memory, CPU */
typedef enum say_level { SAY_ERROR, SAY_WARNING, SAY_INFO, SAY_DEBUG } say_level;

/* Say no more than that from here on; INFO before the first call. */
void say_limit(say_level most);
bool say_allows(say_level level);

/* Print a line on stderr, if this level is to be said. */
void say_at(say_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
