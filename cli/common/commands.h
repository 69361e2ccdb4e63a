/* commands.h - programs whose first word is a command: demucs-models, demucs-cache, demucs-config.
 *
 *     demucs-cache prune --limit 20GB      a command, and what it takes
 *     demucs-cache --help                  the commands
 *     demucs-cache prune --help            what one takes
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "common/arguments.h"

enum { COMMANDS_MANY = 1000 }; /* words, where a command takes any number */

typedef struct command {
    const char *name, *help;
    const argument *options;
    size_t options_count;
    const char *positional; /* as in argument_parser; NULL: none */
    int minimum, maximum;   /* how many positional words it takes */
} command;

typedef struct command_program {
    const char *name, *description;
    const char *epilog;          /* of all help texts */
    const char *positional_help; /* of all commands */
    const command *commands;     /* [commands_count] */
    size_t commands_count;

    /* Parse the words behind a command with the parser that is made for it, carry the command out, and return the exit
     * status. `number` is its place in `commands`; argv[0] is the command. */
    int (*run)(size_t number, const argument_parser *parser, int argc, char **argv);
} command_program;

/* The whole program but for output and signals. Returns the exit status. */
int commands_run(const command_program *program, int argc, char **argv);

#endif
