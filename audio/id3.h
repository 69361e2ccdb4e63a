/* id3.h - the tags of a file as ID3v2.3, which mp3 has at its front, and wav and aiff in a chunk. */
#ifndef DEMUCS_AUDIO_ID3_H
#define DEMUCS_AUDIO_ID3_H

#include "audio/audio.h"

/* The tag, to be freed with dmx_free, and its size; NULL without memory. `kept` has tags. */
unsigned char *audio_id3_make(const audio_kept *kept, size_t *size);

#endif
