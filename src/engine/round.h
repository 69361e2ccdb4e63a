/* round.h - the segments that run at the same time, one in each job.
 *
 *     picks  a1 a2 b1  --run, at once-->  job 0: a1, job 1: a2, job 2: b1  --mix-->  a1 then a2 to A's mixdown, b1 to
 * B's
 *
 * Each stream's results are added to its mixdown in the order of its turns, whatever ran beside them. So a sum has the
 * same terms in the same order, and the same bits, however many segments run at once and for whom. One segment that is
 * alone in its round gets all threads. */
#ifndef DMX_ENGINE_ROUND_H
#define DMX_ENGINE_ROUND_H

#include "engine/guest.h"
#include "engine/jobs.h"
#include "engine/queue.h"

/* Run what was picked, at most one for each job. Where a turn cannot run (its network cannot be loaded), the failure is
 * its client's; the others run. */
void dmx_round_run(dmx_jobs *jobs, const demucs_model *model, dmx_guest *guest, dmx_pick *picks, int count);

#endif
