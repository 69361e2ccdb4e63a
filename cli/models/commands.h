/* commands.h - what `demucs-models` can do, one function a command. */
#ifndef CLI_MODELS_COMMANDS_H
#define CLI_MODELS_COMMANDS_H

#include "base/error.h"
#include "hub/hub.h"

typedef struct models_options {
    const char *repo; /* --repo folder, or NULL */
    bool force;
    const char **names; /* the words after the command */
    int count;
} models_options;

/* Each gives the exit status: 0, 1 when something failed (it was printed), 130 after Ctrl-C. */
int models_list(const models_options *options);
int models_fetch(const models_options *options);
int models_verify(const models_options *options);
int models_info(const models_options *options);
int models_convert(const models_options *options);
int models_path(const models_options *options);

/* The file of a model that is on this machine, to be freed with free(). */
char *models_find(const models_options *options, const char *name, demucs_error *why);

bool models_has_suffix(const char *text, const char *suffix);

#endif
