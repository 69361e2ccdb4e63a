/* riff_info.h - the tags of a file as chunks of RIFF, which wav has behind its samples. */
#ifndef DEMUCS_AUDIO_RIFF_INFO_H
#define DEMUCS_AUDIO_RIFF_INFO_H

#include "audio/audio.h"

/* The chunks, to be freed with dmx_free, and their size, which is even; NULL without memory. `kept` has tags. */
unsigned char *audio_riff_info_make(const audio_kept *kept, size_t *size);

#endif
