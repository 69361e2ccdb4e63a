/* key.h - what decides on the bytes of a track's files, as a text, and its sum: the key of a kept result.
 *
 * Lines of a name and a value, in a fixed order. Whatever a request can ask for is either in it or has no influence on
 * the bytes; tests/tracks/test_key.c goes through all fields. */
#ifndef DMX_TRACKS_KEY_H
#define DMX_TRACKS_KEY_H

#include "tracks/outputs.h"

#include <sys/stat.h>

typedef struct dmx_key {
    char *text;      /* to be freed with dmx_free */
    char sum[65];    /* of the text */
    char input[65];  /* of the bytes of the input; "" before they were read */
    struct stat was; /* the input when it was summed up */
} dmx_key;

/* Whether the request's input is a regular file, as a pipe is not: its bytes can be read twice. */
bool dmx_key_possible(const demucs_tracks_request *request);

/* Read the input and make the key. On failure there is no text. Told to stop by `watch`: CANCELLED. */
bool dmx_key_make(dmx_key *self, const dmx_outputs *outputs, dmx_watch *watch, demucs_error *error);

/* Whether the input still is the file that it was when its bytes were summed up, as far as its size and dates say. */
bool dmx_key_still_true(const dmx_key *self, const demucs_tracks_request *request);

#endif
