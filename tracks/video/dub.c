/* dub.c - see dub.h
 *
 *     narration --to the target---------------------------------\
 *         \--its levels--> gains_duck                             +--> spool --peaks--> gains_limit --> spool
 *     bed --as the track is brought to the target--> turned down /          \--loudness--/
 *
 * The narration is brought to the target by its own loudness; so its pauses do not count, which R128 leaves out. The
 * accompaniment is turned up or down by as much as the track would be: under a narration as loud as the voices that it
 * replaces it is as loud as it was, and then it is turned down further. What comes out is brought to the target once
 * more, and a limiter keeps its true peak; since that takes some loudness away, gain and ceiling are found in a few
 * rounds. */
#include "tracks/video/dub.h"

#include "base/alloc.h"
#include "tracks/planes.h"
#include "tracks/video/gains.h"
#include "tracks/video/narration.h"
#include "tracks/video/r128.h"

#include <math.h>

/* Narration is where its level is above the target by no less than this: speech keeps within some 15 dB of its
 * loudness, and rooms are quieter. */
#define SPEECH_DB (-20.0)

/* How near loudness and peak have to come, and how often that is tried. */
#define LOUDNESS_SLACK 0.1
#define PEAK_SLACK_DB  0.05
enum { MOST_ROUNDS = 8 };

/* What R128 does not count at all. */
#define SILENT_LUFS (-70.0)

/* Nothing but noise is so much quieter than the target. */
#define MOST_RISE_DB 12.0

/* Encoders with loss bring back peaks that are higher than what they were given, by up to 1 dB. */
#define LOSSY_HEADROOM_DB 1.0

typedef struct dub {
    const dmx_video *video;
    const demucs_video_options *options;
    dmx_outputs *outputs;
    int channels, rate_hz;
    size_t unit; /* frames of a unit; a block has many whole ones */
    size_t block;
    const dmx_spool *bed, *voice;
    dmx_spool *mixed;
    int64_t bed_at, voice_at; /* when they begin, in frames of the sound that is made */
    uint64_t frames;          /* of it */
    size_t units;
    float **planes, **other;       /* [channels] planes of a block */
    float *levels, *gains, *peaks; /* [units], [units + 1], [units] */
    double voice_gain, bed_gain;
} dub;

static double ratio_of(double decibels) { return pow(10, decibels / 20); }

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to dub the track");
}

/* ---- reading ---- */

/* Frames from `first` on of a sound that begins at `at`; silence around it. */
static bool read_at(const dub *self, const dmx_spool *from, int64_t at, uint64_t first, size_t frames, float **planes,
                    demucs_error *error)
{
    const int64_t begin = (int64_t)first - at, end = begin + (int64_t)frames, last = (int64_t)dmx_spool_frames(from);
    const int64_t low = begin > 0 ? begin : 0, high = end < last ? end : last;
    for (int channel = 0; channel < self->channels; channel++)
        for (size_t i = 0; i < frames; i++) planes[channel][i] = 0;
    if (low >= high) return true;
    float *into[64];
    for (int channel = 0; channel < self->channels; channel++) into[channel] = planes[channel] + (low - begin);
    return dmx_spool_read(from, (uint64_t)low, into, (size_t)(high - low), error);
}

/* The loudness of a spool. */
static bool measure(const dub *self, const dmx_spool *from, int rate_hz, double *loudness, demucs_error *error)
{
    dmx_r128 *meter = dmx_r128_create(self->channels, rate_hz);
    bool done = meter != NULL || no_memory(error);
    const uint64_t frames = dmx_spool_frames(from);
    for (uint64_t first = 0; done && first < frames; first += self->block) {
        const size_t count = frames - first < self->block ? (size_t)(frames - first) : self->block;
        done = dmx_watch_progress(self->outputs->watch, 0, 0, NULL, error) &&
               dmx_spool_read(from, first, self->planes, count, error) &&
               (dmx_r128_add(meter, (const float *const *)self->planes, 0, count) || no_memory(error));
    }
    if (done) *loudness = dmx_r128_loudness(meter);
    dmx_r128_free(meter);
    return done;
}

