/* main.c - `demucs-models`: list, fetch, check, inspect and convert models.
 *
 * The first word is the command; the table below says what each takes. What scripts may want goes to stdout, progress
 * and errors to stderr. Exit status: 0, 1 when something failed, 2 for a wrong command line, 130 after Ctrl-C. */
#include "commands.h"
#include "common/commands.h"
#include "common/interrupt.h"
#include "common/memory.h"
#include "common/output.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(models_options, name)
#define HELP                                                                                                           \
    {                                                                                                                  \
        'h', "help", ARGUMENT_HELP, .help = "show this help and exit"                                                  \
    }

static const argument with_repo[] = {
    HELP, {0, "repo", ARGUMENT_TEXT, FIELD(repo), "DIR", .help = "a folder with models, instead of the cache"}};
static const argument with_force[] = {HELP,
                                      {0, "force", ARGUMENT_FLAG, FIELD(force), .help = "also those that are here"}};

enum { LIST, FETCH, VERIFY, INFO, CONVERT, PATH, COMMANDS };

#define WITH_REPO .options = with_repo, .options_count = sizeof with_repo / sizeof *with_repo
static const command commands[COMMANDS] = {
    [LIST] = {"list", "list the known models, and which of them are here", WITH_REPO},
    [FETCH] = {"fetch", "bring models into the cache", with_force, sizeof with_force / sizeof *with_force, "NAME", 1,
               COMMANDS_MANY},
    [VERIFY] = {"verify", "check sums and contents, of all without names", WITH_REPO, "NAME", 0, COMMANDS_MANY},
    [INFO] = {"info", "show class, sources, sizes and members of a model", WITH_REPO, "NAME", 1, 1},
    [CONVERT] = {"convert", "write a .safetensors file, which starts fastest", WITH_REPO, "SOURCE TARGET", 2, 2},
    [PATH] = {"path", "print where the file of a model is", WITH_REPO, "NAME", 1, 1},
};
static int (*const functions[COMMANDS])(const models_options *options) = {
    [LIST] = models_list, [FETCH] = models_fetch,     [VERIFY] = models_verify,
    [INFO] = models_info, [CONVERT] = models_convert, [PATH] = models_path};

static const char names[] =
    "a bag (htdemucs), the signature of a single model (955717e8), hf://[NAMESPACE/]NAME, or the "
    "path of a .th, .safetensors, .onnx or .yaml file; with --repo it is looked for there";
static const char environment[] =
    "The cache is $DEMUCS_CACHE, else $XDG_CACHE_HOME/demucs, else ~/.cache/demucs. DEMUCS_OFFLINE=1 keeps\n"
    "the network out; DEMUCS_HF_URL and DEMUCS_LEGACY_URL name mirrors of the hosts that have the models.";

/* The `run` of a command_program. */
static int run(size_t number, const argument_parser *parser, int argc, char **argv)
{
    models_options options = {.names = memory_new((size_t)argc + 1, sizeof *options.names)};
    arguments_result parsed = arguments_parse(parser, argc, argv, &options, options.names, &options.count);
    if (parsed == ARGUMENTS_RUN && number == CONVERT && !models_has_suffix(options.names[1], ".safetensors"))
        parsed = arguments_error(parser, "the target must end in .safetensors: %s", options.names[1]);
    int status = parsed == ARGUMENTS_RUN ? functions[number](&options) : parsed == ARGUMENTS_WRONG ? 2 : 0;
    free(options.names);
    return status;
}

int main(int argc, char **argv)
{
    const command_program program = {.name = "demucs-models",
                                     .description = "List, fetch, check, inspect and convert models.",
                                     .epilog = environment,
                                     .positional_help = names,
                                     .commands = commands,
                                     .commands_count = COMMANDS,
                                     .run = run};
    output_begin();
    interrupt_install();
    return interrupt_end(output_end(commands_run(&program, argc, argv)));
}
