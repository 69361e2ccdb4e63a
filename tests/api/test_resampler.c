/* test_resampler.c - misuse of the resampler, and that pieces do not matter. Its sound is tested in tests/dsp. */
#include "api.h"

#include "support/test.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static demucs_error error;

static void test_create(void)
{
    demucs_resampler *r = (demucs_resampler *)1;
    CHECK_FAILS(demucs_resampler_create(NULL, 1, 1, 1, &error), DEMUCS_ERROR_ARGUMENT, "");
    const int bad[][3] = {{0, 44100, 2},      {44100, 0, 2},     {-1, 44100, 2},     {768001, 44100, 2},
                          {44100, 768001, 2}, {44100, 48000, 0}, {44100, 48000, 65}, {INT_MAX, 1, 1},
                          {1, INT_MIN, 1},    {44100, 48000, -2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_FAILS(demucs_resampler_create(&r, bad[i][0], bad[i][1], bad[i][2], &error), DEMUCS_ERROR_ARGUMENT, "");
        CHECK(r == NULL, "row %zu left something", i);
        r = (demucs_resampler *)1;
    }
    demucs_resampler_free(NULL);
}

static void test_order(void)
{
    demucs_resampler *r = NULL;
    float in[2][64] = {{1}}, out[2][64];
    const float *input[2] = {in[0], in[1]}, *half[2] = {in[0], NULL};
    float *output[2] = {out[0], out[1]};
    size_t n = 9;
    REQUIRE(demucs_resampler_create(&r, 48000, 44100, 2, NULL) == DEMUCS_OK, "create");
    CHECK_FAILS(demucs_resampler_push(NULL, input, 1, &n, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK(n == 0, "%zu accepted", n);
    CHECK_FAILS(demucs_resampler_push(r, NULL, 1, &n, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK_FAILS(demucs_resampler_push(r, half, 1, &n, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK_FAILS(demucs_resampler_push(r, input, 1, NULL, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK_FAILS(demucs_resampler_pull(NULL, output, 1, &n, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK_FAILS(demucs_resampler_pull(r, NULL, 1, &n, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK_FAILS(demucs_resampler_pull(r, output, 1, NULL, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK_FAILS(demucs_resampler_finish(NULL, &error), DEMUCS_ERROR_ARGUMENT, "");
    CHECK(demucs_resampler_pull(r, output, 64, &n, &error) == DEMUCS_OK && n == 0, "nothing pushed yet");
    CHECK(demucs_resampler_push(r, input, 64, &n, &error) == DEMUCS_OK && n == 64, "%zu", n);
    CHECK(demucs_resampler_finish(r, &error) == DEMUCS_OK, "%s", error.message);
    CHECK_FAILS(demucs_resampler_push(r, input, 1, &n, &error), DEMUCS_ERROR_STATE, "");
    CHECK_FAILS(demucs_resampler_finish(r, &error), DEMUCS_ERROR_STATE, "");
    CHECK(demucs_resampler_pull(r, output, 64, &n, &error) == DEMUCS_OK &&
              n == demucs_resampled_frames(64, 48000, 44100),
          "%zu", n);
    CHECK(demucs_resampler_pull(r, output, 64, &n, &error) == DEMUCS_OK && n == 0, "done");
    CHECK(demucs_resampler_push(r, input, 64, &n, &error) == DEMUCS_OK && n == 64, "ready for another track");
    demucs_resampler_free(r);
}

static void test_frames(void)
{
    CHECK(demucs_resampled_frames(0, 48000, 44100) == 0, "none");
    CHECK(demucs_resampled_frames(9001, 48000, 44100) == 8269, "rounds down");
    CHECK(demucs_resampled_frames(7, 44100, 44100) == 7, "the same rate");
    CHECK(demucs_resampled_frames(UINT64_C(1) << 40, 1, 768000) == (UINT64_C(1) << 40) * 768000, "large");
}

/* Run a track through in pieces of `push` and `pull` frames. Free the result with free. */
static float *resample(const float *in, size_t frames, int from, int to, size_t push, size_t pull, size_t *count)
{
    demucs_resampler *r = NULL;
    const size_t expected = (size_t)demucs_resampled_frames(frames, from, to);
    float *out = calloc(expected + 1, sizeof *out);
    size_t pushed = 0, pulled = 0, got = 1;
    bool finished = false;
    if (demucs_resampler_create(&r, from, to, 1, NULL) != DEMUCS_OK) return out;
    while (!finished || got > 0) {
        size_t accepted = 0, piece = frames - pushed < push ? frames - pushed : push;
        if (!finished) demucs_resampler_push(r, (const float *const[]){in + pushed}, piece, &accepted, NULL);
        pushed += accepted;
        if (!finished && pushed == frames) finished = demucs_resampler_finish(r, NULL) == DEMUCS_OK;
        piece = expected + 1 - pulled < pull ? expected + 1 - pulled : pull;
        if (demucs_resampler_pull(r, (float *const[]){out + pulled}, piece, &got, NULL) != DEMUCS_OK) break;
        pulled += got;
    }
    demucs_resampler_free(r);
    *count = pulled;
    return out;
}

static void test_pieces(void)
{
    const int rates[][2] = {{48000, 44100}, {44100, 48000}, {8000, 44100}, {44100, 44100}, {192000, 44100}};
    const size_t pieces[][2] = {{100000, 100000}, {1, 1}, {1000, 7}, {13, 5000}};
    float *in = api_noise(1, 9001, 3);
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        float *first = NULL;
        for (size_t p = 0; p < 4; p++) {
            size_t count = 0;
            float *out = resample(in, 9001, rates[k][0], rates[k][1], pieces[p][0], pieces[p][1], &count);
            CHECK(count == demucs_resampled_frames(9001, rates[k][0], rates[k][1]), "%d to %d: %zu frames", rates[k][0],
                  rates[k][1], count);
            if (first != NULL)
                CHECK(memcmp(first, out, count * sizeof *out) == 0, "%d to %d, pieces %zu", rates[k][0], rates[k][1],
                      p);
            if (first == NULL)
                first = out;
            else
                free(out);
        }
        free(first);
    }
    free(in);
}

TEST_MAIN(test_create, test_order, test_frames, test_pieces)
