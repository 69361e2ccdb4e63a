/* test_hdemucs_limits.c - what HDemucs does at its limits: arguments that are refused, and lengths at which the
 * official class fails or gives NaN, where there must be a result. */
#include "golden.h"
#include "models/hdemucs/hdemucs.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- arguments ---- */

static void put(FILE *file, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"') fputc('\\', file);
        fputc(*c, file);
    }
}

/* A checkpoint of these arguments and one number: enough to get as far as the arguments are right. */
static bool write_model(const char *path, const char *kwargs)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) return false;
    fwrite("\0\0\0\0\0\0\0", 1, 8, file);
    fputs("{\"__metadata__\":{\"args\":\"[]\",\"klass\":\"demucs.hdemucs.HDemucs\",\"kwargs\":\"", file);
    put(file, kwargs);
    fputs("\"},\"x\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", file);
    const long size = ftell(file) - 8;
    fwrite("\0", 1, 2, file);
    fseek(file, 0, SEEK_SET);
    fputc((int)(size & 255), file);
    fputc((int)(size >> 8), file);
    return fclose(file) == 0;
}

/* The sentence that a model with these arguments is refused with must have these words. */
static void check_refusal(const char *kwargs, const char *words)
{
    char path[] = "/tmp/demucs_hdemucs_XXXXXX", file[sizeof path + 12];
    REQUIRE(mkdtemp(path) != NULL, "no temporary folder");
    snprintf(file, sizeof file, "%s/x.safetensors", path);
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(write_model(file, kwargs), "cannot write %s", file);
    const demucs_status status = demucs_model_load(&model, file, &error);
    CHECK(status != DEMUCS_OK, "%s is taken", kwargs);
    CHECK(strncmp(error.message, file, strlen(file)) == 0, "%s: the file is not named: %s", kwargs, error.message);
    CHECK(strstr(error.message, words) != NULL, "%s: \"%s\" should speak of %s", kwargs, error.message, words);
    demucs_model_free(model);
    remove(file);
    rmdir(path);
}

