/* main.c - `demucs-models`: list, fetch, check, inspect and convert models.
 *
 * The first word is the command; the table below says what each takes. What scripts may want goes to stdout, progress
 * and errors to stderr. Exit status: 0, 1 when something failed, 2 for a wrong command line, 130 after Ctrl-C. */
#include "commands.h"
#include "common/arguments.h"
#include "common/interrupt.h"
#include "common/memory.h"
#include "common/output.h"
#include "demucs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(models_options, name)
#define HELP                                                                                                           \
    {                                                                                                                  \
        'h', "help", ARGUMENT_HELP, .help = "show this help and exit"                                                  \
    }

enum { MANY = 1000 };

static const argument with_repo[] = {
    HELP, {0, "repo", ARGUMENT_TEXT, FIELD(repo), "DIR", .help = "a folder with models, instead of the cache"}};
static const argument with_force[] = {HELP,
                                      {0, "force", ARGUMENT_FLAG, FIELD(force), .help = "also those that are here"}};
static const argument alone[] = {HELP, {0, "version", ARGUMENT_VERSION, .help = "show the version and exit"}};

typedef struct command {
    const char *name;
    const argument *options; /* two */
    const char *positional;
    int minimum, maximum; /* how many positional words it takes */
    int (*run)(const models_options *options);
    const char *help;
} command;

static const command commands[] = {
    {"list", with_repo, NULL, 0, 0, models_list, "list the known models, and which of them are here"},
    {"fetch", with_force, "NAME", 1, MANY, models_fetch, "bring models into the cache"},
    {"verify", with_repo, "NAME", 0, MANY, models_verify, "check sums and contents, of all without names"},
    {"info", with_repo, "NAME", 1, 1, models_info, "show class, sources, sizes and members of a model"},
    {"convert", with_repo, "SOURCE TARGET", 2, 2, models_convert, "write a .safetensors file, which starts fastest"},
    {"path", with_repo, "NAME", 1, 1, models_path, "print where the file of a model is"},
};
static const size_t commands_count = sizeof commands / sizeof *commands;

static const char names[] =
    "a bag (htdemucs), the signature of a single model (955717e8), hf://[NAMESPACE/]NAME, or the "
    "path of a .th, .safetensors, .onnx or .yaml file; with --repo it is looked for there";
static const char environment[] =
    "The cache is $DEMUCS_CACHE, else $XDG_CACHE_HOME/demucs, else ~/.cache/demucs. DEMUCS_OFFLINE=1 keeps\n"
    "the network out; DEMUCS_HF_URL and DEMUCS_LEGACY_URL name mirrors of the hosts that have the models.";

static int run(const command *chosen, int argc, char **argv)
{
    char program[64];
    snprintf(program, sizeof program, "demucs-models %s", chosen->name);
    const argument_parser parser = {.program = program,
                                    .description = chosen->help,
                                    .options = chosen->options,
                                    .options_count = 2,
                                    .positional = chosen->positional,
                                    .positional_help = names,
                                    .positional_minimum = chosen->minimum,
                                    .positional_maximum = chosen->maximum,
                                    .epilog = environment};
    models_options options = {.names = memory_new((size_t)argc + 1, sizeof *options.names)};
    arguments_result parsed = arguments_parse(&parser, argc, argv, &options, options.names, &options.count);
    if (parsed == ARGUMENTS_RUN && chosen->run == models_convert &&
        !models_has_suffix(options.names[1], ".safetensors"))
        parsed = arguments_error(&parser, "the target must end in .safetensors: %s", options.names[1]);
    int status = parsed == ARGUMENTS_RUN ? chosen->run(&options) : parsed == ARGUMENTS_WRONG ? 2 : 0;
    free(options.names);
    return status;
}

/* A command line that does not begin with a command: help, version, or a mistake. */
static int run_without_command(int argc, char **argv)
{
    char epilog[2048], version[64];
    size_t used = (size_t)snprintf(epilog, sizeof epilog, "commands:\n");
    for (size_t i = 0; i < commands_count; i++)
        used +=
            (size_t)snprintf(epilog + used, sizeof epilog - used, "  %-24s%s\n", commands[i].name, commands[i].help);
    snprintf(epilog + used, sizeof epilog - used, "\n%s", environment);
    snprintf(version, sizeof version, "demucs-models %s", demucs_version());
    const argument_parser parser = {.program = "demucs-models",
                                    .description = "List, fetch, check, inspect and convert models.",
                                    .version = version,
                                    .options = alone,
                                    .options_count = sizeof alone / sizeof *alone,
                                    .positional = "COMMAND",
                                    .positional_help = "one of those below; COMMAND --help says what it takes",
                                    .positional_minimum = 1,
                                    .positional_maximum = MANY,
                                    .epilog = epilog};
    const char **words = memory_new((size_t)argc + 1, sizeof *words);
    int count = 0;
    arguments_result parsed = arguments_parse(&parser, argc, argv, &count, words, &count);
    if (parsed == ARGUMENTS_RUN) parsed = arguments_error(&parser, "there is no command '%s'", words[0]);
    free(words);
    return parsed == ARGUMENTS_WRONG ? 2 : 0;
}

int main(int argc, char **argv)
{
    const command *chosen = NULL;
    output_begin();
    interrupt_install();
    for (size_t i = 0; i < commands_count; i++)
        if (argc > 1 && strcmp(argv[1], commands[i].name) == 0) chosen = &commands[i];
    const int status = chosen != NULL ? run(chosen, argc - 1, argv + 1) : run_without_command(argc, argv);
    return interrupt_end(output_end(status));
}
