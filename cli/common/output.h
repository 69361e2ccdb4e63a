/* output.h - standard output of the programs: help, lists, tables, JSON and the messages that tools read.
 *
 * What is printed stays in a buffer until output_flush, or the end of the program, so that a failure to write is
 * noticed there: a full disk is an error with a sentence and status 1. A reader that has seen enough and left, such as
 * `grep -q` or `head`, is none. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

/* The first call of main. It also opens /dev/null for standard files that are closed, or the first file that the
 * program opens would get the number of one and take its messages; and SIGPIPE and SIGXFSZ are ignored: a write then
 * fails, and says so. */
void output_begin(void);

/* Whether standard output was closed when the program began: what is printed goes nowhere. */
bool output_is_closed(void);

/* What is printed so far is due now. */
void output_flush(void);

/* The end of main: write what is left, and say what could not be written. Returns the exit status: `status`, or 1 where
 * that was 0 and not all could be written. */
int output_end(int status);

#endif
