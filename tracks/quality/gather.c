/* gather.c - demucs_quality_meter: the stems of a track go by, and its figures remain. Sums only: memory does not grow
 * with the track. */
#include "base/alloc.h"
#include "base/error.h"
#include "demucs_quality.h"
#include "tracks/quality/figures.h"
#include "tracks/quality/gauge.h"
#include "tracks/quality/leak.h"
#include "tracks/quality/sums.h"

#include <math.h>
#include <string.h>

/* Frames that are looked at together: a piece of all stems fits into a core's cache. */
enum { PIECE = 2048, MOST = 64 };

struct demucs_quality_meter {
    demucs_quality_options options;
    int channels, sample_rate_hz, stems;
    bool complete;
    dmx_figures *figures;
    dmx_gauge *levels;       /* [stems + 1] the last is that of the mix */
    double *sums;            /* [stems + 1][channels] of their samples */
    double *products;        /* [stems][stems] sums of products of two stems' samples; the lower half */
    double residual_squares; /* of mix minus all stems */
    float *residual;         /* [PIECE] */
    const float **pieces;    /* [channels] of the mix, then [stems * channels] */
    dmx_leak *leak;
};

static bool check_format(const demucs_quality_format *format, demucs_error *error)
{
    if (format == NULL || format->channels < 1 || format->channels > MOST || format->stems < 1 ||
        format->stems > MOST || format->sample_rate_hz < 1 || format->sample_rate_hz > 768000 || format->names == NULL)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "quality is measured of 1 to 64 named stems of 1 to 64 channels, at 1 to 768000 Hz");
    for (int stem = 0; stem < format->stems; stem++)
        if (format->names[stem] == NULL) return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "stem %d has no name", stem);
    return true;
}

static bool build(demucs_quality_meter *self, const demucs_quality_format *format)
{
    const size_t channels = (size_t)format->channels, stems = (size_t)format->stems;
    self->channels = format->channels;
    self->sample_rate_hz = format->sample_rate_hz;
    self->stems = format->stems;
    self->complete = format->complete;
    self->figures = dmx_figures_new(format->stems);
    self->levels = dmx_alloc(stems + 1, sizeof *self->levels);
    self->sums = dmx_alloc((stems + 1) * channels, sizeof *self->sums);
    self->products = dmx_alloc(stems * stems, sizeof *self->products);
    self->residual = dmx_alloc(PIECE, sizeof *self->residual);
    self->pieces = dmx_alloc((stems + 1) * channels, sizeof *self->pieces);
    self->leak = dmx_leak_create(format->stems, format->channels, format->sample_rate_hz, format->complete);
    if (self->figures == NULL || self->levels == NULL || self->sums == NULL || self->products == NULL ||
        self->residual == NULL || self->pieces == NULL || self->leak == NULL)
        return false;
    for (size_t i = 0; i <= stems; i++)
        dmx_gauge_begin(&self->levels[i], format->channels, format->sample_rate_hz, self->sums + i * channels);
    for (size_t i = 0; i < stems; i++) {
        self->figures->stems[i].name = dmx_strdup(format->names[i]);
        if (self->figures->stems[i].name == NULL) return false;
    }
    return true;
}

demucs_status demucs_quality_meter_create(demucs_quality_meter **meter, const demucs_quality_format *format,
                                          const demucs_quality_options *options, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_quality_options read;
    *meter = NULL;
    if (check_format(format, &why) && dmx_quality_options_read(&read, options, &why)) {
        demucs_quality_meter *self = dmx_alloc(1, sizeof *self);
        if (self != NULL) self->options = read;
        if (self != NULL && build(self, format)) {
            *meter = self;
        } else {
            demucs_quality_meter_free(self);
            dmx_fail(&why, DEMUCS_ERROR_MEMORY, "not enough memory to measure the quality of a separation");
        }
    }
    if (error != NULL) *error = why;
    return why.status;
}

void demucs_quality_meter_free(demucs_quality_meter *meter)
{
    if (meter == NULL) return;
    if (meter->figures != NULL) demucs_quality_free(&meter->figures->shown);
    dmx_leak_free(meter->leak);
    dmx_free(meter->levels);
    dmx_free(meter->sums);
    dmx_free(meter->products);
    dmx_free(meter->residual);
    dmx_free(meter->pieces);
    dmx_free(meter);
}

/* ------------------------------------------------------------------------------------------------------- add ---- */

