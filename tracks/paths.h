/* paths.h - the paths of the files that a track becomes. Paths are to be freed with
 * dmx_free. */
#ifndef DMX_TRACKS_PATHS_H
#define DMX_TRACKS_PATHS_H

#include "base/error.h"

#include <stdint.h>

/* A new string, printf style; NULL without memory. */
char *dmx_path_print(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/* What the variables of a pattern stand for. */
typedef struct dmx_path_names {
    const char *track; /* path of the track: {track} and {trackext} are cut from its last part */
    const char *stem, *ext;
    int number; /* above 1: goes behind {track}, "song-2" */
} dmx_path_names;

/* Expand `pattern`, a Python format string ({track}, {trackext}, {stem}, {ext}, {{, }}). The number of a pattern
 * without {track} stands before the ending. NULL when the pattern is wrong. */
char *dmx_path_expand(const char *pattern, const dmx_path_names *names, demucs_error *error);

/* The same for a path that no pattern made: "folder/drums-2.wav", "song-2.stem.mp4" when `number` is above 1. NULL
 * without memory. */
char *dmx_path_number(const char *path, int number);

/* The text after the last dot of the last part, "" when there is none. Points into `path`. */
const char *dmx_path_extension(const char *path);

/* The same, but of "x.stem.mp4" all of "stem.mp4", which is one ending. */
const char *dmx_path_ending(const char *path);

/* The folder that a path lies in, "." for a bare name; NULL without memory. */
char *dmx_path_parent(const char *path);

/* What tells a file from all others, under whatever name. False when nothing is there. */
typedef struct dmx_path_identity {
    uint64_t device, inode;
} dmx_path_identity;
bool dmx_path_identify(dmx_path_identity *out, const char *path);

/* Whether both are there and are the same file. */
bool dmx_path_same_file(const char *one, const char *other);

#endif
