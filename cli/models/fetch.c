/* fetch.c - `demucs-models fetch NAME...`: bring models into the cache, with a bar for each file. */
#include "commands.h"
#include "common/interrupt.h"
#include "common/model.h"
#include "common/output.h"
#include "common/say.h"

#include <stdio.h>
#include <stdlib.h>

static bool fetch_one(const models_options *options, const char *name)
{
    demucs_error why = {0};
    const model_request request = {.name = name, .force = options->force};
    char *path = model_find(&request, &why);
    if (path == NULL)
        fprintf(stderr, "error: %s\n", why.message);
    else
        say(stdout, "%s: %s", name, path);
    output_flush();
    free(path);
    return path != NULL;
}

int models_fetch(const models_options *options)
{
    int failed = 0;
    for (int i = 0; i < options->count && interrupt_signal() == 0; i++)
        failed += !fetch_one(options, options->names[i]);
    return failed > 0;
}
