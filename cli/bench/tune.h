/* tune.h - a song of any length, made from a seed, for when there is none at hand.
 *
 * A beat, a bass and chords, in stereo at 44.1 kHz: as loud and as dense as music, and the same samples every time. It
 * is there to be separated, not to be listened to; the song of `make demo` (tools/song) sounds better. */
#ifndef BENCH_TUNE_H
#define BENCH_TUNE_H

#include "base/error.h"

/* Write it as a 16-bit WAV file. */
bool tune_write(const char *path, double seconds, demucs_error *why);

#endif
