/* planes.h - planar audio in memory, one block at a time. */
#ifndef DMX_TRACKS_PLANES_H
#define DMX_TRACKS_PLANES_H

#include <stddef.h>

enum { DMX_TRACK_BLOCK = 16384 }; /* frames that go from one hand to the next */

/* `count` planes of DMX_TRACK_BLOCK frames, zeroed, in one piece of memory; NULL without memory. Free with dmx_free. */
float **dmx_planes_new(int count);

#endif
