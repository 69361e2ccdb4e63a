/* main.c - `demucs-config`: read and change the files of settings.
 *
 * `get` and `list` tell what a run of demucs here would go by; with --user or --project, what that file says. `set` and
 * `unset` change one line of a file, the user's unless --project is given. Exit status: 0, 1 when something failed or
 * is not set, 2 for a wrong command line. */
#include "common/commands.h"
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

enum { GET, SET, UNSET, LIST, PATH, COMMANDS };

#define TABLE .options = options_table, .options_count = sizeof options_table / sizeof *options_table
static const command commands[COMMANDS] = {
    [GET] = {"get", "print the value of a setting", TABLE, "KEY", 1, 1},
    [SET] = {"set", "set it in a file; comments and the order of lines stay", TABLE, "KEY VALUE", 2, 2},
    [UNSET] = {"unset", "remove it from a file", TABLE, "KEY", 1, 1},
    [LIST] = {"list", "print all settings, and where each comes from", TABLE},
    [PATH] = {"path", "print where the file is", TABLE},
};
static int (*const functions[COMMANDS])(const config_options *options) = {
    [GET] = run_get, [SET] = run_set, [UNSET] = run_unset, [LIST] = run_list, [PATH] = run_path};

static const char sources[] = "Stronger first: flags of demucs, variables (DEMUCS_SHIFTS for shifts), the\n"
                              "project's file, the user's file. demucs-config list names all settings.";

/* The `run` of a command_program. */
static int run(size_t number, const argument_parser *parser, int argc, char **argv)
{
    demucs_error why;
    config_options options = {.words = memory_new((size_t)argc + 1, sizeof *options.words)};
    const arguments_result parsed = arguments_parse(parser, argc, argv, &options, options.words, &options.count);
    int status = parsed == ARGUMENTS_WRONG ? 2 : 0;
    if (parsed == ARGUMENTS_RUN)
        status =
            demucs_settings_create(&options.settings, &why) == DEMUCS_OK ? functions[number](&options) : fail(&why);
    demucs_settings_free(options.settings);
    free(options.words);
    return status;
}

int main(int argc, char **argv)
{
    const command_program program = {.name = "demucs-config",
                                     .description = "Read and change the settings of demucs.",
                                     .epilog = sources,
                                     .positional_help = "a setting, and what it is to be as it would stand in the file",
                                     .commands = commands,
                                     .commands_count = COMMANDS,
                                     .run = run};
    output_begin();
    return output_end(commands_run(&program, argc, argv));
}
