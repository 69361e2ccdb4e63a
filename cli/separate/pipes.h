/* pipes.h - standard input as a track ("-"), and standard output as the place of a stem ("--out -"). */
#ifndef SEPARATE_PIPES_H
#define SEPARATE_PIPES_H

#include "base/error.h"
#include "demucs_runs.h"
#include "options.h"

/* Whether what the options ask of pipes makes sense; else the usage was printed. */
arguments_result pipes_check(const separate_options *options, const argument_parser *parser);

/* Where a stem is to go to standard output, keep that for it: the request gets its descriptor, and what else is printed
 * there, by whomever, goes to standard error from now on. */
bool pipes_open(separate_options *options, demucs_error *why);

/* Whether the list can go there. */
bool pipes_suit(const separate_options *options, const demucs_runs_list *list, demucs_error *why);

/* Whether nobody reads what goes there any more. */
bool pipes_reader_left(const separate_options *options);

/* The end of the program: where the reader left before all was written it ends by SIGPIPE, as others do, and does not
 * come back. Returns the status. */
int pipes_end(const separate_options *options, int status);

/* The path of a track that was given as `name`. */
const char *pipes_track(const char *name);

#endif
