/* resampling.c - see resampling.h
 *
 * Each part of one rate has a resampler of its own. A resampler takes for silence what lies beyond its input, and that
 * would click where one part goes over into the next. So each is shown a little of its neighbour, brought to its own
 * rate, and what comes out on the wrong side of the joint is dropped:
 *
 *     part A, its rate    ------------------------|. . . .          dots: the beginning of B, interpolated
 *     part B, its rate                     . . . .|----------       the end of A, interpolated
 *     output              ------------------------|----------
 *
 * The interpolation is simple (cubic): it only has to go on where a filter would else see an edge. It needs the
 * beginning of B, so that B is kept back until there is enough of it. The joint lies where the parts' own rates put it,
 * to a fraction of a frame, so that what follows is in time however often the rate changes. */
#include "tracks/resampling.h"

#include "base/alloc.h"
#include "demucs.h"
#include "tracks/planes.h"

#include <math.h>
#include <string.h>

enum { REACH = 32 }; /* periods of the lower rate over which the resampler's filter reaches: 24 / 0.945, and some */
enum { MAX_PHASES = 256 }; /* tried, to begin a part on the output's grid */

/* Frames beside a joint. */
typedef struct edge {
    float **planes; /* [channels][capacity] */
    size_t capacity, frames;
    int rate_hz;
} edge;

struct dmx_resampling {
    int channels, to_hz, from_hz; /* from_hz 0: nothing was pushed yet */
    const char *track;
    dmx_resampling_fn take;
    void *user;
    demucs_resampler *resampler;
    float **block;       /* [channels] planes of a block: what comes out */
    const float **from;  /* [channels] where in what is pushed the resampler goes on */
    const float **taken; /* [channels] where in `block` what goes out begins */
    double start;        /* of the part, in frames of the output */
    uint64_t frames;     /* of the part, in */
    uint64_t out;        /* frames that went out */
    uint64_t skip;       /* what the resampler gives before the part begins */
    uint64_t limit;      /* how many may go out in all: set while the part's end is followed by what it does not own */
    uint64_t expected;   /* how many are to go out in all; 0: as many as there are */
    edge last;           /* the end of what was pushed */
    edge head;           /* of the next part, while it is kept back; `rate_hz` is 0 when none is */
};

static bool no_memory(const dmx_resampling *self, demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to read %s", self->track);
}

/* ---- a neighbour, at another rate ---- */

static bool edge_reserve(edge *self, int channels, size_t capacity)
{
    if (self->planes == NULL) self->planes = dmx_alloc((size_t)channels, sizeof *self->planes);
    if (self->planes == NULL) return false;
    for (int channel = 0; channel < channels; channel++) {
        dmx_free(self->planes[channel]);
        self->planes[channel] = dmx_alloc(capacity, sizeof **self->planes);
        if (self->planes[channel] == NULL) return false;
    }
    self->capacity = capacity;
    self->frames = 0;
    return true;
}

static void edge_free(edge *self, int channels)
{
    for (int channel = 0; self->planes != NULL && channel < channels; channel++) dmx_free(self->planes[channel]);
    dmx_free(self->planes);
}

/* Keep the last of `frames` frames from `first` on. */
static void edge_keep_last(edge *self, int channels, const float *const *planes, size_t first, size_t frames)
{
    const size_t count = frames < self->capacity ? frames : self->capacity;
    const size_t kept = self->frames < self->capacity - count ? self->frames : self->capacity - count;
    for (int channel = 0; channel < channels; channel++) {
        float *to = self->planes[channel];
        memmove(to, to + self->frames - kept, kept * sizeof *to);
        memcpy(to + kept, planes[channel] + first + frames - count, count * sizeof *to);
    }
    self->frames = kept + count;
}

static size_t edge_append(edge *self, int channels, const float *const *planes, size_t frames)
{
    const size_t room = self->capacity - self->frames, count = frames < room ? frames : room;
    for (int channel = 0; channel < channels; channel++)
        memcpy(self->planes[channel] + self->frames, planes[channel], count * sizeof(float));
    self->frames += count;
    return count;
}

/* Frame `at` of the part before the joint (counted from its kept beginning) and of the part after it, with the nearest
 * of the other part beyond its side, and silence beyond what is known. */
static double before(const dmx_resampling *self, int channel, long at)
{
    if (at < 0) return 0;
    if (at < (long)self->last.frames) return self->last.planes[channel][at];
    return self->head.frames > 0 ? self->head.planes[channel][0] : 0;
}

static double after(const dmx_resampling *self, int channel, long at)
{
    if (at < 0) return self->last.frames > 0 ? self->last.planes[channel][self->last.frames - 1] : 0;
    return at < (long)self->head.frames ? self->head.planes[channel][at] : 0;
}