static void test_refusals(void)
{
    static const char *const cases[][2] = {
        {"{\"sources\":[\"a\"]}", "encoder.0.conv.weight is missing"}, /* these arguments are fine */
        {"{}", "sources"},
        {"{\"sources\":[\"a\"],\"hybrid\":false,\"hybrid_old\":true}", "hybrid_old"},
        {"{\"sources\":[\"a\"],\"depth\":4}", "depth"},
        {"{\"sources\":[\"a\"],\"depth\":11}", "depth"},
        {"{\"sources\":[\"a\"],\"depth\":0}", "depth"},
        {"{\"sources\":[\"a\"],\"wiener_iters\":1}", "end_iters"},
        {"{\"sources\":[\"a\"],\"audio_channels\":3,\"cac\":false,\"wiener_iters\":1,\"end_iters\":1}", "wiener_iters"},
        {"{\"sources\":[\"a\"],\"multi_freqs\":[0.5],\"norm_starts\":0}", "multi_freqs"},
        {"{\"sources\":[\"a\"],\"multi_freqs\":[0.6,0.3]}", "multi_freqs"},
        {"{\"sources\":[\"a\"],\"multi_freqs\":[0.5],\"kernel_size\":6}", "multi_freqs"},
        {"{\"sources\":[\"a\"],\"channels\":8,\"dconv_attn\":0}", "heads"},
        {"{\"sources\":[\"a\"],\"channels\":8,\"dconv_comp\":9}", "dconv_comp"},
        {"{\"sources\":[\"a\"],\"channels\":8,\"norm_starts\":0,\"norm_groups\":3}", "norm_groups"},
        {"{\"sources\":[\"a\"],\"stride\":0}", "stride"},
        {"{\"sources\":[\"a\"],\"time_stride\":1.5}", "time_stride"},
        {"{\"sources\":[\"a\"],\"segment\":-1}", "segment"},
        {"{\"sources\":[\"a\"],\"nfft\":1000000007}", "nfft"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_refusal(cases[i][0], cases[i][1]);
}

/* ---- lengths ---- */

/* Run a model on `frames` frames of noise, unsplit: the result must be finite, and not silence. */
static void check_length(const char *name, size_t frames)
{
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(demucs_model_load(&model, golden_path(name), &error) == DEMUCS_OK, "%s", error.message);
    const size_t channels = (size_t)demucs_model_channels(model);
    const size_t count = (size_t)demucs_model_sources(model) * channels * frames;
    float *mix = calloc(channels * frames, sizeof *mix), *stems = calloc(count, sizeof *stems);
    demucs_options options;
    demucs_default_options(&options, sizeof options);
    options.split = options.normalize = false;
    options.shifts = 0;
    uint32_t state = 1;
    double energy = 0;
    for (size_t i = 0; i < channels * frames; i++) {
        state = state * 1664525u + 1013904223u;
        mix[i] = (float)(state >> 8) / (1 << 24) - 0.5f;
    }
    CHECK(golden_separate(model, &options, mix, frames, stems), "%s does not run on %zu frames", name, frames);
    for (size_t i = 0; i < count; i++) energy += (double)stems[i] * (double)stems[i];
    CHECK(isfinite(energy) && energy > 0, "%s on %zu frames: energy %g", name, frames, energy);
    free(mix);
    free(stems);
    demucs_model_free(model);
}

/* Without a time branch the official class cannot reflect a signal of half a window or less. */
static void test_short_spectrogram(void)
{
    const size_t lengths[] = {1, 2, 255, 256, 257, 511, 512, 513};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        check_length("generated/hd_freq_shallow.safetensors", lengths[i]);
}

/* The official standard deviation of one number is NaN. */
static void test_one_mono_sample(void) { check_length("generated/hd_phase.safetensors", 1); }

/* A level whose stride does not return every length: the official class stops at a failed assertion, here the input is
 * made longer. All others are taken as they are. */
static void test_any_length(void)
{
    golden_run run;
    int longer = 0;
    for (size_t frames = 4409; frames < 4409 + 48; frames += 16) check_length("generated/hd_cut.safetensors", frames);
    if (golden_open(&run, golden_path("generated/hd_cut.safetensors"), 4390, DMX_CPU_SCALAR, 1))
        for (int64_t frames = 1; frames < 3000; frames++) {
            const int64_t length = run.network->family->valid_length(run.network, frames);
            CHECK(length >= frames && length < frames + 200, "%d becomes %d", (int)frames, (int)length);
            longer += length > frames;
        }
    golden_close(&run);
    CHECK(longer > 0, "every length fits");
    if (golden_open(&run, golden_path("generated/hd_old.safetensors"), 4410, DMX_CPU_SCALAR, 1))
        for (int64_t frames = 1; frames < 5000; frames++) {
            const int64_t length = run.network->family->valid_length(run.network, frames);
            CHECK(length == frames, "%d becomes %d", (int)frames, (int)length);
        }
    golden_close(&run);
}

/* A spectrogram branch whose first level leaves one bin, and whose second needs four steps: with a window of `nfft`
 * frames the first length that fits is three hops long. */
static int64_t first_fit(int nfft)
{
    static dmx_unet m;
    m = (dmx_unet){.config = {.nfft = nfft, .depth = 2, .stft_kind = DMX_STFT_CENTRED}};
    for (int i = 0; i < 2; i++) {
        dmx_level *encoder = &m.encoder[i].layers[0], *decoder = &m.decoder[i].layers[0];
        m.encoder[i].bands = m.decoder[i].bands = 1;
        encoder->options.freq = i == 0;
        encoder->conv = (dmx_conv){.kernel_bins = i == 0 ? nfft / 2 : 6, .stride = i == 0 ? 1 : 3, .padding = i};
        decoder->conv = encoder->conv;
        decoder->conv.transposed = true;
    }
    return dmx_hd_valid_length(&m.network, 1);
}

/* The search for a length ends: a hostile file does not keep the engine busy with some millions of lengths. */
static void test_search_ends(void)
{
    CHECK(first_fit(4096) == 3 * 1024, "%lld", (long long)first_fit(4096));
    CHECK(first_fit(1 << 20) == -1, "%lld", (long long)first_fit(1 << 20));
}

TEST_MAIN(test_refusals, test_short_spectrogram, test_one_mono_sample, test_any_length, test_search_ends)
