/* export.c - see export.h */
#include "common/export.h"

bool export_accept(const char *path, demucs_error *error, void *user)
{
    (void)user;
    demucs_model *model = NULL;
    if (demucs_model_load(&model, path, error) != DEMUCS_OK) return false;
    demucs_model_free(model);
    return true;
}

bool export_convert(const char *source_path, const char *target_path, demucs_error *error, void *user)
{
    return demucs_convert(source_path, target_path, error) == DEMUCS_OK && export_accept(target_path, error, user);
}
