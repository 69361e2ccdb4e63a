/* folder.c - see folder.h */
#include "folder.h"

#include "common/memory.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

const char *folder_extension(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    if (dot == NULL || (slash != NULL && dot < slash)) return path + strlen(path);
    return dot + 1;
}

static bool is_model_file(const char *name)
{
    static const char *const endings[] = {"safetensors", "th", "onnx", "yaml"};
    if (strncmp(name, "hf://", 5) == 0) return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(folder_extension(name), endings[i]) == 0) return true;
    return false;
}

char *folder_of_model(const char *out, const char *model_name)
{
    if (is_model_file(model_name)) {
        const char *slash = strrchr(model_name, '/'), *file = slash != NULL ? slash + 1 : model_name;
        const int length = (int)(folder_extension(model_name) - 1 - file);
        const bool elsewhere = length == 2 && strncmp(file, "..", 2) == 0; /* a file called "...th" */
        return memory_text("%s/%s%.*s", out, elsewhere ? "_" : "", length, file);
    }
    if (strncmp(model_name, "hf://", 5) == 0) model_name += 5;
    char *path = memory_text("%s/%s", out, model_name);
    for (char *at = path + strlen(out) + 1; *at != '\0'; at++)
        if (*at == '/') *at = '_';
    return path;
}
