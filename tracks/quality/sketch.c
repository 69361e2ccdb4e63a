/* sketch.c - see sketch.h */
#include "tracks/quality/sketch.h"

#include "base/alloc.h"
#include "tracks/quality/transform.h"

#include <math.h>
#include <string.h>

enum {
    COLUMNS = 1200, /* at most; half as many or more of a track that is longer */
    ROWS = 160,     /* of the spectrogram */
    HEIGHT = 96,    /* of the waveform */
    LEAST_WIDTH = 600,
    SHADES = 64
};
static const double quietest_db = -90, loudest_db = -15;

typedef struct column {
    float low, high, squares; /* of the samples */
    float power[ROWS];        /* sums of the bins' powers */
} column;

struct dmx_sketch {
    int channels, sample_rate_hz;
    int length, hop; /* of the windows */
    float *waiting;  /* [channels][length] the last frames; the newest are at the end */
    int fresh;       /* frames that came since the last window */
    dmx_transform *transform;
    float *power;           /* [length / 2] of all channels together */
    double edges[ROWS + 1]; /* of the rows, in bins, from the lowest on */
    column *columns;        /* [COLUMNS] */
    int count;              /* columns that are complete */
    uint64_t span;          /* windows of a column */
    uint64_t windows;       /* of the column under way */
    uint64_t frames;
};

static double nyquist_hz(const dmx_sketch *self) { return self->sample_rate_hz / 2.0; }

double dmx_sketch_highest_hz(const dmx_sketch *self) { return fmin(16000, 0.98 * nyquist_hz(self)); }
double dmx_sketch_lowest_hz(const dmx_sketch *self) { return dmx_sketch_highest_hz(self) / 400; }
double dmx_sketch_seconds(const dmx_sketch *self) { return (double)self->frames / self->sample_rate_hz; }

dmx_sketch *dmx_sketch_create(int channels, int sample_rate_hz)
{
    dmx_sketch *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    *self = (dmx_sketch){.channels = channels, .sample_rate_hz = sample_rate_hz, .span = 1};
    self->transform = dmx_transform_create(sample_rate_hz);
    if (self->transform == NULL) {
        dmx_free(self);
        return NULL;
    }
    self->length = dmx_transform_length(self->transform);
    self->hop = self->length / 4;
    const size_t length = (size_t)self->length;
    self->waiting = dmx_alloc((size_t)channels, length * sizeof *self->waiting);
    self->power = dmx_alloc(length / 2, sizeof *self->power);
    self->columns = dmx_alloc(COLUMNS, sizeof *self->columns);
    if (self->waiting == NULL || self->power == NULL || self->columns == NULL) {
        dmx_sketch_free(self);
        return NULL;
    }
    const double lowest = dmx_sketch_lowest_hz(self), ratio = dmx_sketch_highest_hz(self) / lowest;
    for (int row = 0; row <= ROWS; row++) {
        const double bin = lowest * pow(ratio, (double)row / ROWS) / sample_rate_hz * self->length;
        self->edges[row] = fmax(bin, 1);
    }
    return self;
}

void dmx_sketch_free(dmx_sketch *self)
{
    if (self == NULL) return;
    dmx_transform_free(self->transform);
    dmx_free(self->waiting);
    dmx_free(self->power);
    dmx_free(self->columns);
    dmx_free(self);
}

/* --------------------------------------------------------------------------------------------------- columns ---- */

static void merge(column *to, const column *one, const column *two)
{
    column sum = *one;
    sum.low = fminf(one->low, two->low);
    sum.high = fmaxf(one->high, two->high);
    sum.squares += two->squares;
    for (int row = 0; row < ROWS; row++) sum.power[row] += two->power[row];
    *to = sum;
}

static void end_column(dmx_sketch *self)
{
    self->windows = 0;
    if (++self->count < COLUMNS) {
        self->columns[self->count] = (column){0};
        return;
    }
    for (int i = 0; i < COLUMNS / 2; i++) merge(&self->columns[i], &self->columns[2 * i], &self->columns[2 * i + 1]);
    self->count = COLUMNS / 2;
    self->span *= 2;
    self->columns[self->count] = (column){0};
}

static void find_power(dmx_sketch *self)
{
    memset(self->power, 0, (size_t)self->length / 2 * sizeof *self->power);
    for (int channel = 0; channel < self->channels; channel += 2) {
        const bool pair = channel + 1 < self->channels;
        const float *one = self->waiting + (ptrdiff_t)channel * self->length, *two = pair ? one + self->length : one;
        const float(*output)[2] = dmx_transform_run(self->transform, one, two);
        for (int which = 0; which < 1 + pair; which++)
            for (int bin = 1; bin < self->length / 2; bin++) {
                float re, im;
                dmx_transform_apart(output, self->length, bin, which, &re, &im);
                self->power[bin] += re * re + im * im;
            }
    }
}

/* Of the bins of a row their mean; a row that is narrower than a bin lies between two. */
static float row_power(const dmx_sketch *self, int row)
{
    const int from = (int)ceil(self->edges[row]), until = (int)ceil(self->edges[row + 1]);
    float sum = 0;
    if (until - from < 2) {
        const double middle = (self->edges[row] + self->edges[row + 1]) / 2;
        const int below = (int)middle;
        const float part = (float)(middle - below);
        return (1 - part) * self->power[below] + part * self->power[below + 1];
    }
    for (int bin = from; bin < until; bin++) sum += self->power[bin];
    return sum / (float)(until - from);
}

