/* keeping.h - --cache and its options: the cache of a run, and what is said of tracks that were not computed. */
#ifndef SEPARATE_KEEPING_H
#define SEPARATE_KEEPING_H

#include "base/error.h"
#include "options.h"

/* Open the cache that the options name, if they name one, and set request->cache. */
bool keeping_open(demucs_tracks_request *request, const separate_options *options, demucs_error *why);

/* Say where the files come from, unless they were computed. */
void keeping_tell(const demucs_tracks_result *result);

#endif
