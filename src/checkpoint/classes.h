/* classes.h - what a reader has to be told about the classes of models.
 *
 * A checkpoint names the Python class that it is a model of, and some leave the names of its tensors to that class. The
 * folder checkpoint/ knows no class (but for onnx.c, the reader of one file of one model): whoever opens a file hands
 * over the classes that there are (dmx_families in models/network.h), and the readers ask those. */
#ifndef DMX_CHECKPOINT_CLASSES_H
#define DMX_CHECKPOINT_CLASSES_H

#include "checkpoint/parameters.h"

#include <stddef.h>

struct dmx_checkpoint;

typedef struct dmx_class {
    const char *name; /* "HTDemucs" */
    /* Its dotted names in Python, "demucs.htdemucs.HTDemucs", and NULL at the end. Files are written with the first
     * one; the others are older names. */
    const char *const *python_names;
} dmx_class;

typedef struct dmx_classes {
    const dmx_class *const *rows; /* NULL at the end */

    /* List the tensors of a model of the class and arguments that `checkpoint` holds. Arguments that no such model can
     * have are refused. Clear the list on failure too. */
    demucs_status (*list_parameters)(dmx_parameters *parameters, const struct dmx_checkpoint *checkpoint,
                                     demucs_error *error);
} dmx_classes;

/* The class of a dotted name of `length` characters, or NULL when there is none. */
const dmx_class *dmx_classes_find(const dmx_classes *classes, const char *name, size_t length);

/* Write the first Python name of each class into `text`: "a.A, b.B and c.C", cut short where there is no room. */
void dmx_classes_print(const dmx_classes *classes, char *text, size_t size);

#endif