static void add_residual(demucs_quality_meter *self, const float *const *mix, const float *const *stems, size_t frames)
{
    for (int channel = 0; channel < self->channels; channel++) {
        memcpy(self->residual, mix[channel], frames * sizeof *self->residual);
        for (int stem = 0; stem < self->stems; stem++) {
            const float *samples = stems[stem * self->channels + channel];
            for (size_t i = 0; i < frames; i++) self->residual[i] -= samples[i];
        }
        self->residual_squares += dmx_sum_products(self->residual, self->residual, frames);
    }
}

static void add_piece(demucs_quality_meter *self, const float *const *mix, const float *const *stems, size_t frames)
{
    dmx_gauge_add(&self->levels[self->stems], mix, frames);
    for (int stem = 0; stem < self->stems; stem++) {
        const float *const *planes = stems + stem * self->channels;
        dmx_gauge_add(&self->levels[stem], planes, frames);
        for (int other = 0; other < stem; other++)
            for (int channel = 0; channel < self->channels; channel++)
                self->products[stem * self->stems + other] +=
                    dmx_sum_products(planes[channel], stems[other * self->channels + channel], frames);
    }
    if (self->complete) add_residual(self, mix, stems, frames);
    dmx_leak_add(self->leak, mix, stems, frames);
}

void demucs_quality_meter_add(demucs_quality_meter *meter, const float *const *mix, const float *const *stems,
                              size_t frames)
{
    const int channels = meter->channels, planes = meter->stems * channels;
    for (size_t start = 0; start < frames; start += PIECE) {
        for (int i = 0; i < channels; i++) meter->pieces[i] = mix[i] + start;
        for (int i = 0; i < planes; i++) meter->pieces[channels + i] = stems[i] + start;
        add_piece(meter, meter->pieces, meter->pieces + channels, frames - start < PIECE ? frames - start : PIECE);
    }
}

/* ---------------------------------------------------------------------------------------------------- finish ---- */

/* Pearson's correlation of all samples of two stems, each channel about its own mean. */
static double correlation_of(const demucs_quality_meter *self, int one, int two)
{
    const dmx_gauge *a = &self->levels[one], *b = &self->levels[two];
    if (dmx_gauge_is_low(a) || dmx_gauge_is_low(b)) return NAN;
    if (one == two) return 1;
    double ab = self->products[one > two ? one * self->stems + two : two * self->stems + one];
    double aa = a->squares, bb = b->squares;
    for (int channel = 0; channel < self->channels; channel++) {
        const double frames = (double)a->frames, x = a->sums[channel], y = b->sums[channel];
        ab -= x * y / frames;
        aa -= x * x / frames;
        bb -= y * y / frames;
    }
    return aa > 0 && bb > 0 ? fmax(-1, fmin(1, ab / sqrt(aa * bb))) : NAN; /* NAN: nothing but DC */
}

static double residual_of(const demucs_quality_meter *self)
{
    const dmx_gauge *mix = &self->levels[self->stems];
    if (!self->complete || dmx_gauge_is_low(mix)) return NAN;
    return fmax(10 * log10(self->residual_squares / mix->squares), DEMUCS_QUALITY_FLOOR_DB);
}

static void fill_stem(demucs_quality_meter *self, int stem)
{
    demucs_quality_stem *to = &self->figures->stems[stem];
    dmx_gauge *level = &self->levels[stem];
    dmx_gauge_end(level);
    to->rms = dmx_gauge_rms(level);
    to->peak = (double)level->peak;
    to->dc = dmx_gauge_dc(level);
    to->clipped = level->clipped;
    to->silent_share = dmx_gauge_silent_share(level);
    to->silent = level->silent_frames == level->frames;
    to->leak_db = dmx_gauge_is_low(level) ? NAN : dmx_leak_db(self->leak, stem);
}

demucs_quality *demucs_quality_meter_finish(demucs_quality_meter *meter)
{
    const dmx_gauge *mix = &meter->levels[meter->stems];
    demucs_quality *shown = &meter->figures->shown;
    for (int stem = 0; stem < meter->stems; stem++) fill_stem(meter, stem);
    for (int i = 0; i < meter->stems * meter->stems; i++)
        meter->figures->correlation[i] = correlation_of(meter, i / meter->stems, i % meter->stems);
    shown->channels = meter->channels;
    shown->sample_rate_hz = meter->sample_rate_hz;
    shown->frames = mix->frames;
    shown->seconds = (double)mix->frames / meter->sample_rate_hz;
    shown->mix_rms = dmx_gauge_rms(mix);
    shown->mix_peak = (double)mix->peak;
    shown->residual_db = residual_of(meter);
    dmx_figures_judge(meter->figures, &meter->options);
    meter->figures = NULL;
    return shown;
}
