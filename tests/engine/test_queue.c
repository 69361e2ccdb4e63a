/* test_queue.c - whose segment is next, without threads: streams that wait in a queue, and rounds that are picked. */
#include "engine/queue.h"
#include "support/test.h"

#include <string.h>

enum { MEMBERS = 3, STREAMS = 4, TURNS = 8, LENGTH = 1000 };

static dmx_member members[MEMBERS];
static const demucs_model model = {.members = members, .count = MEMBERS};

typedef struct line {
    dmx_queue queue;
    dmx_client clients[STREAMS];
    dmx_turn turns[STREAMS][TURNS];
} line;

/* Streams a, b, c and d; members are resident but for those of `guests`. */
static void set_up(line *l, const char *guests)
{
    memset(l, 0, sizeof *l);
    for (int m = 0; m < MEMBERS; m++) members[m].resident = strchr(guests, '0' + m) == NULL;
    for (int i = 0; i < STREAMS; i++) l->clients[i].turns = l->turns[i];
}

/* Stream `i` comes with turns of these members, "012". */
static void enter(line *l, int i, const char *turns)
{
    l->clients[i].turn_count = (int)strlen(turns);
    for (int t = 0; turns[t] != '\0'; t++) l->turns[i][t] = (dmx_turn){.member = turns[t] - '0', .length = LENGTH};
    dmx_queue_enter(&l->queue, &l->clients[i]);
}

/* A round: its turns as text, "a0b0": which stream and which of its turns. The streams wait on for the others. */
static const char *pick(line *l, int guest, int room)
{
    static char text[2 * TURNS + 1];
    dmx_pick picks[TURNS];
    const int count = dmx_queue_pick(&l->queue, &model, guest, picks, room);
    for (int i = 0; i < count; i++) {
        text[2 * i] = (char)('a' + (picks[i].client - l->clients));
        text[2 * i + 1] = (char)('0' + picks[i].turn);
        picks[i].client->running--;
    }
    text[2 * count] = '\0';
    return text;
}

#define CHECK_PICK(guest, room, expected)                                                                              \
    do {                                                                                                               \
        const char *got = pick(&l, guest, room);                                                                       \
        CHECK(strcmp(got, expected) == 0, "picked %s and not %s", got, expected);                                      \
    } while (0)

static void test_alone(void)
{
    line l;
    set_up(&l, "");
    CHECK(dmx_queue_next(&l.queue, &model, -1) == NULL, "nobody is there");
    enter(&l, 0, "0000");
    CHECK_PICK(-1, 3, "a0a1a2"); /* one stream fills all jobs */
    CHECK_PICK(-1, 3, "a3");
    CHECK_PICK(-1, 3, "");
}

static void test_evenly(void)
{
    line l;
    set_up(&l, "");
    enter(&l, 0, "0000");
    CHECK_PICK(-1, 1, "a0");
    CHECK_PICK(-1, 1, "a1");
    enter(&l, 1, "0000"); /* comes later: starts where the others are, and is not owed what they had before */
    CHECK_PICK(-1, 1, "b0");
    CHECK_PICK(-1, 2, "b1a2");
    CHECK_PICK(-1, 2, "b2a3");
}

/* A stream that was away for long does not make up for it; one that had more than others waits. */
static void test_coming_back(void)
{
    line l;
    set_up(&l, "");
    enter(&l, 0, "00000000");
    enter(&l, 1, "0");
    CHECK_PICK(-1, 2, "b0a0");
    dmx_queue_leave(&l.queue, &l.clients[1]);
    CHECK_PICK(-1, 4, "a1a2a3a4");
    CHECK_PICK(-1, 1, "a5");
    enter(&l, 1, "0000");
    CHECK_PICK(-1, 1, "b0");
    CHECK_PICK(-1, 2, "b1a6");
}

/* What was given up, or cancelled, is not picked. */
static void test_given_up(void)
{
    line l;
    set_up(&l, "");
    for (int i = 0; i < 3; i++) enter(&l, i, "00");
    atomic_store(&l.clients[0].cancelled, true);
    l.clients[1].failure.status = DEMUCS_ERROR_IO;
    CHECK_PICK(-1, 4, "c0c1");
    CHECK_PICK(-1, 4, "");
}

/* A round has one guest: turns that need another one wait, those of resident members do not. */
static void test_one_guest_a_round(void)
{
    line l;
    set_up(&l, "12");
    enter(&l, 0, "120");
    CHECK_PICK(-1, 4, "a0"); /* in its own order, also where turn 2 could run */
    CHECK_PICK(1, 4, "a1a2");
    set_up(&l, "12");
    enter(&l, 2, "0");
    enter(&l, 1, "2");
    enter(&l, 0, "11");
    CHECK_PICK(-1, 4, "a0c0a1");
    CHECK_PICK(1, 4, "b0");
}

/* Streams whose guest is loaded go first, but not for ever. */
static void test_patience(void)
{
    line l;
    set_up(&l, "12");
    enter(&l, 0, "11111111");
    enter(&l, 1, "22222222");
    int runs = 0, changes = 0, guest = 1, first[2] = {0, 0};
    for (; runs < 2 * TURNS; runs++) {
        const char *picked = pick(&l, guest, 1);
        const int stream = picked[0] - 'a', needs = stream + 1;
        REQUIRE(stream == 0 || stream == 1, "round %d: %s", runs, picked);
        if (needs != guest) changes++;
        if (first[stream] == 0) first[stream] = runs + 1;
        guest = needs;
    }
    CHECK(first[1] <= 6, "b begins in round %d", first[1]);
    CHECK(changes >= 1 && changes <= 4, "%d guests were loaded for %d segments", changes, runs);
}

/* A stream that is measured runs alone. */
static void stage(const char *name, double flops, void *user)
{
    (void)name;
    (void)flops;
    (void)user;
}

static void test_measured(void)
{
    line l;
    set_up(&l, "");
    enter(&l, 0, "00");
    enter(&l, 1, "00");
    l.clients[1].stage = stage;
    CHECK_PICK(-1, 4, "b0"); /* it came last, so it is first among those that had nothing */
    CHECK_PICK(-1, 4, "a0a1");
    CHECK_PICK(-1, 4, "b1");
}

TEST_MAIN(test_alone, test_evenly, test_coming_back, test_given_up, test_one_guest_a_round, test_patience,
          test_measured)
