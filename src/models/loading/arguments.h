/* arguments.h - read the constructor arguments of a checkpoint, with bounds.
 *
 * The first thing that is wrong is kept in the error, and `failed` is set. Arguments that are read after that give
 * their defaults. So a constructor can read all its arguments in a row and look at `failed` once at the end. */
#ifndef DMX_MODELS_LOADING_ARGUMENTS_H
#define DMX_MODELS_LOADING_ARGUMENTS_H

#include "checkpoint/checkpoint.h"
#include "models/network.h"

struct dmx_arguments {
    const dmx_checkpoint *checkpoint;
    const char *const *names; /* parameters of the official class in order, NULL at the end */
    demucs_error *error;
    bool failed;
};

/* Start reading: positional arguments must be as many as there are names at most, none may be given twice. Arguments
 * that the class does not know are dropped, as the official loader does, with a warning each. */
void dmx_arguments_begin(dmx_arguments *a, const dmx_checkpoint *checkpoint, const char *const *names,
                         dmx_warnings *warnings, demucs_error *error);

/* The value of an argument, or NULL when it is not given. */
const dmx_value *dmx_arguments_value(const dmx_arguments *a, const char *name);

/* The argument `name`, or `missing` when it is not given. A number must be in [low, high]; a float with a whole value
 * is taken for an int. For a bool, None is false. */
int dmx_arguments_int(dmx_arguments *a, const char *name, int missing, int low, int high);
double dmx_arguments_number(dmx_arguments *a, const char *name, double missing, double low, double high);
bool dmx_arguments_bool(dmx_arguments *a, const char *name, bool missing);

/* True when the argument is given and is not None. */
bool dmx_arguments_given(const dmx_arguments *a, const char *name);

/* A text argument that must be one of `choices` (NULL at the end); gives its index. */
int dmx_arguments_choice(dmx_arguments *a, const char *name, int missing, const char *const *choices);

/* The list `sources`: 1..DMX_MAX_SOURCES distinct names, printable, without '/'. */
void dmx_arguments_sources(dmx_arguments *a, dmx_network *network);

/* The segment: a number or fraction of seconds, positive, of at most an hour and of at least one frame. */
void dmx_arguments_segment(dmx_arguments *a, double missing, dmx_network *network);

/* Fail since this version cannot do what an argument asks for, though the official class can. */
void dmx_arguments_refuse(dmx_arguments *a, const char *name, const char *why);

/* Fail for any other reason: `what` is a sentence. */
void dmx_arguments_fail(dmx_arguments *a, const char *what);

#endif