/* ---- the mix ---- */

static double mean_square(float *const *planes, int channels, size_t first, size_t frames)
{
    double sum = 0;
    for (int channel = 0; channel < channels; channel++)
        for (size_t i = first; i < first + frames; i++) sum += (double)planes[channel][i] * (double)planes[channel][i];
    return frames > 0 ? sum / (double)(frames * (size_t)channels) : 0;
}

/* Call `each` for all units: of a block of `count` frames, from `at` in it, `frames` frames, number `unit`. */
typedef bool (*unit_fn)(dub *self, size_t at, size_t frames, size_t unit, void *user);

static bool each_unit(dub *self, uint64_t first, size_t count, unit_fn each, void *user, demucs_error *error)
{
    for (size_t at = 0; at < count; at += self->unit) {
        const size_t frames = count - at < self->unit ? count - at : self->unit;
        if (!each(self, at, frames, (size_t)(first / self->unit) + at / self->unit, user)) return no_memory(error);
    }
    return true;
}

static bool take_level(dub *self, size_t at, size_t frames, size_t unit, void *user)
{
    (void)user;
    self->levels[unit] = (float)mean_square(self->planes, self->channels, at, frames);
    return true;
}

static bool find_levels(dub *self, demucs_error *error)
{
    for (uint64_t first = 0; first < self->frames; first += self->block) {
        const size_t count = self->frames - first < self->block ? (size_t)(self->frames - first) : self->block;
        if (!dmx_watch_progress(self->outputs->watch, 0, 0, NULL, error) ||
            !read_at(self, self->voice, self->voice_at, first, count, self->planes, error) ||
            !each_unit(self, first, count, take_level, NULL, error))
            return false;
    }
    const double least =
        pow(10, (self->options->loudness_lufs + SPEECH_DB) / 10) / (self->voice_gain * self->voice_gain);
    dmx_gains_duck(self->gains, self->levels, self->units, least, self->options);
    return true;
}

/* `user` is the meter. */
static bool mix_unit(dub *self, size_t at, size_t frames, size_t unit, void *user)
{
    for (int channel = 0; channel < self->channels; channel++) {
        float *bed = self->planes[channel] + at;
        dmx_gains_apply(bed, frames, self->unit, self->gains[unit], self->gains[unit + 1], self->bed_gain);
        for (size_t i = 0; i < frames; i++) bed[i] += (float)(self->voice_gain * (double)self->other[channel][at + i]);
    }
    const bool done = dmx_r128_add(user, (const float *const *)self->planes, at, frames);
    self->peaks[unit] = (float)dmx_r128_last_peak(user);
    return done;
}

static bool mix(dub *self, double *loudness, demucs_error *error)
{
    dmx_r128 *meter = dmx_r128_create(self->channels, self->rate_hz);
    bool done = meter != NULL || no_memory(error);
    for (uint64_t first = 0; done && first < self->frames; first += self->block) {
        const size_t count = self->frames - first < self->block ? (size_t)(self->frames - first) : self->block;
        done = dmx_watch_progress(self->outputs->watch, 0, 0, NULL, error) &&
               read_at(self, self->bed, self->bed_at, first, count, self->planes, error) &&
               read_at(self, self->voice, self->voice_at, first, count, self->other, error) &&
               each_unit(self, first, count, mix_unit, meter, error) &&
               dmx_spool_append(self->mixed, (const float *const *)self->planes, count, error);
    }
    if (done) *loudness = dmx_r128_loudness(meter);
    dmx_r128_free(meter);
    return done;
}

/* ---- to the target ---- */

typedef struct master {
    double gain, ceiling; /* 1 is full scale */
    dmx_r128 *meter;
} master;

