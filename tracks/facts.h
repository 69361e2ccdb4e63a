/* facts.h - what is known of a track once it is done, besides its files: written down as a text, so that a result that
 * was kept tells the same, warnings included. */
#ifndef DMX_TRACKS_FACTS_H
#define DMX_TRACKS_FACTS_H

#include "tracks/intake.h"
#include "tracks/outputs.h"

/* A text, to be freed with dmx_free; NULL without memory. */
char *dmx_facts_write(const dmx_intake *intake, const dmx_outputs *outputs, const dmx_watch *watch);

/* The other way, into an intake without a mix, planned outputs and a watch. False when the text is not right. */
bool dmx_facts_read(const char *text, dmx_intake *intake, dmx_outputs *outputs, dmx_watch *watch);

#endif
