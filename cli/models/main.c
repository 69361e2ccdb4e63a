/* main.c - `demucs-models`: list, fetch, check, inspect and convert models.
 *
 * The first word is the command; the table below says what each takes. What scripts may want goes to stdout, progress
 * and errors to stderr. Exit status: 0, 1 when something failed, 2 for a wrong command line, 130 after Ctrl-C. */
#include "base/file.h"
#include "commands.h"
#include "common/interrupt.h"
#include "demucs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct command {
    const char *name, *words;
    int minimum, maximum; /* how many words it takes */
    int (*run)(const models_options *options);
    const char *help;
} command;

static const command commands[] = {
    {"list", "[--repo DIR]", 0, 0, models_list, "list the known models, and which of them are here"},
    {"fetch", "[--force] NAME...", 1, 1000, models_fetch, "bring models into the cache; --force: also those it has"},
    {"verify", "[--repo DIR] [NAME...]", 0, 1000, models_verify, "check sums and contents, of all without names"},
    {"info", "[--repo DIR] NAME", 1, 1, models_info, "show class, sources, sizes and members of a model"},
    {"convert", "[--repo DIR] SOURCE TARGET", 2, 2, models_convert, "write a .safetensors file, which starts fastest"},
    {"path", "[--repo DIR] NAME", 1, 1, models_path, "print where the file of a model is"},
};
static const size_t commands_count = sizeof commands / sizeof *commands;

static void print_help(FILE *file)
{
    fprintf(file, "usage:\n");
    for (size_t i = 0; i < commands_count; i++)
        fprintf(file, "  demucs-models %-7s %-27s %s\n", commands[i].name, commands[i].words, commands[i].help);
    fprintf(file,
            "  demucs-models --help | --version\n\n"
            "A NAME or SOURCE is a bag (htdemucs), the signature of a single model (955717e8), hf://[NAMESPACE/]NAME,\n"
            "or the path of a .th, .safetensors, .onnx or .yaml file. With --repo it is looked for in that folder.\n\n"
            "The cache is $DEMUCS_CACHE, else $XDG_CACHE_HOME/demucs, else ~/.cache/demucs. DEMUCS_OFFLINE=1 keeps\n"
            "the network out; DEMUCS_HF_URL and DEMUCS_LEGACY_URL name mirrors of the hosts that have the models.\n");
}

static bool usage_error(const command *chosen, const char *text, const char *word)
{
    fprintf(stderr, "usage: demucs-models %s%s%s\n", chosen->name, chosen->words[0] != '\0' ? " " : "", chosen->words);
    fprintf(stderr, "demucs-models %s: error: %s%s\n", chosen->name, text, word);
    return false;
}

/* "--repo DIR" or "--repo=DIR", at *argv, which moves on to the last word used. */
static bool take_repo(const command *chosen, char ***argv, models_options *options)
{
    const char *word = **argv;
    if (chosen->run == models_fetch) return usage_error(chosen, "unknown option ", word);
    if (word[6] == '=')
        options->repo = word + 7;
    else if ((*argv)[1] != NULL)
        options->repo = *++*argv;
    else
        return usage_error(chosen, "--repo needs a folder", "");
    return true;
}

static bool parse(const command *chosen, char **argv, models_options *options)
{
    bool only_names = false;
    for (; *argv != NULL; argv++) {
        const char *word = *argv;
        if (only_names || word[0] != '-')
            options->names[options->count++] = word;
        else if (strcmp(word, "--") == 0)
            only_names = true;
        else if (strcmp(word, "--force") == 0 && chosen->run == models_fetch)
            options->force = true;
        else if (strcmp(word, "--repo") != 0 && strncmp(word, "--repo=", 7) != 0)
            return usage_error(chosen, "unknown option ", word);
        else if (!take_repo(chosen, &argv, options))
            return false;
    }
    if (options->count < chosen->minimum) return usage_error(chosen, "something is missing", "");
    if (options->count > chosen->maximum)
        return usage_error(chosen, "too many words: ", options->names[chosen->maximum]);
    if (chosen->run == models_convert && !models_has_suffix(options->names[1], ".safetensors"))
        return usage_error(chosen, "the target must end in .safetensors: ", options->names[1]);
    return true;
}

static int run(const command *chosen, int argc, char **argv)
{
    models_options options = {.names = memory_new((size_t)argc + 1, sizeof *options.names)};
    int status = parse(chosen, argv, &options) ? chosen->run(&options) : 2;
    free(options.names);
    return status;
}

static bool is_any(const char *word, const char *first, const char *second)
{
    return strcmp(word, first) == 0 || strcmp(word, second) == 0;
}

int main(int argc, char **argv)
{
    interrupt_install(dmx_files_unlink_all);
    const char *word = argc > 1 ? argv[1] : "";
    if (is_any(word, "--help", "-h") || (argc > 2 && is_any(argv[2], "--help", "-h"))) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        printf("demucs-models %s\n", demucs_version());
        return 0;
    }
    for (size_t i = 0; i < commands_count; i++)
        if (strcmp(word, commands[i].name) == 0) return run(&commands[i], argc - 2, argv + 2);
    print_help(stderr);
    if (word[0] != '\0') fprintf(stderr, "\ndemucs-models: error: there is no command '%s'\n", word);
    return 2;
}
