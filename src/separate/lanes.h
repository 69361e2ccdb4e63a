/* lanes.h - which lanes a separation has: one for each shift of each member that serves a wanted stem. */
#ifndef DMX_SEPARATE_LANES_H
#define DMX_SEPARATE_LANES_H

#include "separate/separator.h"

/* Fill in wanted, lanes, member_order and their counts, and draw the shifts. Afterwards the options keep no pointer to
 * the caller's memory. */
demucs_status dmx_lanes_create(demucs_separator *separator, demucs_error *error);

const dmx_network *dmx_lanes_network(const demucs_separator *separator, const dmx_lane *lane);

/* The length that a chunk of `frames` is padded to before it enters the lane's network, or -1 when that cannot run on
 * it. */
int64_t dmx_lanes_input_length(const demucs_separator *separator, const dmx_lane *lane, int64_t frames);

/* Shifts that are averaged: an unshifted run is one. */
int dmx_lanes_shifts(const demucs_separator *separator);

#endif
