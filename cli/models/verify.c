/* verify.c - `demucs-models verify [NAME...]`: do the files have the right sums, and does the engine take them? */
#include "base/error.h"
#include "commands.h"
#include "common/interrupt.h"
#include "common/output.h"
#include "common/say.h"
#include "demucs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_file(const char *path, const char *what, void *user)
{
    (void)user;
    /* what is wrong names the file by itself */
    if (strncmp(what, path, strlen(path)) == 0)
        say(stdout, "%s", what);
    else
        say(stdout, "%s: %s", path, what);
    output_flush();
}

/* The sums hold; now the content: every tensor's name, shape and size. */
static bool check_loading(const models_options *options, const char *name)
{
    demucs_error why = {0};
    demucs_model *model = NULL;
    char *path = models_find(options, name, &why);
    if (path != NULL) demucs_model_load(&model, path, &why);
    if (model == NULL) fprintf(stderr, "error: %s\n", why.message);
    bool done = model != NULL;
    demucs_model_free(model);
    free(path);
    return done;
}

static bool verify_one(const models_options *options, const char *name, bool sums)
{
    const hub_options hub = {.repo = options->repo};
    demucs_error error = {0};
    if (sums && !hub_verify(name, &hub, on_file, NULL, &error)) {
        fprintf(stderr, "error: %s\n", error.message);
        return false;
    }
    if (!check_loading(options, name)) return false;
    say(stdout, "%s: loads", name);
    output_flush();
    return true;
}

/* All that is here. A bag's files are among the single models: their sums are compared once. */
static int verify_all(const models_options *options)
{
    size_t count = 0;
    int failed = 0, seen = 0;
    demucs_error error = {0};
    hub_entry *entries = hub_list(options->repo, &count, &error);
    if (entries == NULL) {
        fprintf(stderr, "error: %s\n", error.message);
        return 1;
    }
    for (size_t i = 0; i < count && interrupt_signal() == 0; i++) {
        const hub_entry *entry = &entries[i];
        if (!entry->local) continue;
        bool foreign = strncmp(entry->name, "hf://", 5) == 0; /* its members are not among the singles */
        failed += !verify_one(options, entry->name, !entry->bag || foreign);
        seen++;
    }
    free(entries);
    char *folder = hub_cache_folder();
    if (seen == 0)
        say(stdout, "no models in %s", options->repo != NULL ? options->repo : folder != NULL ? folder : "the cache");
    free(folder);
    return failed > 0;
}

int models_verify(const models_options *options)
{
    int failed = 0;
    if (options->count == 0) failed = verify_all(options);
    for (int i = 0; i < options->count && interrupt_signal() == 0; i++)
        failed += !verify_one(options, options->names[i], true);
    return failed > 0;
}
