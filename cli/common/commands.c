/* commands.c - see commands.h */
#include "common/commands.h"

#include "common/memory.h"
#include "demucs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_command(const command_program *program, size_t number, int argc, char **argv)
{
    const command *chosen = &program->commands[number];
    char *name = memory_text("%s %s", program->name, chosen->name);
    const argument_parser parser = {.program = name,
                                    .description = chosen->help,
                                    .options = chosen->options,
                                    .options_count = chosen->options_count,
                                    .positional = chosen->positional,
                                    .positional_help = program->positional_help,
                                    .positional_minimum = chosen->minimum,
                                    .positional_maximum = chosen->maximum,
                                    .epilog = program->epilog};
    const int status = program->run(number, &parser, argc, argv);
    free(name);
    return status;
}

/* A command line that does not begin with a command: help, version, or a mistake. */
static int run_without_command(const command_program *program, int argc, char **argv)
{
    static const argument options[] = {{'h', "help", ARGUMENT_HELP, .help = "show this help and exit"},
                                       {0, "version", ARGUMENT_VERSION, .help = "show the version and exit"}};
    char epilog[2048];
    size_t used = (size_t)snprintf(epilog, sizeof epilog, "commands:\n");
    for (size_t i = 0; i < program->commands_count; i++)
        used += (size_t)snprintf(epilog + used, sizeof epilog - used, "  %-24s%s\n", program->commands[i].name,
                                 program->commands[i].help);
    snprintf(epilog + used, sizeof epilog - used, "\n%s", program->epilog);
    char *version = memory_text("%s %s", program->name, demucs_version());
    const argument_parser parser = {.program = program->name,
                                    .description = program->description,
                                    .version = version,
                                    .options = options,
                                    .options_count = sizeof options / sizeof *options,
                                    .positional = "COMMAND",
                                    .positional_help = "one of those below; COMMAND --help says what it takes",
                                    .positional_minimum = 1,
                                    .positional_maximum = COMMANDS_MANY,
                                    .epilog = epilog};
    const char **words = memory_new((size_t)argc + 1, sizeof *words);
    int count = 0;
    arguments_result parsed = arguments_parse(&parser, argc, argv, &count, words, &count);
    if (parsed == ARGUMENTS_RUN) parsed = arguments_error(&parser, "there is no command '%s'", words[0]);
    free(words);
    free(version);
    return parsed == ARGUMENTS_WRONG ? 2 : 0;
}

int commands_run(const command_program *program, int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < program->commands_count; i++)
        if (strcmp(argv[1], program->commands[i].name) == 0) return run_command(program, i, argc - 1, argv + 1);
    return run_without_command(program, argc, argv);
}
