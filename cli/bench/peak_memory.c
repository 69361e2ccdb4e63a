/* peak_memory.c - how fast memory is read, and read and written; see peak_loops.h
 *
 * Integers, since a compiler may reorder their sums; 64 bytes at a time, of which it makes the vectors that it has. */
#include "peak_loops.h"

/* Where the next block begins; the arrays are whole blocks. */
static size_t next_block(peak_room *room)
{
    const size_t at = room->position;
    room->position = at + PEAK_BLOCK_WORDS < room->words ? at + PEAK_BLOCK_WORDS : 0;
    return at;
}

/* *sum += all words of a block */
static void add_block(peak_words *sum, const peak_words *words)
{
    peak_words s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (size_t i = 0; i < PEAK_BLOCK_WORDS; i += 4) {
        s0 += words[i];
        s1 += words[i + 1];
        s2 += words[i + 2];
        s3 += words[i + 3];
    }
    *sum += s0 + s1 + s2 + s3;
}

double peak_read_loop(peak_room *room)
{
    const size_t at = next_block(room);
    peak_words sum = {0};
    add_block(&sum, room->a + at);
    add_block(&sum, room->b + at);
    add_block(&sum, room->c + at);
    room->sink = (float)sum[0];
    return 3.0 * PEAK_BLOCK_WORDS * sizeof(peak_words);
}

double peak_triad_loop(peak_room *room)
{
    const size_t at = next_block(room);
    peak_words *a = room->a + at;
    const peak_words *b = room->b + at, *c = room->c + at;
    for (size_t i = 0; i < PEAK_BLOCK_WORDS; i++) a[i] = b[i] + c[i];
    return 3.0 * PEAK_BLOCK_WORDS * sizeof(peak_words);
}
