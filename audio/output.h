/* output.h - a file that appears whole or not at all.
 *
 * Bytes go to a hidden temporary file in the folder of the target; audio_output_commit makes it durable and renames it
 * over the target. What is open is on record, so that a signal handler can remove it. */
#ifndef DEMUCS_AUDIO_OUTPUT_H
#define DEMUCS_AUDIO_OUTPUT_H

#include "audio/audio.h"

typedef struct audio_output audio_output;

/* NULL on failure, with nothing left behind. */
audio_output *audio_output_open(const char *path, audio_error *error);

/* The target's path, for messages. */
const char *audio_output_path(const audio_output *output);

/* Append to, or overwrite at, the present position. After a failure all further calls fail. */
bool audio_output_write(audio_output *output, const void *bytes, size_t count);
bool audio_output_seek(audio_output *output, uint64_t position);

/* The size so far: the highest position written. */
uint64_t audio_output_size(const audio_output *output);

/* Move the bytes [from, end) up by `shift`; what is in between keeps its old content. The position is lost: seek. */
bool audio_output_shift(audio_output *output, uint64_t from, uint64_t shift);

/* The sentence for the first write that failed. Returns false. */
bool audio_output_fail(const audio_output *output, audio_error *error);

/* Bring all bytes to the disk and close the temporary file; nothing may be written after it. What is left for the
 * commit is the renaming. */
bool audio_output_sync(audio_output *output);

/* Finish. Both free the output; commit, if it fails, has removed the temporary file. */
bool audio_output_commit(audio_output *output, audio_error *error);
void audio_output_discard(audio_output *output);

#endif
