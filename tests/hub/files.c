/* files.c - see files.h */
#include "files.h"

#include "base/folder.h"
#include "digest/digest.h"
#include "hub/cache.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FOLDERS 256
#define NOISE_BYTES ((size_t)1 << 20)

static char folders[MAX_FOLDERS][256];
static int folder_count;
static pid_t owner;

static void must(bool condition, const char *what)
{
    if (condition) return;
    perror(what);
    exit(1);
}

static void remove_folders(void)
{
    for (int i = 0; i < folder_count && owner == getpid(); i++) dmx_folder_remove(folders[i]);
}

const char *files_new_folder(void)
{
    const char *base = getenv("TMPDIR");
    must(folder_count < MAX_FOLDERS, "too many folders");
    if (folder_count == 0) {
        owner = getpid();
        atexit(remove_folders);
    }
    char *folder = folders[folder_count++];
    snprintf(folder, sizeof folders[0], "%s/demucs-hub-XXXXXX", base != NULL ? base : "/tmp");
    must(mkdtemp(folder) != NULL, folder);
    return folder;
}

const char *files_path(const char *format, ...)
{
    static char paths[8][1024];
    static int next;
    char *path = paths[next++ % 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof paths[0], format, arguments);
    va_end(arguments);
    return path;
}

void files_write(const char *path, const void *bytes, size_t size_bytes)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        *slash = '\0';
        must(hub_make_folder(folder, NULL), folder);
    }
    FILE *file = fopen(path, "wb");
    must(file != NULL, path);
    must(fwrite(bytes, 1, size_bytes, file) == size_bytes, path);
    must(fclose(file) == 0, path);
}

void files_write_text(const char *path, const char *text) { files_write(path, text, strlen(text)); }

bool files_exists(const char *path) { return access(path, F_OK) == 0; }

bool files_hold(const char *path, const void *bytes, size_t size_bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    char *found = malloc(size_bytes + 1);
    must(found != NULL, "malloc");
    bool same = fread(found, 1, size_bytes + 1, file) == size_bytes && memcmp(found, bytes, size_bytes) == 0;
    free(found);
    fclose(file);
    return same;
}

int files_count(const char *folder)
{
    int count = 0;
    DIR *stream = opendir(folder);
    if (stream == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

const unsigned char *files_noise(int seed, size_t size_bytes)
{
    static unsigned char noise[8][NOISE_BYTES];
    unsigned state = 12345u + 7919u * (unsigned)seed;
    must(seed >= 0 && seed < 8 && size_bytes <= NOISE_BYTES, "noise");
    for (size_t i = 0; i < size_bytes; i++) {
        state = state * 1664525u + 1013904223u;
        noise[seed][i] = (unsigned char)(state >> 24);
    }
    return noise[seed];
}

const char *files_shown(const char *text) { return text != NULL ? text : "(null)"; }

const char *files_sum(const void *bytes, size_t size_bytes)
{
    static char sums[8][65];
    static int next;
    char *sum = sums[next++ % 8];
    const char *path = files_path("%s/bytes", files_new_folder());
    files_write(path, bytes, size_bytes);
    must(digest_file(path, sum, NULL), path);
    return sum;
}
