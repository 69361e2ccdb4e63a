/* queue.h - which segment runs next.
 *
 *     stream A  turns waiting: a1 a2     served  900,000 frames
 *     stream B  turns waiting: b1        served        0          a round of two jobs:  b1 a1
 *     stream C  turns waiting: c1 c2     served 1,200,000
 *
 * The stream that was served least is next, segment by segment. So streams share the engine evenly, and a short track
 * does not wait for the end of a long one. A stream that comes, or comes back after a while, starts from where the
 * others are: nobody has to make up for time before.
 *
 * Members of a bag that are not kept in memory take turns too, since there is room for one of them, the guest
 * (guest.h), and loading it takes long: a stream whose segment needs another guest lets others go first that can run as
 * things are, but only for so long (PATIENCE in queue.c).
 *
 * A stream that is being measured runs alone, in its own thread. */
#ifndef DMX_ENGINE_QUEUE_H
#define DMX_ENGINE_QUEUE_H

#include "engine/client.h"
#include "models/bag.h"

typedef struct dmx_queue {
    dmx_client *first; /* those that wait in dmx_engine_serve, in any order */
    int64_t floor;     /* what the stream that was chosen last had been served before: newcomers start there */
} dmx_queue;

/* A turn that was chosen for a round. */
typedef struct dmx_pick {
    dmx_client *client;
    int turn;
    const dmx_network *network; /* with its weights; set by the round, before the turn runs */
} dmx_pick;

void dmx_queue_enter(dmx_queue *queue, dmx_client *client);
void dmx_queue_leave(dmx_queue *queue, dmx_client *client);

/* The stream whose segment is next, or NULL when no segment waits. `guest` is the member that is loaded, or -1. */
dmx_client *dmx_queue_next(const dmx_queue *queue, const demucs_model *model, int guest);

/* Choose the turns of a round, the first one from dmx_queue_next, at most `room`, and count them as served. Returns how
 * many. A client's turns come in their order, and no more than one member of them is not resident. */
int dmx_queue_pick(dmx_queue *queue, const demucs_model *model, int guest, dmx_pick *picks, int room);

#endif
