/* The spectrogram and the way back against the official _spec and _ispec, and that cutting the work does not matter.
 *
 * Bounds: float32 FFTs of this length are good to about 1.3e-7 of the rms (138 dB); the reference is float32 too, so
 * two such errors meet, and the inverse starts from the reference's spectrogram: 130 dB is asked for. */
#include "base/alloc.h"
#include "dsp/pad.h"
#include "dsp/stft.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DATA     DEMUCS_TEST_DATA "/dsp/dsp.npz"
#define BOUND_DB 130.0

typedef struct spectrum_case {
    const char *name; /* NAME_spec_FRAMES, NAME_ispec_FRAMES */
    dmx_stft_kind kind;
    size_t frames;
    double inverse_db;
} spectrum_case;

/* The case of 700 samples lies all in the padding that hybrid_old forgets: what comes out is the lost Nyquist bin and
 * rounding, rms 7e-7, of which torch's own float32 result has 58 dB against its float64 one. */
static const spectrum_case cases[] = {
    {"htdemucs", DMX_STFT_HYBRID, 4097, BOUND_DB}, {"htdemucs", DMX_STFT_HYBRID, 1500, BOUND_DB},
    {"hybrid", DMX_STFT_HYBRID, 4097, BOUND_DB},   {"hybrid_old", DMX_STFT_HYBRID_OLD, 4097, BOUND_DB},
    {"hybrid_old", DMX_STFT_HYBRID_OLD, 700, 50},  {"freqonly", DMX_STFT_CENTRED, 4097, BOUND_DB},
};

/* [steps][bins][channels][2] from numpy's [channels][bins][steps][2]. */
static float *channels_last(const test_array *z)
{
    size_t channels = z->shape[0], bins = z->shape[1], steps = z->shape[2];
    float *x = malloc(z->count * sizeof *x);
    for (size_t i = 0; i < z->count; i++) {
        size_t part = i % 2, t = i / 2 % steps, b = i / 2 / steps % bins, c = i / 2 / steps / bins;
        x[((t * bins + b) * channels + c) * 2 + part] = z->f32[i];
    }
    return x;
}

static void check_forward(const spectrum_case *test, const dmx_stft *stft, const test_array *x, const test_array *z)
{
    size_t channels = z->shape[0], bins = z->shape[1], steps = z->shape[2];
    REQUIRE(steps == dmx_stft_steps(stft, test->frames), "%s %zu: %zu steps, expected %zu", test->name, test->frames,
            dmx_stft_steps(stft, test->frames), steps);
    CHECK(bins == dmx_stft_bins(stft), "%s: %zu bins", test->name, dmx_stft_bins(stft));
    float *expected = channels_last(z), *actual = calloc(z->count, sizeof *actual);
    float *scratch = malloc(dmx_stft_scratch(stft, (int)channels) * sizeof *scratch);
    for (size_t t = 0; t < steps; t++)
        dmx_stft_forward(stft, dmx_kernels_get(dmx_cpu_best()), x->f32, x->shape[1], (int)channels, test->frames, t,
                         actual + t * bins * channels * 2, scratch);
    double snr = test_snr_db(expected, actual, z->count);
    CHECK(snr > BOUND_DB, "%s_spec_%zu: %.1f dB", test->name, test->frames, snr);
    free(expected), free(actual), free(scratch);
}

static void check_inverse(const spectrum_case *test, const dmx_stft *stft, const test_array *z, const test_array *y)
{
    size_t channels = z->shape[0], bins = z->shape[1];
    float *x = channels_last(z), *actual = malloc(y->count * sizeof *actual);
    float *scratch = malloc(dmx_stft_scratch(stft, (int)channels) * sizeof *scratch);
    dmx_spectrogram spectrogram = {x, bins * channels * 2, channels * 2, (int)channels, 1, 0};
    float *planes[2] = {actual, actual + test->frames};
    REQUIRE(channels <= 2, "more channels than planes");
    dmx_istft_range(stft, dmx_kernels_get(dmx_cpu_best()), &spectrogram, test->frames, 0, test->frames, planes,
                    scratch);
    double snr = test_snr_db(y->f32, actual, y->count);
    CHECK(snr > test->inverse_db, "%s_ispec_%zu: %.1f dB", test->name, test->frames, snr);
    free(x), free(actual), free(scratch);
}

