/* make_models.c LIST FOLDER - write the models of tests/data/golden/models.tsv as safetensors files into a folder.
 *
 * A line of the list is a name, a class, its arguments, and how its tensors are named ("v2": as the second version of
 * Demucs named them). The loader says which tensors such a model has, and generated.h what is in them. */
#include "generated.h"
#include "support/made_checkpoint.h"

#include "checkpoint/parameters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "encoder.0.3.weight" was "encoder.0.2.weight" where a level had no DConv. */
static void rename_to_v2(char *name)
{
    char *part = strchr(name, '.');
    part = part != NULL ? strchr(part + 1, '.') : NULL;
    if (strncmp(name + 2, "coder.", 6) == 0 && part != NULL && strncmp(part, ".3.", 3) == 0) part[1] = '2';
}

typedef struct naming {
    const char *model;
    bool v2;
} naming;

static void fill(const void *context, dmx_parameter *p, float *values)
{
    const naming *names = context;
    generated_tensor(names->model, p->name, p->rank, p->shape, values);
    if (names->v2) rename_to_v2(p->name);
}

static demucs_status make(const char *folder, const char *model, const char *class_name, const char *arguments, bool v2,
                          demucs_error *error)
{
    char path[1024];
    const naming names = {model, v2};
    dmx_checkpoint checkpoint;
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, model);
    demucs_status status = made_begin(&checkpoint, path, class_name, arguments, error);
    if (status == DEMUCS_OK) status = made_add_tensors(&checkpoint, fill, &names, error);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(&checkpoint, path, error);
    made_clear(&checkpoint);
    return status;
}

int main(int argc, char **argv)
{
    char line[4096];
    int made = 0;
    demucs_error error = {.status = DEMUCS_OK};
    FILE *list = argc == 3 ? fopen(argv[1], "r") : NULL;
    if (list == NULL) {
        fprintf(stderr, "usage: %s LIST FOLDER\n", argv[0]);
        return 2;
    }
    while (error.status == DEMUCS_OK && fgets(line, sizeof line, list) != NULL) {
        char *model = strtok(line, "\t\n"), *class_name = strtok(NULL, "\t\n"), *arguments = strtok(NULL, "\t\n"),
             *names = strtok(NULL, "\t\n");
        if (names == NULL || strcmp(model, "model") == 0) continue; /* the heading */
        made += make(argv[2], model, class_name, arguments, strcmp(names, "v2") == 0, &error) == DEMUCS_OK;
    }
    fclose(list);
    if (error.status != DEMUCS_OK || made == 0) fprintf(stderr, "%d models were made. %s\n", made, error.message);
    return error.status == DEMUCS_OK && made > 0 ? 0 : 1;
}
