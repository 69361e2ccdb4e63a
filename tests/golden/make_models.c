/* make_models.c LIST FOLDER - write the models of tests/data/golden/models.tsv as safetensors files into a folder.
 *
 * A line of the list is a name, a class, its arguments, and how its tensors are named ("v2": as the second version of
 * Demucs named them). The loader says which tensors such a model has, and generated.h what is in them. */
#include "generated.h"

#include "base/alloc.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/json.h"
#include "checkpoint/reader.h"
#include "models/network.h"

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

static demucs_status add_tensors(dmx_checkpoint *checkpoint, const char *model, bool v2, demucs_error *error)
{
    dmx_parameters list = {0};
    demucs_status status = checkpoint->classes->list_parameters(&list, checkpoint, error);
    for (size_t i = 0; status == DEMUCS_OK && i < list.count; i++) {
        dmx_parameter *p = &list.items[i];
        float *values = dmx_alloc(p->count, sizeof *values);
        if (values == NULL) return dmx_fail(error, DEMUCS_ERROR_MEMORY, "out of memory");
        dmx_tensor tensor = {.dtype = DMX_F32, .rank = p->rank, .count = p->count, .data = values, .owned = values};
        memcpy(tensor.shape, p->shape, sizeof p->shape);
        generated_tensor(model, p->name, p->rank, p->shape, values);
        if (v2) rename_to_v2(p->name);
        status = dmx_checkpoint_add(checkpoint, p->name, strlen(p->name), &tensor, error);
    }
    dmx_parameters_clear(&list);
    return status;
}

static demucs_status make(const char *folder, const char *model, const char *class_name, const char *arguments, bool v2,
                          demucs_error *error)
{
    char path[1024];
    dmx_checkpoint checkpoint = {.path = path, .classes = &dmx_families, .args = {.kind = DMX_VALUE_LIST}};
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, model);
    demucs_status status = dmx_checkpoint_set_class(&checkpoint, class_name, strlen(class_name), error);
    if (status == DEMUCS_OK)
        status = dmx_json_parse(&checkpoint.kwargs, arguments, strlen(arguments), path, "kwargs", error);
    if (status == DEMUCS_OK) status = dmx_json_decode_fractions(&checkpoint.kwargs, path, "kwargs", error);
    if (status == DEMUCS_OK) status = add_tensors(&checkpoint, model, v2, error);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(&checkpoint, path, error);
    for (size_t i = 0; i < checkpoint.tensor_count; i++) {
        dmx_free(checkpoint.tensors[i].name);
        dmx_free(checkpoint.tensors[i].owned);
    }
    dmx_free(checkpoint.tensors);
    dmx_value_clear(&checkpoint.kwargs);
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
