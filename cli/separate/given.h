/* given.h - the tracks of a command line before the work: each file once, and what is said when two of them would be
 * written to the same place. */
#ifndef SEPARATE_GIVEN_H
#define SEPARATE_GIVEN_H

#include "options.h"

/* Drop tracks that were given before, by way of another folder or a link too, and say so. A file under another name is
 * another track. */
void given_once(separate_options *options);

/* Reserve the places of all tracks that are there. Those that --on-collision leaves out are dropped. False when the run
 * ends here, with what was wrong said. An interrupt is none of that: nothing is separated then. */
bool given_reserve(separate_options *options, demucs_tracks_request *request);

#endif
