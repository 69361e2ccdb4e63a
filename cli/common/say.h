/* say.h - text for people with parts of foreign origin: names of tracks, folders and models, words of the command line,
 * what a server or a file says. They may hold anything; what would steer a terminal becomes '?' (base/text.h). */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdio.h>

/* Print a line, printf style, and end it. `format` itself has no line ends: they would be taken for foreign ones. */
void say(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a part of a line, which is not ended. */
void say_part(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