/* The fresh frames, and the window that ends with them, go into the column under way. */
static void end_window(dmx_sketch *self)
{
    column *to = &self->columns[self->count];
    for (int channel = 0; channel < self->channels; channel++) {
        const float *fresh = self->waiting + (ptrdiff_t)(channel + 1) * self->length - self->hop;
        for (int i = 0; i < self->hop; i++) {
            to->low = fminf(to->low, fresh[i]);
            to->high = fmaxf(to->high, fresh[i]);
            to->squares += fresh[i] * fresh[i];
        }
    }
    find_power(self);
    for (int row = 0; row < ROWS; row++) to->power[row] += row_power(self, row);
    self->fresh = 0;
    if (++self->windows == self->span) end_column(self);
}

/* The frames before move to the front, so that there is room for fresh ones. */
static void make_room(dmx_sketch *self)
{
    const size_t kept = (size_t)(self->length - self->hop);
    for (int channel = 0; channel < self->channels; channel++) {
        float *waiting = self->waiting + (ptrdiff_t)channel * self->length;
        memmove(waiting, waiting + self->hop, kept * sizeof *waiting);
        memset(waiting + kept, 0, (size_t)self->hop * sizeof *waiting);
    }
}

void dmx_sketch_add(dmx_sketch *self, const float *const *planes, size_t frames)
{
    for (size_t start = 0; start < frames;) {
        if (self->fresh == 0) make_room(self);
        const size_t room = (size_t)(self->hop - self->fresh), left = frames - start;
        const size_t piece = left < room ? left : room;
        for (int channel = 0; channel < self->channels; channel++) {
            float *to = self->waiting + (ptrdiff_t)(channel + 1) * self->length - self->hop + self->fresh;
            const float *from = planes[channel] + start;
            for (size_t i = 0; i < piece; i++) to[i] = isfinite(from[i]) ? from[i] : 0;
        }
        self->fresh += (int)piece;
        start += piece;
        if (self->fresh == self->hop) end_window(self);
    }
    self->frames += frames;
}

void dmx_sketch_end(dmx_sketch *self)
{
    if (self->fresh > 0) end_window(self);
}

/* -------------------------------------------------------------------------------------------------- pictures ---- */

/* How far from the middle a sample is drawn: the quiet ones further than by their size, or the stems of a loud track
 * would be lines. */
static double height_of(float sample) { return copysign(pow(fabs((double)sample), 0.6), (double)sample); }

/* Columns to draw, with the one under way; and how often each is repeated, so that a short track is no smear. */
static int drawn(const dmx_sketch *self) { return self->count + (self->windows > 0); }

static int repeats(const dmx_sketch *self)
{
    const int columns = drawn(self);
    return columns == 0 ? 1 : columns < LEAST_WIDTH ? (LEAST_WIDTH + columns - 1) / columns : 1;
}

static void begin_picture(const dmx_sketch *self, dmx_picture *picture, int height)
{
    const int columns = drawn(self);
    dmx_picture_create(picture, columns > 0 ? columns * repeats(self) : LEAST_WIDTH, height);
}

static double windows_of(const dmx_sketch *self, int i)
{
    return i < self->count ? (double)self->span : (double)self->windows;
}

void dmx_sketch_draw_waveform(const dmx_sketch *self, uint32_t colour, dmx_picture *picture)
{
    const int again = repeats(self);
    begin_picture(self, picture, HEIGHT);
    picture->palette[1] = 0x70000000 | colour;
    picture->palette[2] = 0xFF000000 | colour;
    for (int x = 0; picture->pixels != NULL && x < drawn(self) * again; x++) {
        const column *it = &self->columns[x / again];
        const double samples = windows_of(self, x / again) * self->hop * self->channels;
        const double rms = height_of(sqrtf(it->squares / (float)samples));
        const double low = height_of(it->low), high = height_of(it->high);
        for (int y = 0; y < HEIGHT; y++) {
            const double level = 1 - (y + 0.5) * 2 / HEIGHT; /* at the middle of the pixel */
            const double edge = 1.0 / HEIGHT;
            const bool peak = level <= high + edge && level >= low - edge;
            const bool inside = fabs(level) <= rms + edge;
            picture->pixels[y * picture->width + x] = inside && peak ? 2 : peak;
        }
    }
}

/* Black, violet, red, yellow, almost white: lightness grows evenly. */
static void set_shades(dmx_picture *picture)
{
    static const double points[][3] = {{0, 0, 4},     {40, 11, 84},   {101, 21, 110}, {159, 42, 99},
                                       {212, 72, 66}, {245, 125, 21}, {250, 193, 39}, {252, 255, 164}};
    const int last = (int)(sizeof points / sizeof *points) - 1;
    for (int i = 0; i < SHADES; i++) {
        const double place = (double)i * last / (SHADES - 1);
        const int from = place < last ? (int)place : last - 1;
        uint32_t colour = 0xFF;
        for (int c = 0; c < 3; c++) {
            const double value = points[from][c] + (points[from + 1][c] - points[from][c]) * (place - from);
            colour = colour << 8 | (uint32_t)lround(value);
        }
        picture->palette[i] = colour;
    }
}

void dmx_sketch_draw_spectrogram(const dmx_sketch *self, dmx_picture *picture)
{
    const int again = repeats(self);
    const double full = (double)self->length / 4 * self->length / 4; /* a sine at full scale, through the window */
    begin_picture(self, picture, ROWS);
    set_shades(picture);
    for (int x = 0; picture->pixels != NULL && x < drawn(self) * again; x++) {
        const double norm = full * windows_of(self, x / again) * self->channels;
        for (int row = 0; row < ROWS; row++) {
            const double db = 10 * log10((double)self->columns[x / again].power[row] / norm + 1e-12);
            const double shade = (db - quietest_db) / (loudest_db - quietest_db) * SHADES;
            picture->pixels[(ROWS - 1 - row) * picture->width + x] = (uint8_t)fmax(0, fmin(SHADES - 1, shade));
        }
    }
}
