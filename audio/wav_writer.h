/* wav_writer.h - for tests. */
#ifndef DEMUCS_AUDIO_WAV_WRITER_H
#define DEMUCS_AUDIO_WAV_WRITER_H

#include <stdint.h>

/* The largest file that is written as plain RIFF, 2^32 - 1 bytes: its sizes have 32 bits. A test sets it lower, so as
 * not to write 4 GiB. */
extern uint64_t audio_wav_riff_limit;

#endif
