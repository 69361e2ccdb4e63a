/* test_real.c - the real htdemucs on real recordings, against what the official program made of them. real.sh finds the
 * files and calls this:
 *
 *     test_golden_real WEIGHTS CLIP CLIP_RESULTS SONG SONG_RESULTS
 *
 * CLIP has the mix as its first audio stream and the true stems as streams 1 to 4; the results are .npz files with a
 * mix and the official stems. */
#include "audio/audio.h"
#include "demucs.h"
#include "support/npy.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCES = 4, CHANNELS = 2, PLANES = SOURCES * CHANNELS };

static const char *const names[SOURCES] = {"drums", "bass", "other", "vocals"};

/* SDR in dB of the official stems against the true ones (scores.json of the reference). */
static const double official_sdr_db[SOURCES] = {14.5458, 12.6051, 8.9458, 14.6401};
/* What is asked of a precision: the SNR against the official stems, and how far the SDR may move. float32 costs the
 * official program itself 121 dB on one segment of this model. Measured here: 122 dB on CLIP, 120 dB on SONG; in fast
 * 49.7 dB on CLIP, and its SDR moves by 0.003 dB at most. */
typedef struct demand {
    demucs_precision precision;
    const char *name;
    double snr_db, sdr_room_db;
} demand;

static const demand exact = {DEMUCS_PRECISION_EXACT, "exact", 100, 0.02};
static const demand fast = {DEMUCS_PRECISION_FAST, "fast", 35, 0.01};

static int failures;

static void check(bool holds, const char *what, double value)
{
    printf("%-40s %9.3f dB%s\n", what, value, holds ? "" : "  FAILED");
    if (!holds) failures++;
}

static bool failed(const char *message)
{
    printf("FAILED: %s\n", message);
    failures++;
    return false;
}

/* One stream of a file as [CHANNELS][*frames], or NULL. Free with free. */
static float *decode(const char *path, int stream, size_t *frames)
{
    enum { PIECE = 1 << 14 };
    demucs_error error = {0};
    float *planes = NULL, piece[CHANNELS][PIECE];
    size_t count = 0, room = 0;
    long got = -1;
    audio_reader *reader = audio_reader_open(path, stream, &error);
    if (reader != NULL && audio_reader_channels(reader) == CHANNELS) {
        while ((got = audio_reader_read(reader, (float *[]){piece[0], piece[1]}, PIECE, &error)) > 0) {
            if (count + (size_t)got > room) {
                const size_t larger = 2 * room + PIECE;
                float *moved = calloc(CHANNELS * larger, sizeof *moved);
                if (moved == NULL) abort();
                for (size_t c = 0; c < CHANNELS && count > 0; c++)
                    memcpy(moved + c * larger, planes + c * room, count * sizeof *moved);
                free(planes);
                planes = moved;
                room = larger;
            }
            for (size_t c = 0; c < CHANNELS; c++)
                memcpy(planes + c * room + count, piece[c], (size_t)got * sizeof(float));
            count += (size_t)got;
        }
    }
    audio_reader_close(reader);
    if (got < 0) failed(error.message[0] != '\0' ? error.message : path);
    for (size_t c = 1; c < CHANNELS && planes != NULL; c++)
        memmove(planes + c * count, planes + c * room, count * sizeof *planes);
    *frames = count;
    return planes;
}

/* The official stems of a result file as [PLANES][frames], or NULL. Free with free. */
static float *official_stems(const char *npz, size_t frames)
{
    float *stems = malloc(PLANES * frames * sizeof *stems);
    for (size_t s = 0; s < SOURCES; s++) {
        test_array array;
        const bool right = stems != NULL && test_npz_load(npz, names[s], &array) && array.count == CHANNELS * frames;
        if (!right) {
            failed("the official stems cannot be read");
            free(stems);
            return NULL;
        }
        memcpy(stems + s * CHANNELS * frames, array.f32, array.count * sizeof *stems);
        test_array_free(&array);
    }
    return stems;
}

static demucs_separator *create_separator(const demucs_model *model, demucs_precision precision)
{
    demucs_separator *separator = NULL;
    demucs_error error;
    demucs_options options;
    demucs_default_options(&options, sizeof options);
    options.shifts = 0;
    options.precision = precision;
    if (demucs_separator_create(&separator, model, &options, &error) != DEMUCS_OK) failed(error.message);
    return separator;
}

/* ---- the clip: the whole of it, and how well it is separated ---- */

static void check_clip_sdr(const char *clip, const demand *asked, const float *stems, size_t frames)
{
    for (int s = 0; s < SOURCES; s++) {
        char what[64];
        double signal = 0, noise = 0;
        size_t length = 0;
        float *truth = decode(clip, s + 1, &length);
        if (truth == NULL || length < frames - 4096) {
            failed("a true stem of the clip cannot be decoded");
        } else {
            const size_t common = length < frames ? length : frames;
            for (size_t i = 0; i < CHANNELS * common; i++) {
                const size_t c = i / common, t = i % common;
                const double right = (double)truth[c * length + t];
                const double wrong = (double)stems[((size_t)s * CHANNELS + c) * frames + t] - right;
                signal += right * right;
                noise += wrong * wrong;
            }
            const double sdr = 10 * log10(signal / noise);
            snprintf(what, sizeof what, "clip, %s: SDR of %s", asked->name, names[s]);
            check(fabs(sdr - official_sdr_db[s]) <= asked->sdr_room_db, what, sdr);
        }
        free(truth);
    }
}

