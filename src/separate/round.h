/* round.h - the next segments, run at the same time.
 *
 *     lanes  --plan-->  job 0: segment at 0           --run-->  job 0 \
 *                       job 1: segment at 1 stride              job 1  > at once  --add, in this order--> mixdown
 *                       job 2: segment at 2 strides             job 2 /
 *
 * Segments are planned one after the other, each from the lane that is furthest behind then, which is the order in
 * which one job would run them. Their results are added in that order too. So a sum has the same terms in the same
 * order, and the same bits, however many run at once.
 *
 * A round with fewer segments than jobs, at the end of a track, leaves threads idle, but a single one gets them all. */
#ifndef DMX_SEPARATE_ROUND_H
#define DMX_SEPARATE_ROUND_H

#include "separate/separator.h"

/* Plan until every job has a segment, or no more can join. True when the round is to be run; false when the mix has to
 * go on first (what is planned then stays so), or, in a finished track, when there is nothing left to run. */
bool dmx_round_plan(demucs_separator *separator);

/* Run what is planned and add it to the mixdown. On failure the track is dropped. */
demucs_status dmx_round_run(demucs_separator *separator, demucs_error *error);

#endif