static void test_reference(void)
{
    test_array x, z, y;
    REQUIRE(test_npz_load(DATA, "x", &x), "no signal");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char forward[64], inverse[64];
        dmx_stft *stft = NULL;
        snprintf(forward, sizeof forward, "%s_spec_%zu", cases[i].name, cases[i].frames);
        snprintf(inverse, sizeof inverse, "%s_ispec_%zu", cases[i].name, cases[i].frames);
        REQUIRE(test_npz_load(DATA, forward, &z) && test_npz_load(DATA, inverse, &y), "no %s", forward);
        REQUIRE(dmx_stft_create(&stft, 4096, cases[i].kind, NULL) == DEMUCS_OK, "no plan");
        check_forward(&cases[i], stft, &x, &z);
        check_inverse(&cases[i], stft, &z, &y);
        dmx_stft_free(stft);
        test_array_free(&z), test_array_free(&y);
    }
    test_array_free(&x);
}

/* spec.py's bare functions keep the Nyquist bin, which no model does: compared without it, and only forward. */
static void test_bare_spectro(void)
{
    static const int lengths[] = {4096, 1024};
    const size_t frames = 5000;
    test_array x, z;
    REQUIRE(test_npz_load(DATA, "x", &x), "no signal");
    for (int i = 0; i < 2; i++) {
        char name[32];
        dmx_stft *stft = NULL;
        snprintf(name, sizeof name, "spectro_%d", lengths[i]);
        REQUIRE(test_npz_load(DATA, name, &z), "no %s", name);
        REQUIRE(dmx_stft_create(&stft, lengths[i], DMX_STFT_CENTRED, NULL) == DEMUCS_OK, "no plan");
        size_t bins = z.shape[1] - 1, steps = z.shape[2];
        REQUIRE(steps == dmx_stft_steps(stft, frames), "%zu steps", steps);
        float *all = channels_last(&z), *actual = malloc(bins * 4 * sizeof(float));
        float *scratch = malloc(dmx_stft_scratch(stft, 2) * sizeof(float));
        for (size_t t = 0; t < steps; t++) {
            dmx_stft_forward(stft, dmx_kernels_get(dmx_cpu_best()), x.f32, x.shape[1], 2, frames, t, actual, scratch);
            double snr = test_snr_db(all + t * (bins + 1) * 4, actual, bins * 4);
            CHECK(snr > BOUND_DB, "%s, step %zu: %.1f dB", name, t, snr);
        }
        free(all), free(actual), free(scratch);
        dmx_stft_free(stft);
        test_array_free(&z);
    }
    test_array_free(&x);
}

/* There and back gives the signal again (all kinds but the old padding bug), two hops from the ends, where the hybrid
 * kind has lost steps; and something finite everywhere, also for signals too short to be reflected. The Nyquist bin is
 * lost as well: averaging neighbours takes what it held out of both sides, the better the longer the window is. One
 * channel and three. */