static void test_clip(const demucs_model *model, const demand *asked, const char *clip, const char *npz)
{
    test_array mix;
    demucs_error error;
    size_t decoded_frames = 0;
    if (!test_npz_load(npz, "mix", &mix)) {
        failed("the mix of the clip cannot be read");
        return;
    }
    const size_t frames = mix.shape[1];
    float *decoded = decode(clip, 0, &decoded_frames), *official = official_stems(npz, frames);
    float *stems = calloc(PLANES * frames, sizeof *stems), *planes[PLANES];
    for (size_t p = 0; stems != NULL && p < PLANES; p++) planes[p] = stems + p * frames;
    demucs_separator *separator = create_separator(model, asked->precision);
    if (separator != NULL && demucs_separator_precision(separator) != asked->precision) {
        printf("clip, %s: not on this CPU\n", asked->name);
    } else if (separator != NULL && stems != NULL && official != NULL && decoded_frames == frames) {
        /* FFmpeg's AAC decoder is not the same in every version: it may round differently. */
        const double heard = test_snr_db(mix.f32, decoded, mix.count);
        check(heard >= 90, "clip: our decoder", heard);
        if (demucs_separate(separator, (const float *[]){mix.f32, mix.f32 + frames}, frames, planes, &error) !=
            DEMUCS_OK)
            failed(error.message);
        const double snr = test_snr_db(official, stems, PLANES * frames);
        char what[64];
        snprintf(what, sizeof what, "clip, %s: all stems together", asked->name);
        check(snr >= asked->snr_db, what, snr);
        check_clip_sdr(clip, asked, stems, frames);
    } else {
        failed("the clip and its results do not fit together");
    }
    demucs_separator_free(separator);
    free(decoded);
    free(official);
    free(stems);
    test_array_free(&mix);
}

/* ---- the song: streamed, and only as far as the official results go ---- */

/* Stream the song until `wanted` frames are there; they are written to stems[PLANES][wanted]. */
static bool stream(demucs_separator *separator, const float *song, size_t frames, float *stems, size_t wanted)
{
    demucs_error error;
    demucs_loudness loudness = {0};
    size_t pushed = 0, pulled = 0;
    demucs_loudness_add(&loudness, (const float *[]){song, song + frames}, CHANNELS, frames);
    demucs_status status = demucs_separator_begin(separator, frames, &loudness, &error);
    while (status == DEMUCS_OK && pulled < wanted) {
        float *planes[PLANES];
        size_t accepted = 0, got = 0;
        for (size_t p = 0; p < PLANES; p++) planes[p] = stems + p * wanted + pulled;
        const float *mix[CHANNELS] = {song + pushed, song + frames + pushed};
        const size_t piece = frames - pushed < 100000 ? frames - pushed : 100000;
        status = demucs_separator_push(separator, mix, piece, &accepted, &error);
        pushed += accepted;
        if (status == DEMUCS_OK) status = demucs_separator_pull(separator, planes, wanted - pulled, &got, &error);
        pulled += got;
        if (status == DEMUCS_OK && accepted == 0 && got == 0) return failed("the stream stands still");
    }
    demucs_separator_reset(separator);
    return status == DEMUCS_OK || failed(error.message);
}

static void test_song(const demucs_model *model, const char *song_path, const char *npz)
{
    test_array mix, start, total;
    if (!test_npz_load(npz, "mix", &mix) || !test_npz_load(npz, "start", &start) ||
        !test_npz_load(npz, "total_frames", &total)) {
        failed("the results of the song cannot be read");
        return;
    }
    size_t frames = 0;
    const size_t cut = mix.shape[1], first = (size_t)start.i64[0], wanted = first + cut;
    float *song = decode(song_path, 0, &frames), *official = official_stems(npz, cut);
    float *stems = calloc(PLANES * wanted, sizeof *stems), *kept = malloc(PLANES * cut * sizeof *kept);
    demucs_separator *separator = create_separator(model, exact.precision);
    if (separator == NULL || official == NULL || stems == NULL || kept == NULL || frames != (size_t)total.i64[0]) {
        failed("the song and its results do not fit together");
    } else {
        for (size_t c = 0; c < CHANNELS; c++) memcpy(kept + c * cut, song + c * frames + first, cut * sizeof *kept);
        const double heard = test_snr_db(mix.f32, kept, CHANNELS * cut);
        check(heard >= 90, "song: our decoder", heard);
        if (stream(separator, song, frames, stems, wanted)) {
            for (size_t p = 0; p < PLANES; p++) memcpy(kept + p * cut, stems + p * wanted + first, cut * sizeof *kept);
            const double snr = test_snr_db(official, kept, PLANES * cut);
            check(snr >= exact.snr_db, "song: all stems together", snr);
        }
    }
    demucs_separator_free(separator);
    free(song);
    free(official);
    free(stems);
    free(kept);
    test_array_free(&mix);
    test_array_free(&start);
    test_array_free(&total);
}

int main(int argc, char **argv)
{
    demucs_model *model = NULL;
    demucs_error error;
    if (argc != 6) {
        fprintf(stderr, "usage: test_golden_real WEIGHTS CLIP CLIP_RESULTS SONG SONG_RESULTS\n");
        return 2;
    }
    if (demucs_model_load(&model, argv[1], &error) != DEMUCS_OK) {
        failed(error.message);
    } else if (demucs_model_sources(model) != SOURCES || demucs_model_channels(model) != CHANNELS) {
        failed("the model is not htdemucs");
    } else {
        test_clip(model, &exact, argv[2], argv[3]);
        test_clip(model, &fast, argv[2], argv[3]);
        test_song(model, argv[4], argv[5]);
    }
    demucs_model_free(model);
    printf("golden_real: %s\n", failures == 0 ? "passed" : "FAILED");
    return failures == 0 ? 0 : 1;
}
