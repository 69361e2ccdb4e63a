/* replay.c - runs a fuzz target over the files of the folders it is given: a test that needs no fuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The content in a block of exactly its size, so that a sanitizer sees one byte too far. */
static int replay_file(const char *path)
{
    uint8_t *data = NULL;
    long size = -1;
    FILE *file = fopen(path, "rb");
    if (file == NULL) goto fail;
    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) goto fail;
    data = malloc(size > 0 ? (size_t)size : 1);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) goto fail;
    fclose(file);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
fail:
    fprintf(stderr, "%s: cannot be read\n", path);
    if (file != NULL) fclose(file);
    free(data);
    return 1;
}

static int replay_folder(const char *folder, int *files)
{
    int failed = 0;
    DIR *listing = opendir(folder);
    if (listing == NULL) {
        fprintf(stderr, "%s: cannot be read\n", folder);
        return 1;
    }
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        failed |= replay_file(path);
        (*files)++;
    }
    closedir(listing);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0, files = 0;
    for (int i = 1; i < argc; i++) failed |= replay_folder(argv[i], &files);
    printf("%d files replayed\n", files);
    return failed || files == 0;
}