static void test_round_trip(void)
{
    static const size_t lengths[] = {1, 7, 33, 191, 192, 193, 255, 256, 257, 1000, 4096, 5001};
    for (size_t i = 0; i < 4 * sizeof lengths / sizeof *lengths; i++) {
        size_t frames = lengths[i / 4], planes = i % 2 ? 3 : 1;
        dmx_stft_kind kind = i % 2 ? DMX_STFT_CENTRED : DMX_STFT_HYBRID;
        dmx_stft *stft = NULL;
        const int nfft = i % 4 < 2 ? 240 : i % 2 ? 100 : 112; /* 100: an odd hop, 112: a factor 7 */
        REQUIRE(dmx_stft_create(&stft, nfft, kind, NULL) == DEMUCS_OK, "no plan");
        size_t bins = dmx_stft_bins(stft), steps = dmx_stft_steps(stft, frames), row = bins * planes * 2;
        float *x = malloc(planes * frames * sizeof *x), *y = malloc(planes * frames * sizeof *y);
        float *z = malloc(steps * row * sizeof *z);
        float *scratch = malloc(dmx_stft_scratch(stft, (int)planes) * sizeof *scratch);
        for (size_t n = 0; n < planes * frames; n++) x[n] = (float)(n * 7919 % 1009) / 1009 - 0.5f;
        for (size_t t = 0; t < steps; t++)
            dmx_stft_forward(stft, dmx_kernels_get(dmx_cpu_best()), x, frames, (int)planes, frames, t, z + t * row,
                             scratch);
        dmx_spectrogram spectrogram = {z, row, planes * 2, (int)planes, 1, 0};
        float *out[3] = {y, y + frames % (planes * frames), y + 2 * frames % (planes * frames)};
        dmx_istft_range(stft, dmx_kernels_get(dmx_cpu_best()), &spectrogram, frames, 0, frames, out, scratch);
        for (size_t n = 0; n + 1 < planes * frames; n++) x[n] += x[n + 1], y[n] += y[n + 1];
        size_t skip = 2 * dmx_stft_hop(stft);
        double snr = frames < 1000 ? INFINITY : test_snr_db(x + skip, y + skip, frames - 2 * skip);
        CHECK(snr > (nfft < 240 ? 70 : 80), "nfft %d, %zu frames, kind %d: %.1f dB", nfft, frames, (int)kind, snr);
        for (size_t n = 0; n < planes * frames; n++)
            CHECK(y[n] > -9 && y[n] < 9, "%zu: sample %zu is %g", frames, n, (double)y[n]);
        free(x), free(y), free(z), free(scratch);
        dmx_stft_free(stft);
    }
}

/* A spectrogram with room around its steps and more channels than are wanted, cut into ranges of any length; and one of
 * its planes alone, scaled and shifted on the way. */
static void test_ranges(void)
{
    static const size_t pieces[] = {1, 63, 64, 1000, 333, 77};
    const size_t frames = 5003, stride = 6 * 2, margin = 11;
    for (int kind = 0; kind < 3; kind++) {
        dmx_stft *stft = NULL;
        REQUIRE(dmx_stft_create(&stft, 256, (dmx_stft_kind)kind, NULL) == DEMUCS_OK, "no plan");
        size_t bins = dmx_stft_bins(stft), steps = dmx_stft_steps(stft, frames), row = bins * stride + margin;
        float *z = malloc((margin + steps * row) * sizeof *z);
        float *whole = malloc(2 * frames * sizeof *whole), *cut = malloc(2 * frames * sizeof *cut);
        float *other = malloc(2 * frames * sizeof *other), *shifted = malloc((margin + steps * row) * sizeof *z);
        float *scratch = malloc(dmx_stft_scratch(stft, 2) * sizeof *scratch);
        for (size_t i = 0; i < margin + steps * row; i++) {
            z[i] = (float)(i * 7919 % 2003) / 2003 - 0.5f;
            shifted[i] = 2 * z[i] + 0.25f;
        }
        dmx_spectrogram spectrogram = {shifted + margin + 4, row, stride, 2, 1, 0};
        dmx_istft_range(stft, dmx_kernels_get(dmx_cpu_best()), &spectrogram, frames, 0, frames,
                        (float *[]){whole, whole + frames}, scratch);
        for (size_t first = 0, i = 0; first < frames; i++) {
            size_t count = pieces[i % 6] < frames - first ? pieces[i % 6] : frames - first;
            dmx_istft_range(stft, dmx_kernels_get(dmx_cpu_best()), &spectrogram, frames, first, count,
                            (float *[]){cut, cut + frames}, scratch);
            first += count;
        }
        CHECK(!memcmp(whole, cut, 2 * frames * sizeof *cut), "kind %d: ranges differ from the whole", kind);

        spectrogram = (dmx_spectrogram){z + margin + 4, row, stride, 2, 2, 0.25f};
        dmx_istft_range(stft, dmx_kernels_get(dmx_cpu_best()), &spectrogram, frames, 0, frames,
                        (float *[]){NULL, other}, scratch);
        CHECK(!memcmp(whole + frames, other, frames * sizeof *other), "kind %d: one plane, scaled, differs", kind);
        free(z), free(whole), free(cut), free(other), free(shifted), free(scratch);
        dmx_stft_free(stft);
    }
}

