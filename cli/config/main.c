/* main.c - `demucs-config`: read and change the files of settings.
 *
 * `get` and `list` tell what a run of demucs here would go by; with --user or --project, what that file says. `set` and
 * `unset` change one line of a file, the user's unless --project is given. Exit status: 0, 1 when something failed or
 * is not set, 2 for a wrong command line. */
#include "common/arguments.h"
#include "common/memory.h"
#include "common/output.h"
#include "common/say.h"
#include "common/settings_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct config_options {
    bool user, project;
    const char **words; /* [count] behind the command */
    int count;
    demucs_settings *settings;
} config_options;

#define FIELD(name) offsetof(config_options, name)

enum { GROUP_FILE = 1 };

static const argument options_table[] = {
    {'h', "help", ARGUMENT_HELP, .help = "show this help and exit"},
    {0, "user", ARGUMENT_FLAG, FIELD(user), .group = GROUP_FILE,
     .help = "the user's file, $XDG_CONFIG_HOME/demucs/demucs.conf or ~/.config/demucs/demucs.conf; set, unset and "
             "path go by it if nothing else is said"},
    {0, "project", ARGUMENT_FLAG, FIELD(project), .group = GROUP_FILE,
     .help =
         "the project's file, demucs.conf in this folder or the nearest one above; set makes it here where there is "
         "none"}};
static const argument alone[] = {{'h', "help", ARGUMENT_HELP, .help = "show this help and exit"},
                                 {0, "version", ARGUMENT_VERSION, .help = "show the version and exit"}};

/* ---------------------------------------------------------------------------------------------- commands ---- */

static int fail(const demucs_error *why)
{
    say(stderr, "error: %s", why->message);
    return 1;
}

static demucs_settings_source source_of(const config_options *options)
{
    return options->project ? DEMUCS_SETTINGS_PROJECT : DEMUCS_SETTINGS_USER;
}

/* All sources, or the one file that was asked for. */
static bool load(const config_options *options, demucs_error *why)
{
    const bool all = !options->user && !options->project;
    demucs_settings *settings = options->settings;
    const bool done = (options->project || demucs_settings_load_user(settings, why) == DEMUCS_OK) &&
                      (options->user || demucs_settings_load_project(settings, ".", why) == DEMUCS_OK) &&
                      (!all || demucs_settings_load_environment(settings, why) == DEMUCS_OK);
    for (int i = 0; i < demucs_settings_warnings(settings); i++)
        say(stderr, "warning: %s", demucs_settings_warning(settings, i));
    return done;
}

/* The file that set, unset and path are about. One that is not there has a name for the user, and for `set`. */
static const char *path_of(const config_options *options, const char *otherwise, demucs_error *why)
{
    if (demucs_settings_locate(options->settings, source_of(options), ".", why) != DEMUCS_OK) return NULL;
    const char *path = demucs_settings_path(options->settings, source_of(options));
    if (path == NULL) path = options->project ? otherwise : NULL;
    if (path == NULL)
        snprintf(why->message, sizeof why->message, "%s",
                 options->project ? "there is no demucs.conf in this folder or above it"
                                  : "there is no home folder: HOME and XDG_CONFIG_HOME are not set");
    return path;
}

static int run_get(const config_options *options)
{
    demucs_error why = {DEMUCS_OK, ""};
    const char *key = options->words[0];
    if (!load(options, &why)) return fail(&why);
    const bool one = options->user || options->project;
    const char *value = one ? demucs_settings_get_from(options->settings, source_of(options), key)
                            : demucs_settings_get(options->settings, key);
    if (value == NULL) {
        demucs_settings_set(options->settings, DEMUCS_SETTINGS_PROGRAM, key, NULL, NULL, &why);
        if (why.status == DEMUCS_OK)
            snprintf(why.message, sizeof why.message, "%s is not set in the %s's file", key,
                     options->project ? "project" : "user");
        return fail(&why);
    }
    say(stdout, "%s", value);
    return 0;
}

static int run_set(const config_options *options)
{
    demucs_error why = {DEMUCS_OK, ""};
    const char *path = path_of(options, "demucs.conf", &why);
    if (path == NULL || demucs_settings_file_set(path, options->words[0], options->words[1], &why) != DEMUCS_OK)
        return fail(&why);
    return 0;
}

