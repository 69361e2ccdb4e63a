/* manifest.h - what a .stem.mp4 says of its streams: names and colours of the stems, and that nothing is done to them.
 */
#ifndef DMX_TRACKS_MANIFEST_H
#define DMX_TRACKS_MANIFEST_H

#include "demucs.h"

/* The text, in JSON, for the stems of a model; NULL without memory. To be freed with dmx_free. */
char *dmx_manifest_new(const demucs_model *model);

#endif