static void test_pad(void)
{
    static const size_t pads[][3] = {{10, 3, 4}, {5, 7, 9}, {1, 4, 6}, {8, 2, 12}};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        char name[64];
        test_array x, y;
        snprintf(name, sizeof name, "pad1d_in_%zu", pads[i][0]);
        REQUIRE(test_npz_load(DATA, name, &x), "no %s", name);
        snprintf(name, sizeof name, "pad1d_reflect_%zu_%zu_%zu", pads[i][0], pads[i][1], pads[i][2]);
        REQUIRE(test_npz_load(DATA, name, &y), "no %s", name);
        for (size_t n = 0; n < y.count; n++) {
            ptrdiff_t at = dmx_pad_reflect((ptrdiff_t)n, pads[i][0], pads[i][1], pads[i][2]);
            float value = at < 0 ? 0 : x.f32[at];
            CHECK(value == y.f32[n], "%s: sample %zu is %g, expected %g", name, n, (double)value, (double)y.f32[n]);
        }
        test_array_free(&x), test_array_free(&y);
    }
}

/* Zeros on both sides: right padding takes 2 of the 6 that a single sample needs, the left one 4. */
static void test_pad_zeros_on_both_sides(void)
{
    for (ptrdiff_t n = 0; n < 9; n++) {
        ptrdiff_t at = dmx_pad_reflect(n, 1, 6, 2);
        CHECK(at == (n == 6 ? 0 : -1), "place %d holds sample %d", (int)n, (int)at);
    }
}

static void test_refusals(void)
{
    static const int wrong[] = {-4096, 0, 4, 12, 4100, 250, 1009 * 8, 1 << 21};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        demucs_error error = {0};
        dmx_stft *stft = (dmx_stft *)1;
        CHECK(dmx_stft_create(&stft, wrong[i], DMX_STFT_HYBRID, &error) == DEMUCS_ERROR_UNSUPPORTED && !stft,
              "nfft %d was not refused", wrong[i]);
        CHECK(strstr(error.message, "nfft"), "the message is \"%s\"", error.message);
    }
}

static void test_no_memory(void)
{
    for (int64_t countdown = 0;; countdown++) {
        dmx_stft *stft = NULL;
        demucs_error error = {0};
        dmx_alloc_fail_after(countdown);
        demucs_status status = dmx_stft_create(&stft, 1024, DMX_STFT_HYBRID, &error);
        dmx_alloc_fail_after(-1);
        if (status == DEMUCS_OK) {
            CHECK(countdown >= 5, "only %d allocations were tried", (int)countdown);
            dmx_stft_free(stft);
            return;
        }
        REQUIRE(status == DEMUCS_ERROR_MEMORY && !stft && countdown < 100, "allocation %d: status %d", (int)countdown,
                (int)status);
    }
}

TEST_MAIN(test_reference, test_bare_spectro, test_round_trip, test_ranges, test_pad, test_pad_zeros_on_both_sides,
          test_refusals, test_no_memory)