static int run_unset(const config_options *options)
{
    demucs_error why = {DEMUCS_OK, ""};
    bool was = false;
    const char *key = options->words[0], *path = path_of(options, NULL, &why);
    if (path == NULL || demucs_settings_file_unset(path, key, &was, &why) != DEMUCS_OK) return fail(&why);
    if (was) return 0;
    demucs_settings_set(options->settings, DEMUCS_SETTINGS_PROGRAM, key, NULL, NULL, &why);
    if (why.status == DEMUCS_OK) snprintf(why.message, sizeof why.message, "%s is not set in %s", key, path);
    return fail(&why);
}

static int run_list(const config_options *options)
{
    demucs_error why = {DEMUCS_OK, ""};
    if (!load(options, &why)) return fail(&why);
    if (options->user || options->project)
        settings_print_source(options->settings, source_of(options));
    else
        settings_print(options->settings);
    return 0;
}

static int run_path(const config_options *options)
{
    demucs_error why = {DEMUCS_OK, ""};
    const char *path = path_of(options, NULL, &why);
    if (path == NULL) return fail(&why);
    printf("%s\n", path);
    return 0;
}

/* -------------------------------------------------------------------------------------------- command line ---- */

typedef struct command {
    const char *name, *positional;
    int count; /* how many words it takes */
    int (*run)(const config_options *options);
    const char *help;
} command;

static const command commands[] = {
    {"get", "KEY", 1, run_get, "print the value of a setting"},
    {"set", "KEY VALUE", 2, run_set, "set it in a file; comments and the order of lines stay"},
    {"unset", "KEY", 1, run_unset, "remove it from a file"},
    {"list", NULL, 0, run_list, "print all settings, and where each comes from"},
    {"path", NULL, 0, run_path, "print where the file is"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const char sources[] = "Stronger first: flags of demucs, variables (DEMUCS_SHIFTS for shifts), the\n"
                              "project's file, the user's file. demucs-config list names all settings.";

static int run(const command *chosen, int argc, char **argv)
{
    char program[64];
    demucs_error why;
    snprintf(program, sizeof program, "demucs-config %s", chosen->name);
    const argument_parser parser = {.program = program,
                                    .description = chosen->help,
                                    .options = options_table,
                                    .options_count = sizeof options_table / sizeof *options_table,
                                    .positional = chosen->positional,
                                    .positional_help = "a setting, and what it is to be as it would stand in the file",
                                    .positional_minimum = chosen->count,
                                    .positional_maximum = chosen->count,
                                    .epilog = sources};
    config_options options = {.words = memory_new((size_t)argc + 1, sizeof *options.words)};
    const arguments_result parsed = arguments_parse(&parser, argc, argv, &options, options.words, &options.count);
    int status = parsed == ARGUMENTS_WRONG ? 2 : 0;
    if (parsed == ARGUMENTS_RUN)
        status = demucs_settings_create(&options.settings, &why) == DEMUCS_OK ? chosen->run(&options) : fail(&why);
    demucs_settings_free(options.settings);
    free(options.words);
    return status;
}

/* A command line that does not begin with a command: help, version, or a mistake. */
static int run_without_command(int argc, char **argv)
{
    enum { MANY = 1000 };
    char epilog[1024], version[64];
    size_t used = (size_t)snprintf(epilog, sizeof epilog, "commands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        used +=
            (size_t)snprintf(epilog + used, sizeof epilog - used, "  %-24s%s\n", commands[i].name, commands[i].help);
    snprintf(epilog + used, sizeof epilog - used, "\n%s", sources);
    snprintf(version, sizeof version, "demucs-config %s", demucs_version());
    const argument_parser parser = {.program = "demucs-config",
                                    .description = "Read and change the settings of demucs.",
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
    for (size_t i = 0; i < COMMANDS; i++)
        if (argc > 1 && strcmp(argv[1], commands[i].name) == 0) chosen = &commands[i];
    return output_end(chosen != NULL ? run(chosen, argc - 1, argv + 1) : run_without_command(argc, argv));
}
