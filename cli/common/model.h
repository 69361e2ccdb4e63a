/* model.h - from the name on the command line to a loaded model: find or fetch the file, with a bar, and load it. */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

#include "base/error.h"
#include "demucs_fit.h"

typedef struct model_request {
    const char *name;
    const char *repo; /* --repo folder, or NULL */
    bool offline;
    bool force;                    /* fetch again even when the cache has it */
    const demucs_fit_options *fit; /* NULL, or how much memory there is for a bag */
} model_request;

/* The path of the model's file, fetched when needed, to be freed with free(); NULL on failure or interruption. */
char *model_find(const model_request *request, demucs_error *why);

/* model_find and demucs_fit_load. `*path` (to be freed with free()) is set when it could be found. */
bool model_open(demucs_model **model, char **path, const model_request *request, demucs_error *why);

#endif