static bool master_unit(dub *self, size_t at, size_t frames, size_t unit, void *user)
{
    const master *how = user;
    for (int channel = 0; channel < self->channels; channel++)
        dmx_gains_apply(self->planes[channel] + at, frames, self->unit, self->gains[unit], self->gains[unit + 1],
                        how->gain);
    return dmx_r128_add(how->meter, (const float *const *)self->planes, at, frames);
}

/* Bring the mix to `gain` under `ceiling`, into `to` where it is not NULL, and measure it. */
static bool run_master(dub *self, master *how, dmx_spool *to, demucs_error *error)
{
    how->meter = dmx_r128_create(self->channels, self->rate_hz);
    if (how->meter == NULL) return no_memory(error);
    dmx_gains_limit(self->gains, self->peaks, self->units, how->ceiling / how->gain);
    bool done = true;
    for (uint64_t first = 0; done && first < self->frames; first += self->block) {
        const size_t count = self->frames - first < self->block ? (size_t)(self->frames - first) : self->block;
        done = dmx_watch_progress(self->outputs->watch, 0, 0, NULL, error) &&
               dmx_spool_read(self->mixed, first, self->planes, count, error) &&
               each_unit(self, first, count, master_unit, how, error) &&
               (to == NULL || dmx_spool_append(to, (const float *const *)self->planes, count, error));
    }
    return done;
}

/* The gain and the ceiling with which loudness and peak are what they should be. */
static bool find_master(dub *self, double loudness, master *how, demucs_error *error)
{
    const double target = self->options->loudness_lufs;
    if (!(loudness > SILENT_LUFS))
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s is too short for a loudness, which takes 0.4 s of sound",
                         self->outputs->watch->track);
    const double headroom = self->video->facts.lossy ? LOSSY_HEADROOM_DB : 0;
    const double most = ratio_of(self->options->true_peak_db - headroom);
    *how = (master){.gain = ratio_of(target - loudness), .ceiling = most * ratio_of(-PEAK_SLACK_DB)};
    for (int round = 0; round < MOST_ROUNDS; round++) {
        const bool done = run_master(self, how, NULL, error);
        const double got = done ? dmx_r128_loudness(how->meter) : 0, peak = done ? dmx_r128_peak(how->meter) : 0;
        dmx_r128_free(how->meter);
        how->meter = NULL;
        if (!done) return false;
        if (fabs(target - got) <= LOUDNESS_SLACK && peak <= most) return true;
        how->gain *= ratio_of(target - got);
        if (peak > most) how->ceiling *= most / peak * ratio_of(-PEAK_SLACK_DB);
    }
    return true;
}

/* ---- all of it ---- */

/* Where each begins, and how long it is. A narration that goes on after the end is cut. */
static bool arrange(dub *self, int64_t *start, demucs_error *error)
{
    const audio_video_facts *facts = &self->video->facts;
    const bool picture = self->video->file != NULL;
    const int64_t bed_start = *start, voice_start = picture ? facts->picture_start : bed_start;
    const int64_t bed_end = bed_start + (int64_t)dmx_spool_frames(self->bed);
    const int64_t most = picture && facts->picture_end > bed_end ? facts->picture_end : bed_end;
    int64_t voice_end = voice_start + (int64_t)dmx_spool_frames(self->voice);
    *start = bed_start < voice_start ? bed_start : voice_start;
    if (voice_end > most) {
        const demucs_tracks_event event = {
            .kind = DEMUCS_TRACKS_EVENT_CUT, .path = self->options->narration, .count = (uint64_t)(voice_end - most)};
        char shown[DMX_SHOWN_PATH];
        if (!dmx_watch_warn(self->outputs->watch, event, error, "%s is longer than %s: its last %.2f s are cut off.",
                            dmx_printable_path(shown, self->options->narration), self->outputs->watch->track,
                            (double)(voice_end - most) / self->rate_hz))
            return false;
        voice_end = most;
    }
    self->bed_at = bed_start - *start;
    self->voice_at = voice_start - *start;
    self->frames = (uint64_t)((bed_end > voice_end ? bed_end : voice_end) - *start);
    self->units = (size_t)((self->frames + self->unit - 1) / self->unit);
    self->levels = dmx_alloc(self->units + 1, sizeof *self->levels);
    self->gains = dmx_alloc(self->units + 1, sizeof *self->gains);
    self->peaks = dmx_alloc(self->units + 1, sizeof *self->peaks);
    return (self->levels != NULL && self->gains != NULL && self->peaks != NULL) || no_memory(error);
}

