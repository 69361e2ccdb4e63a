/* export.c - see export.h */
#include "common/export.h"

#include "demucs.h"

#include <stdio.h>

bool export_convert(const char *source_path, const char *target_path, char *why, size_t why_size, void *user)
{
    (void)user;
    demucs_error error;
    demucs_model *model = NULL;
    if (demucs_convert(source_path, target_path, &error) == DEMUCS_OK &&
        demucs_model_load(&model, target_path, &error) == DEMUCS_OK) {
        demucs_model_free(model);
        return true;
    }
    snprintf(why, why_size, "%s", error.message);
    return false;
}
