/* main.c - `demucs-cache`: look at the results that demucs --cache keeps, check them, and remove some.
 *
 * The first word is the command; the table below says what each takes. What scripts may want goes to stdout, errors to
 * stderr. Exit status: 0, 1 when something failed or was damaged, 2 for a wrong command line, 130 after Ctrl-C. */
#include "commands.h"
#include "common/arguments.h"
#include "common/interrupt.h"
#include "common/memory.h"
#include "common/output.h"
#include "common/say.h"
#include "common/settings_load.h"
#include "common/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(name) offsetof(cache_options, name)
#define COMMON                                                                                                         \
    {'h', "help", ARGUMENT_HELP, .help = "show this help and exit"},                                                   \
    {                                                                                                                  \
        0, "cache", ARGUMENT_TEXT, FIELD(folder), "DIR", .help = "the folder of the cache"                             \
    }

enum { MANY = 1000 };

static const argument plain[] = {COMMON};
static const argument with_limits[] = {
    COMMON,
    {0, "limit", ARGUMENT_TEXT, FIELD(limit), "SIZE",
     .help = "how much may be left, such as 500M or 20GB: what was not used for longest goes first"},
    {0, "unused", ARGUMENT_NUMBER, FIELD(unused_days), "DAYS", .minimum = 0.0001, .maximum = 100000,
     .help = "remove what was not used for so many days"}};
static const argument alone[] = {{'h', "help", ARGUMENT_HELP, .help = "show this help and exit"},
                                 {0, "version", ARGUMENT_VERSION, .help = "show the version and exit"}};

typedef struct command {
    const char *name;
    const argument *options;
    size_t options_count;
    const char *positional;
    int minimum, maximum; /* how many positional words it takes */
    int (*run)(const cache_options *options);
    const char *help;
} command;

static const command commands[] = {
    {"ls", plain, 2, NULL, 0, 0, cache_ls, "list the results, the one used last first"},
    {"show", plain, 2, "KEY", 1, MANY, cache_show, "show settings, files, times and hits of results"},
    {"verify", plain, 2, "KEY", 0, MANY, cache_verify,
     "read all files, or those of some results; remove what is damaged"},
    {"prune", with_limits, 4, NULL, 0, 0, cache_prune, "remove results by size or age"},
    {"clear", plain, 2, NULL, 0, 0, cache_clear, "remove all results, also where the index is damaged"},
};
static const size_t commands_count = sizeof commands / sizeof *commands;

static const char environment[] =
    "Without --cache it is the folder of the setting result_cache (demucs-config), which\n"
    "DEMUCS_RESULT_CACHE names too.";

int cache_error(const demucs_error *why)
{
    say(stderr, "error: %s", why->message);
    return 1;
}

demucs_cache *cache_open(const cache_options *options)
{
    demucs_error why = {0};
    demucs_cache *cache = NULL;
    char *index = memory_text("%s/index.sqlite", options->folder);
    if (access(index, F_OK) != 0) /* opening would make one */
        say(stderr, "error: there is no cache in %s", options->folder);
    else if (demucs_cache_open(&cache, options->folder, NULL, &why) != DEMUCS_OK)
        cache_error(&why);
    free(index);
    return cache;
}

/* Rules that a table cannot say. */
static arguments_result check(const command *chosen, const cache_options *options, const argument_parser *parser)
{
    uint64_t bytes;
    if (options->folder == NULL || options->folder[0] == '\0')
        return arguments_error(parser, "name the folder of the cache with --cache, or set result_cache");
    if (options->limit != NULL && !size_parse(options->limit, &bytes))
        return arguments_error(parser, "argument --limit: invalid size '%s': write 500M, 20GB or 1.5T", options->limit);
    if (chosen->run == cache_prune && options->limit == NULL && options->unused_days == 0)
        return arguments_error(parser, "say what may go: --limit SIZE, --unused DAYS, or both");
    for (int i = 0; i < options->count; i++)
        if (options->keys[i][0] == '\0' || strspn(options->keys[i], "0123456789abcdef") != strlen(options->keys[i]))
            return arguments_error(parser, "argument KEY: '%s' is not the beginning of a key, as ls shows them",
                                   options->keys[i]);
    return ARGUMENTS_RUN;
}

static int run(const command *chosen, int argc, char **argv)
{
    char program[64];
    snprintf(program, sizeof program, "demucs-cache %s", chosen->name);
    const argument_parser parser = {.program = program,
                                    .description = chosen->help,
                                    .options = chosen->options,
                                    .options_count = chosen->options_count,
                                    .positional = chosen->positional,
                                    .positional_help = "the beginning of a key, as ls shows it",
                                    .positional_minimum = chosen->minimum,
                                    .positional_maximum = chosen->maximum,
                                    .epilog = environment};
    cache_options options = {.keys = memory_new((size_t)argc + 1, sizeof *options.keys)};
    demucs_settings *settings = NULL;
    arguments_result parsed = arguments_parse(&parser, argc, argv, &options, options.keys, &options.count);
    if (parsed == ARGUMENTS_RUN && options.folder == NULL) {
        if (demucs_settings_create(&settings, NULL) != DEMUCS_OK || !settings_load(settings)) parsed = ARGUMENTS_WRONG;
        options.folder = demucs_settings_get(settings, "result_cache");
    }
    if (parsed == ARGUMENTS_RUN) parsed = check(chosen, &options, &parser);
    const int status = parsed == ARGUMENTS_RUN ? chosen->run(&options) : parsed == ARGUMENTS_WRONG ? 2 : 0;
    demucs_settings_free(settings);
    free(options.keys);
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
    snprintf(version, sizeof version, "demucs-cache %s", demucs_version());
    const argument_parser parser = {.program = "demucs-cache",
                                    .description = "Look after the results that demucs --cache keeps.",
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