/* The sound `seconds` from the joint. */
static float near_joint(const dmx_resampling *self, int channel, double seconds)
{
    const bool first = seconds < 0;
    const double at = first ? seconds * self->last.rate_hz + (double)self->last.frames : seconds * self->head.rate_hz;
    double (*frame)(const dmx_resampling *, int, long) = first ? before : after;
    const long i = (long)floor(at);
    const double t = at - (double)i, a = frame(self, channel, i - 1), b = frame(self, channel, i),
                 c = frame(self, channel, i + 1), d = frame(self, channel, i + 2);
    return (float)(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
}

/* Frames of `rate_hz` over which the resampler from it reaches. */
static size_t reach(const dmx_resampling *self, int rate_hz)
{
    return REACH * (size_t)(rate_hz / (rate_hz < self->to_hz ? rate_hz : self->to_hz) + 1);
}

/* ---- one part ---- */

static bool create_resampler(dmx_resampling *self, demucs_error *error)
{
    demucs_error why;
    demucs_resampler_free(self->resampler);
    self->resampler = NULL;
    const demucs_status status =
        demucs_resampler_create(&self->resampler, self->from_hz, self->to_hz, self->channels, &why);
    return status == DEMUCS_OK ||
           !dmx_fail(error, status, "cannot convert the sample rate of %s: %s", self->track, why.message);
}

/* Hand out all that the resampler has ready. *any tells whether it had something. */
static bool drain(dmx_resampling *self, bool *any, demucs_error *error)
{
    demucs_error why;
    *any = false;
    for (;;) {
        size_t frames = 0;
        const demucs_status status =
            demucs_resampler_pull(self->resampler, self->block, DMX_TRACK_BLOCK, &frames, &why);
        if (status != DEMUCS_OK) return !dmx_fail(error, status, "%s: %s", self->track, why.message);
        if (frames == 0) return true;
        *any = true;
        const size_t skipped = self->skip < frames ? (size_t)self->skip : frames;
        self->skip -= skipped;
        frames -= skipped;
        if (frames > self->limit - self->out) frames = (size_t)(self->limit - self->out);
        if (frames == 0) continue;
        for (int channel = 0; channel < self->channels; channel++)
            self->taken[channel] = self->block[channel] + skipped;
        self->out += frames;
        if (!self->take(self->user, self->taken, frames, error)) return false;
    }
}

/* Feed the frames from `start` to `end`. */
static bool feed(dmx_resampling *self, const float *const *planes, size_t start, size_t end, demucs_error *error)
{
    demucs_error why;
    bool any = true;
    while (start < end) {
        size_t accepted = 0;
        for (int channel = 0; channel < self->channels; channel++) self->from[channel] = planes[channel] + start;
        const demucs_status status = demucs_resampler_push(self->resampler, self->from, end - start, &accepted, &why);
        if (status != DEMUCS_OK) return !dmx_fail(error, status, "%s: %s", self->track, why.message);
        if (!drain(self, &any, error)) return false;
        start += accepted;
        if (accepted == 0 && !any)
            return !dmx_fail(error, DEMUCS_ERROR_STATE, "%s: the resampler takes no more samples", self->track);
    }
    return true;
}

static bool end_part(dmx_resampling *self, demucs_error *error)
{
    demucs_error why;
    bool any;
    const demucs_status status = demucs_resampler_finish(self->resampler, &why);
    return status == DEMUCS_OK ? drain(self, &any, error)
                               : !dmx_fail(error, status, "%s: %s", self->track, why.message);
}

/* Feed the frames of the part's own rate from `first` to `end`, counted from the joint, out of its neighbour. */
static bool feed_neighbour(dmx_resampling *self, long first, long end, demucs_error *error)
{
    const size_t frames = (size_t)(end - first);
    float **planes = dmx_alloc((size_t)self->channels, sizeof *planes);
    bool done = planes != NULL;
    for (int channel = 0; done && channel < self->channels; channel++) {
        planes[channel] = dmx_alloc(frames, sizeof **planes);
        done = planes[channel] != NULL;
        for (size_t i = 0; done && i < frames; i++)
            planes[channel][i] = near_joint(self, channel, ((double)first + (double)i) / self->from_hz);
    }
    done = done ? feed(self, (const float *const *)planes, 0, frames, error) : no_memory(self, error);
    for (int channel = 0; planes != NULL && channel < self->channels; channel++) dmx_free(planes[channel]);
    dmx_free(planes);
    return done;
}

/* ---- a joint ---- */

/* How many frames of its neighbour the part that begins at `joint` is shown first: such that one of them lies on the
 * output's grid, or nearly. */
static long lead_frames(const dmx_resampling *self, double joint)
{
    const double ratio = (double)self->to_hz / self->from_hz;
    const long least = (long)reach(self, self->from_hz);
    double nearest = 1;
    long best = least;
    for (long frames = least; frames < least + MAX_PHASES; frames++) {
        const double at = joint - (double)frames * ratio, off = fabs(at - round(at));
        if (off >= nearest - 1e-9) continue;
        nearest = off;
        best = frames;
    }
    return best;
}

/* End the part under way and begin that of `head`. */
static bool join(dmx_resampling *self, demucs_error *error)
{
    const double joint = self->start + (double)self->frames * self->to_hz / self->from_hz;
    self->limit = (uint64_t)ceil(joint - 1e-9);
    if (!feed_neighbour(self, 0, (long)reach(self, self->from_hz), error) || !end_part(self, error)) return false;
    self->limit = UINT64_MAX;

    self->from_hz = self->head.rate_hz;
    self->start = joint;
    self->frames = 0;
    const long lead = lead_frames(self, joint);
    const double first = round(joint - (double)lead * self->to_hz / self->from_hz);
    self->skip = (uint64_t)((double)self->out - first);
    if (!create_resampler(self, error) || !feed_neighbour(self, -lead, 0, error)) return false;
    edge head = self->head;
    self->head = (edge){0};
    self->last.rate_hz = self->from_hz;
    const bool done = edge_reserve(&self->last, self->channels, (size_t)(self->from_hz / DMX_LOWEST_HZ + 1) * REACH)
                          ? dmx_resampling_push(self, (const float *const *)head.planes, head.frames, error)
                          : no_memory(self, error);
    edge_free(&head, self->channels);
    return done;
}

bool dmx_resampling_set_rate(dmx_resampling *self, int from_hz, demucs_error *error)
{
    if (from_hz == self->head.rate_hz) return true;
    if (self->head.rate_hz != 0 && !join(self, error)) return false;
    if (from_hz == self->from_hz) return true;
    if (self->from_hz == 0) {
        self->from_hz = self->last.rate_hz = from_hz;
        return edge_reserve(&self->last, self->channels, (size_t)(from_hz / DMX_LOWEST_HZ + 1) * REACH)
                   ? create_resampler(self, error)
                   : no_memory(self, error);
    }
    const size_t needed = (size_t)((double)reach(self, self->from_hz) * from_hz / self->from_hz) + 4;
    self->head.rate_hz = from_hz;
    return edge_reserve(&self->head, self->channels, needed) || no_memory(self, error);
}

/* ---- the whole ---- */

dmx_resampling *dmx_resampling_create(int channels, int to_hz, const char *track, dmx_resampling_fn take, void *user,
                                      demucs_error *error)
{
    dmx_resampling *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) {
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to read %s", track);
        return NULL;
    }
    *self = (dmx_resampling){
        .channels = channels, .to_hz = to_hz, .track = track, .take = take, .user = user, .limit = UINT64_MAX};
    self->block = dmx_planes_new(channels);
    self->from = dmx_alloc((size_t)channels, sizeof *self->from);
    self->taken = dmx_alloc((size_t)channels, sizeof *self->taken);
    if (self->block != NULL && self->from != NULL && self->taken != NULL) return self;
    no_memory(self, error);
    dmx_resampling_free(self);
    return NULL;
}

