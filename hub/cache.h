/* cache.h - the cache folder and what keeps it whole: locks and temporary names.
 *
 *     CACHE/                        works as a --repo folder
 *       htdemucs.yaml               a bag
 *       955717e8.safetensors        a model ...
 *       955717e8.safetensors.sha256 ... and its sum, that of the original or of what arrived ("HEX  NAME", as sha256sum
 * -c) f7e0c4bc-ba3fe64a.th        a model with its sum in the name X.partial                   a transfer that was cut
 * and can be resumed .locks/X                    one empty file for each model: who holds its lock may write the model
 *       .npm/                       work folder of the npm source
 *       hf/SOMEONE/                 the same for the Hugging Face namespace SOMEONE: its names cannot hide ours */
#ifndef DEMUCS_HUB_CACHE_H
#define DEMUCS_HUB_CACHE_H

#include "hub/text.h"

bool hub_cache_path(char out[HUB_PATH_MAX], demucs_error *error);

/* Create a folder and its parents where missing. */
bool hub_make_folder(const char *path, demucs_error *error);

/* A new, empty folder `.npm` in `folder` for work under way, which nobody else may look into; its path into `work`.
 * What was there goes: an earlier run that was killed left it, or somebody put a link there. The caller holds the lock.
 */
bool hub_make_work_folder(char work[HUB_PATH_MAX], const char *folder, demucs_error *error);

/* Wait for the lock of `name` in `folder`; other processes and other threads are kept out. Gives a handle >= 0 for
 * hub_unlock, or -1 (a sentence, also when the caller asks to stop while waiting). */
int hub_lock(const char *folder, const char *name, const hub_options *options, demucs_error *error);
void hub_unlock(int handle);

/* The first bytes of a file, as many as there are, at most `size`: 0 when it cannot be read. Does not wait for a pipe.
 */
size_t hub_read_start(const char *path, char *bytes, size_t size);

/* Write a small file, whole or not at all. */
bool hub_write_text(const char *path, const char *text, demucs_error *error);

/* The sum beside a file. `known`: it is that of the original, and not only that of the bytes that arrived. hub_sum_read
 * gives false when there is none (or none that can be understood). */
bool hub_sum_write(const char *path, const char *digest, bool known, demucs_error *error);
bool hub_sum_read(const char *path, char digest[65], bool *known);

#endif
