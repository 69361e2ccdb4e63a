/* stem_box.h - what makes an MP4 of five streams a stem file, by the public specification of Native Instruments.
 *
 *     ftyp  mdat  moov
 *                   mvhd  trak trak trak trak trak
 *                   udta
 *                     stem    JSON: names and colours of the stems, settings of a compressor and a limiter
 *
 * The first stream is the track, the others are the stems. libavformat has no such box. It writes moov behind the
 * samples, and udta as its last box, so the box goes to the end of the file and two sizes grow: no sample moves. */
#ifndef DEMUCS_AUDIO_STEM_BOX_H
#define DEMUCS_AUDIO_STEM_BOX_H

#include "base/file.h"

/* Put `text` into a file that is written to its end. */
bool audio_stem_box_add(dmx_file *file, const char *text, demucs_error *error);

#endif
