/* export.c - see export.h */
#include "common/export.h"

bool export_convert(const char *source_path, const char *target_path, demucs_error *error, void *user)
{
    (void)user;
    demucs_model *model = NULL;
    if (demucs_convert(source_path, target_path, error) == DEMUCS_OK &&
        demucs_model_load(&model, target_path, error) == DEMUCS_OK) {
        demucs_model_free(model);
        return true;
    }
    return false;
}
