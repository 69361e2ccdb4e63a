/* queue.c - see queue.h */
#include "engine/queue.h"

/* How far ahead of the stream that is next others may get, in segments, before a guest is loaded for it. Loading takes
 * about as long as a fraction of a segment, so a few segments for each loading make it cheap. */
enum { PATIENCE = 4 };

void dmx_queue_enter(dmx_queue *queue, dmx_client *client)
{
    client->started = client->running = 0;
    client->failure = (demucs_error){DEMUCS_OK, ""};
    if (client->served < queue->floor) client->served = queue->floor;
    client->next = queue->first;
    queue->first = client;
}

void dmx_queue_leave(dmx_queue *queue, dmx_client *client)
{
    dmx_client **link = &queue->first;
    while (*link != client) link = &(*link)->next;
    *link = client->next;
}

static const dmx_turn *waiting_turn(const dmx_client *client)
{
    if (client->started == client->turn_count || client->failure.status != DEMUCS_OK) return NULL;
    return atomic_load(&client->cancelled) ? NULL : &client->turns[client->started];
}

/* Can its turn run with this guest? -1 stands for one that is still open: any. */
static bool fits(const demucs_model *model, const dmx_turn *turn, int guest)
{
    return model->members[turn->member].resident || guest == -1 || turn->member == guest;
}

/* Who was served least among those whose turn can run with this guest. */
static dmx_client *least_served(const dmx_queue *queue, const demucs_model *model, int guest, bool measured_too)
{
    dmx_client *least = NULL;
    for (dmx_client *c = queue->first; c != NULL; c = c->next) {
        const dmx_turn *turn = waiting_turn(c);
        if (turn == NULL || !fits(model, turn, guest) || (c->stage != NULL && !measured_too)) continue;
        if (least == NULL || c->served < least->served) least = c;
    }
    return least;
}

dmx_client *dmx_queue_next(const dmx_queue *queue, const demucs_model *model, int guest)
{
    dmx_client *least = least_served(queue, model, -1, true);
    if (least == NULL || guest == -1 || fits(model, waiting_turn(least), guest)) return least;
    dmx_client *ready = least_served(queue, model, guest, true);
    const int64_t patience = PATIENCE * waiting_turn(least)->length;
    return ready != NULL && ready->served - least->served < patience ? ready : least;
}

int dmx_queue_pick(dmx_queue *queue, const demucs_model *model, int guest, dmx_pick *picks, int room)
{
    int count = 0, needed = -1; /* the member that is not resident and that this round has to have */
    dmx_client *client = dmx_queue_next(queue, model, guest);
    if (client != NULL) queue->floor = client->served;
    while (client != NULL && count < room) {
        const dmx_turn *turn = waiting_turn(client);
        if (!model->members[turn->member].resident) needed = turn->member;
        picks[count++] = (dmx_pick){.client = client, .turn = client->started++};
        client->running++;
        client->served += turn->length;
        if (client->stage != NULL) break;
        client = least_served(queue, model, needed, false);
    }
    return count;
}
