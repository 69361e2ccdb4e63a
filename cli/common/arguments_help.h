/* arguments_help.h - the usage lines and the help text of a table of options, laid out as argparse does. */
#ifndef CLI_ARGUMENTS_HELP_H
#define CLI_ARGUMENTS_HELP_H

#include "common/arguments.h"

#include <stdio.h>

void arguments_print_usage(FILE *file, const argument_parser *parser);
void arguments_print_help(FILE *file, const argument_parser *parser);

/* Print words up to the margin, from `column` on, which is where the line is, and further lines from `indent` on. */
void arguments_print_wrapped(FILE *file, const char *text, size_t column, size_t indent);

/* Write how messages call an option, "-n/--name". Returns `out`. */
const char *arguments_name(char *out, size_t size, const argument *option);

#endif
