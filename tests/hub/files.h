/* files.h - folders and files for the tests of hub/. All paths are short; a failing call ends the test program. */
#ifndef TEST_HUB_FILES_H
#define TEST_HUB_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* A new folder under $TMPDIR, removed with all it holds when the program ends. Static storage, good until the eighth
 * call after it. */
const char *files_new_folder(void);

/* FOLDER/NAME, printf style. Static storage, good until the eighth call after it. */
const char *files_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Write a file, creating its folders. */
void files_write(const char *path, const void *bytes, size_t size_bytes);
void files_write_text(const char *path, const char *text);

bool files_exists(const char *path);
bool files_hold(const char *path, const void *bytes, size_t size_bytes);

/* How many entries a folder has, without those that start with a dot. */
int files_count(const char *folder);

/* `size_bytes` of noise that differ for each seed, in static storage of its own for seeds 0..7; at most 1 MiB. */
const unsigned char *files_noise(int seed, size_t size_bytes);

/* For messages: `text`, or "(null)". */
const char *files_shown(const char *text);

/* The sha256 of bytes as hex. Static storage, good until the eighth call after it. */
const char *files_sum(const void *bytes, size_t size_bytes);

#endif
