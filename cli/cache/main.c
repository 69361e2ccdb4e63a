/* main.c - `demucs-cache`: look at the results that demucs --cache keeps, check them, and remove some.
 *
 * The first word is the command; the table below says what each takes. What scripts may want goes to stdout, errors to
 * stderr. Exit status: 0, 1 when something failed or was damaged, 2 for a wrong command line, 130 after Ctrl-C. */
#include "base/size.h"
#include "commands.h"
#include "common/commands.h"
#include "common/interrupt.h"
#include "common/memory.h"
#include "common/output.h"
#include "common/say.h"
#include "common/settings_load.h"

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

static const argument plain[] = {COMMON};
static const argument with_limits[] = {
    COMMON,
    {0, "limit", ARGUMENT_TEXT, FIELD(limit), "SIZE",
     .help = "how much may be left, such as 500M or 20GB: what was not used for longest goes first"},
    {0, "unused", ARGUMENT_NUMBER, FIELD(unused_days), "DAYS", .minimum = 0.0001, .maximum = 100000,
     .help = "remove what was not used for so many days"}};

enum { LS, SHOW, VERIFY, PRUNE, CLEAR, COMMANDS };

#define PLAIN .options = plain, .options_count = sizeof plain / sizeof *plain
static const command commands[COMMANDS] = {
    [LS] = {"ls", "list the results, the one used last first", PLAIN},
    [SHOW] = {"show", "show settings, files, times and hits of results", PLAIN, "KEY", 1, COMMANDS_MANY},
    [VERIFY] = {"verify", "read all files, or those of some results; remove what is damaged", PLAIN, "KEY", 0,
                COMMANDS_MANY},
    [PRUNE] = {"prune", "remove results by size or age", .options = with_limits,
               .options_count = sizeof with_limits / sizeof *with_limits},
    [CLEAR] = {"clear", "remove all results, also where the index is damaged", PLAIN},
};
static int (*const functions[COMMANDS])(const cache_options *options) = {
    [LS] = cache_ls, [SHOW] = cache_show, [VERIFY] = cache_verify, [PRUNE] = cache_prune, [CLEAR] = cache_clear};

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
static arguments_result check(size_t number, const cache_options *options, const argument_parser *parser)
{
    uint64_t bytes;
    if (options->folder == NULL || options->folder[0] == '\0')
        return arguments_error(parser, "name the folder of the cache with --cache, or set result_cache");
    if (options->limit != NULL && !dmx_size_parse(options->limit, &bytes))
        return arguments_error(parser, "argument --limit: invalid size '%s': write 500M, 20GB or 1.5T", options->limit);
    if (number == PRUNE && options->limit == NULL && options->unused_days == 0)
        return arguments_error(parser, "say what may go: --limit SIZE, --unused DAYS, or both");
    for (int i = 0; i < options->count; i++)
        if (options->keys[i][0] == '\0' || strspn(options->keys[i], "0123456789abcdef") != strlen(options->keys[i]))
            return arguments_error(parser, "argument KEY: '%s' is not the beginning of a key, as ls shows them",
                                   options->keys[i]);
    return ARGUMENTS_RUN;
}

/* The `run` of a command_program. */
static int run(size_t number, const argument_parser *parser, int argc, char **argv)
{
    cache_options options = {.keys = memory_new((size_t)argc + 1, sizeof *options.keys)};
    demucs_settings *settings = NULL;
    arguments_result parsed = arguments_parse(parser, argc, argv, &options, options.keys, &options.count);
    if (parsed == ARGUMENTS_RUN && options.folder == NULL) {
        if (demucs_settings_create(&settings, NULL) != DEMUCS_OK || !settings_load(settings)) parsed = ARGUMENTS_WRONG;
        options.folder = demucs_settings_get(settings, "result_cache");
    }
    if (parsed == ARGUMENTS_RUN) parsed = check(number, &options, parser);
    const int status = parsed == ARGUMENTS_RUN ? functions[number](&options) : parsed == ARGUMENTS_WRONG ? 2 : 0;
    demucs_settings_free(settings);
    free(options.keys);
    return status;
}

int main(int argc, char **argv)
{
    const command_program program = {.name = "demucs-cache",
                                     .description = "Look after the results that demucs --cache keeps.",
                                     .epilog = environment,
                                     .positional_help = "the beginning of a key, as ls shows it",
                                     .commands = commands,
                                     .commands_count = COMMANDS,
                                     .run = run};
    output_begin();
    interrupt_install();
    return interrupt_end(output_end(commands_run(&program, argc, argv)));
}