void dmx_resampling_free(dmx_resampling *self)
{
    if (self == NULL) return;
    demucs_resampler_free(self->resampler);
    edge_free(&self->last, self->channels);
    edge_free(&self->head, self->channels);
    dmx_free(self->block);
    dmx_free(self->from);
    dmx_free(self->taken);
    dmx_free(self);
}

bool dmx_resampling_push(dmx_resampling *self, const float *const *planes, size_t frames, demucs_error *error)
{
    size_t first = 0;
    if (self->head.rate_hz != 0) {
        first = edge_append(&self->head, self->channels, planes, frames);
        if (self->head.frames < self->head.capacity) return true;
        if (!join(self, error)) return false;
    }
    if (first == frames) return true;
    self->frames += frames - first;
    edge_keep_last(&self->last, self->channels, planes, first, frames - first);
    return feed(self, planes, first, frames, error);
}

void dmx_resampling_expect(dmx_resampling *self, uint64_t frames) { self->expected = self->limit = frames; }

/* Show the resampler so much silence that the frames that are still missing come out. */
static bool reach_expected(dmx_resampling *self, demucs_error *error)
{
    const uint64_t there = demucs_resampled_frames(self->frames, self->from_hz, self->to_hz);
    if (there >= self->expected) return true;
    float **silence = dmx_planes_new(self->channels);
    uint64_t left = demucs_resampled_frames(self->expected - there, self->to_hz, self->from_hz) + 2;
    bool done = silence != NULL || no_memory(self, error);
    while (done && left > 0) {
        const size_t count = left < DMX_TRACK_BLOCK ? (size_t)left : DMX_TRACK_BLOCK;
        done = feed(self, (const float *const *)silence, 0, count, error);
        left -= count;
    }
    dmx_free(silence);
    return done;
}

bool dmx_resampling_finish(dmx_resampling *self, demucs_error *error)
{
    if (self->head.rate_hz != 0 && !join(self, error)) return false;
    if (self->expected > 0 && !reach_expected(self, error)) return false;
    return end_part(self, error);
}