static void find_gains(dub *self)
{
    const double target = self->options->loudness_lufs, track = self->video->track_lufs;
    self->voice_gain = ratio_of(target - self->video->narration_lufs);
    self->bed_gain = track > SILENT_LUFS ? ratio_of(fmin(target - track, MOST_RISE_DB)) : 1;
}

static dmx_spool *run(dub *self, int64_t *start, demucs_error *error)
{
    double loudness;
    master how;
    find_gains(self);
    if (!arrange(self, start, error) || !find_levels(self, error)) return NULL;
    self->mixed = dmx_spool_create(self->outputs->spool_place, self->channels, error);
    if (self->mixed == NULL || !mix(self, &loudness, error)) return NULL;
    if (!find_master(self, loudness, &how, error)) return NULL;
    dmx_spool *out = dmx_spool_create(self->outputs->spool_place, self->channels, error);
    const bool done = out != NULL && run_master(self, &how, out, error);
    dmx_r128_free(how.meter);
    if (done) return out;
    dmx_spool_free(out);
    return NULL;
}

dmx_spool *dmx_dub(const dmx_video *self, const dmx_spool *bed, int rate_hz, int64_t *start, dmx_outputs *outputs,
                   demucs_error *error)
{
    dub all = {.video = self,
               .options = &self->options,
               .outputs = outputs,
               .channels = outputs->file_channels,
               .rate_hz = rate_hz,
               .bed = bed,
               .voice = self->narration};
    all.unit = (size_t)(rate_hz * DMX_UNIT_SECONDS) + 1;
    all.block = DMX_TRACK_BLOCK / all.unit * all.unit;
    all.planes = dmx_planes_new(all.channels);
    all.other = dmx_planes_new(all.channels);
    dmx_spool *out = NULL;
    if (all.planes != NULL && all.other != NULL && all.block > 0)
        out = run(&all, start, error);
    else
        no_memory(error);
    dmx_spool_free(all.mixed);
    dmx_free(all.levels);
    dmx_free(all.gains);
    dmx_free(all.peaks);
    dmx_free(all.planes);
    dmx_free(all.other);
    return out;
}

bool dmx_dub_hear(dmx_video *self, const dmx_spool *mix, dmx_outputs *outputs, demucs_error *error)
{
    const int rate_hz = self->facts.sample_rate_hz;
    dub all = {.outputs = outputs, .block = DMX_TRACK_BLOCK, .planes = dmx_planes_new(outputs->channels)};
    bool done = all.planes != NULL || no_memory(error);
    all.channels = outputs->channels;
    if (done) done = measure(&all, mix, outputs->sample_rate_hz, &self->track_lufs, error);
    if (done) self->narration = dmx_narration_read(self->options.narration, rate_hz, outputs, error);
    all.channels = outputs->file_channels;
    done = self->narration != NULL && measure(&all, self->narration, rate_hz, &self->narration_lufs, error);
    dmx_free(all.planes);
    if (!done) return false;
    return self->narration_lufs > SILENT_LUFS || !dmx_refuse(self->options.narration, error, DEMUCS_ERROR_ARGUMENT,
                                                             "the narration is silent, or shorter than 0.4 s");
}
