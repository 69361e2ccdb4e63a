/* main.c - the smallest program of a stranger: is the library there, is it the one of the header, does it answer? */
#include <demucs.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char version[64];
    snprintf(version, sizeof version, "%d.%d.%d", DEMUCS_VERSION_MAJOR, DEMUCS_VERSION_MINOR, DEMUCS_VERSION_PATCH);
    if (strcmp(version, demucs_version()) != 0) {
        fprintf(stderr, "the header is %s and the library %s\n", version, demucs_version());
        return 1;
    }
    demucs_model *model = NULL;
    demucs_error error;
    demucs_status status = demucs_model_load(&model, "no-such-file.safetensors", &error);
    printf("%s %s: %s\n", version, demucs_status_name(status), error.message);
    return status != DEMUCS_ERROR_IO || model != NULL;
}
