/* facts.c - see facts.h
 *
 * One list of all facts serves writing and reading: each is eight bytes, as sixteen hexadecimal digits, so that numbers
 * come back to the bit in any locale. */
#include "tracks/facts.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS = 16 };
static const char digits[] = "0123456789abcdef";

typedef struct facts {
    char *text;       /* being written; NULL while it is measured */
    const char *from; /* being read, else NULL */
    size_t count;
    bool failed;
} facts;

static uint64_t read_digits(facts *self)
{
    uint64_t value = 0;
    for (int i = 0; i < DIGITS && !self->failed; i++) {
        const char *digit = *self->from != '\0' ? strchr(digits, *self->from) : NULL;
        if (digit == NULL) {
            self->failed = true;
            return 0;
        }
        value = value << 4 | (uint64_t)(digit - digits);
        self->from++;
    }
    return value;
}

static void take_u64(facts *self, uint64_t *value)
{
    if (self->from != NULL) *value = read_digits(self);
    for (int i = 0; self->text != NULL && i < DIGITS; i++)
        self->text[self->count * DIGITS + (size_t)i] = digits[*value >> (60 - 4 * i) & 15];
    self->count++;
}

static void take_double(facts *self, double *value)
{
    uint64_t bits;
    memcpy(&bits, value, sizeof bits);
    take_u64(self, &bits);
    memcpy(value, &bits, sizeof bits);
}

static void take_int(facts *self, int *value)
{
    uint64_t wide = (uint64_t)*value;
    take_u64(self, &wide);
    *value = (int)wide;
}

static void take_output(facts *self, dmx_output *item)
{
    double divisor = (double)item->divisor;
    take_u64(self, &item->meter.samples);
    take_u64(self, &item->meter.beyond);
    take_double(self, &item->meter.peak);
    take_double(self, &item->meter.squares);
    take_double(self, &divisor);
    take_u64(self, &item->clamped);
    item->divisor = (float)divisor;
}

static void take_all(facts *self, dmx_intake *intake, dmx_outputs *outputs, dmx_watch *watch)
{
    uint64_t damaged = intake->damaged;
    take_int(self, &intake->channels);
    take_int(self, &intake->sample_rate_hz);
    take_int(self, &intake->depth);
    take_int(self, &intake->crowded_channels);
    take_int(self, &intake->taken_channels);
    take_u64(self, &intake->frames);
    take_u64(self, &intake->missing);
    take_u64(self, &damaged);
    take_u64(self, &intake->not_finite);
    intake->damaged = (size_t)damaged;
    take_double(self, &watch->track_seconds);
    for (int phase = 0; phase < DEMUCS_TRACKS_PHASES; phase++) take_double(self, &watch->seconds[phase]);
    for (int i = 0; i < outputs->count; i++) take_output(self, &outputs->items[i]);
}

char *dmx_facts_write(const dmx_intake *intake, const dmx_outputs *outputs, const dmx_watch *watch)
{
    facts self = {0};
    dmx_intake read = *intake; /* the list takes what it may change; the outputs it does not change when it writes */
    dmx_watch seen = *watch;
    take_all(&self, &read, (dmx_outputs *)outputs, &seen);
    self.text = dmx_alloc(self.count * DIGITS + 1, 1);
    if (self.text == NULL) return NULL;
    self.count = 0;
    take_all(&self, &read, (dmx_outputs *)outputs, &seen);
    return self.text;
}

bool dmx_facts_read(const char *text, dmx_intake *intake, dmx_outputs *outputs, dmx_watch *watch)
{
    facts self = {.from = text};
    take_all(&self, intake, outputs, watch);
    return !self.failed && *self.from == '\0' && intake->sample_rate_hz > 0;
}
