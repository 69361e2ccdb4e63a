/* memory.h - what a separator reserves: once when it is created, or, unsplit, for each track.
 *
 *     block            window | mixdown | job 0: chunk, result, share | job 1: ... | triangles of the lanes
 *     for each job     activations | scratch memory of its threads
 *
 * The first is carved and counted by one function; how much a job needs, a forward pass that only plans tells. */
#ifndef DMX_SEPARATE_MEMORY_H
#define DMX_SEPARATE_MEMORY_H

#include "separate/separator.h"

/* Reserve for lanes whose segments are known, or, unsplit, for a track of `track_frames`. */
demucs_status dmx_memory_reserve(demucs_separator *separator, int64_t track_frames, demucs_error *error);

/* Make the memory of one job large enough for a network input of `length` frames. */
demucs_status dmx_memory_reserve_job(demucs_separator *separator, dmx_job *job, const dmx_network *network,
                                     int64_t length, demucs_error *error);

void dmx_memory_free(demucs_separator *separator);

/* Bytes that the separator holds now. */
size_t dmx_memory_bytes(const demucs_separator *separator);

/* Fail with DEMUCS_ERROR_MEMORY. */
demucs_status dmx_memory_short(demucs_error *error);

#endif
