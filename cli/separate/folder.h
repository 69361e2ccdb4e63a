/* folder.h - where the results of a run go: OUT/MODEL. */
#ifndef SEPARATE_FOLDER_H
#define SEPARATE_FOLDER_H

/* OUT and the folder of a model: its name without hf:// and with / made to _, as the official program has it; for the
 * path of a model file, the file's name without its extension. To be freed with free(). */
char *folder_of_model(const char *out, const char *model_name);

/* The text after the last dot of the last part of a path, "" when there is none. */
const char *folder_extension(const char *path);

#endif
