/* test_track_quality.c - figures of the stems of a track, by demucs_tracks_separate. */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 9000 };

/* The defaults with figures, and files that hold the stems as they are. */
static demucs_tracks_request request_of(const tracks_setup *setup, demucs_quality_options *limits)
{
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.5F);
    request.sample = DEMUCS_TRACKS_FLOAT32;
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    demucs_quality_options_init(limits, sizeof *limits);
    request.quality = limits;
    return request;
}

/* Correlation of two sounds, each channel about its mean. */
static double correlation_of(const sound *a, const sound *b)
{
    double both = 0, one = 0, two = 0;
    for (int c = 0; c < 2; c++) {
        double x = 0, y = 0;
        for (size_t i = 0; i < FRAMES; i++) {
            x += a->planes[c][i] / (double)FRAMES;
            y += b->planes[c][i] / (double)FRAMES;
        }
        for (size_t i = 0; i < FRAMES; i++) {
            both += (a->planes[c][i] - x) * (b->planes[c][i] - y);
            one += (a->planes[c][i] - x) * (a->planes[c][i] - x);
            two += (b->planes[c][i] - y) * (b->planes[c][i] - y);
        }
    }
    return both / sqrt(one * two);
}

/* The figures of the files, read back: what a separation measures on the way is what lies on the disk. */
static void check_against_files(const demucs_tracks_result *result)
{
    const demucs_quality *q = result->quality;
    demucs_error error = {DEMUCS_OK, ""};
    sound mix = sound_read("song.wav", 0, 4096, &error), stems[TRACKS_STEMS];
    double squares = 0, missing = 0;
    for (size_t i = 0; i < TRACKS_STEMS; i++) {
        const demucs_tracks_file *file = result->files[i];
        stems[i] = sound_read(file->path, 0, 4096, &error);
        REQUIRE(stems[i].frames == FRAMES, "%s: %s", file->path, error.message);
        CHECK(strcmp(q->stems[i]->name, file->name) == 0, "%s stands where %s is", q->stems[i]->name, file->name);
        CHECK(q->stems[i]->peak == file->peak, "peak %g, not %g", q->stems[i]->peak, file->peak);
        CHECK(fabs(q->stems[i]->rms - file->rms) < 1e-9, "RMS %g, not %g", q->stems[i]->rms, file->rms);
        CHECK(q->stems[i]->silent_share == 0, "silent for %g of the time", q->stems[i]->silent_share);
    }
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < FRAMES; i++) {
            double left = mix.planes[c][i];
            for (size_t stem = 0; stem < TRACKS_STEMS; stem++) left -= stems[stem].planes[c][i];
            squares += (double)mix.planes[c][i] * mix.planes[c][i];
            missing += left * left;
        }
    CHECK(fabs(q->residual_db - 10 * log10(missing / squares)) < 1e-4, "residual %g dB", q->residual_db);
    CHECK(fabs(q->correlation[3] - correlation_of(&stems[0], &stems[3])) < 1e-6, "correlation %g", q->correlation[3]);
    sound_free(&mix);
    for (size_t i = 0; i < TRACKS_STEMS; i++) sound_free(&stems[i]);
}

static void test_figures(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_quality_options limits;
    demucs_tracks_request request = request_of(setup, &limits);
    demucs_tracks_result *result = tracks_separate(&request);
    if (result == NULL) return;
    REQUIRE(result->quality != NULL && result->quality->stems_count == TRACKS_STEMS, "figures of all stems");
    CHECK(result->quality->frames == FRAMES && result->quality->sample_rate_hz == TRACKS_RATE_HZ, "the form");
    check_against_files(result);
    demucs_tracks_result_free(result);
    request.quality = NULL;
    request.folder = "plain";
    result = tracks_separate(&request);
    if (result == NULL) return;
    CHECK(result->quality == NULL, "figures that nobody asked for");
    CHECK(tracks_same("out/song/bass.wav", "plain/song/bass.wav"), "measuring changes the stems");
    demucs_tracks_result_free(result);
}

/* Only what is computed is measured. */
static void test_one_stem(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_quality_options limits;
    demucs_tracks_request request = request_of(setup, &limits);
    request.stem = "bass";
    request.other = DEMUCS_TRACKS_OTHER_MINUS;
    demucs_tracks_result *result = tracks_separate(&request);
    if (result == NULL) return;
    const demucs_quality *q = result->quality;
    REQUIRE(q != NULL && q->stems_count == 1, "figures of one stem");
    CHECK(strcmp(q->stems[0]->name, "bass") == 0 && isnan(q->residual_db), "%s, %g dB", q->stems[0]->name,
          q->residual_db);
    CHECK(fabs(q->stems[0]->rms - result->files[0]->rms) < 1e-9, "RMS %g", q->stems[0]->rms);
    demucs_tracks_result_free(result);
    request.other = DEMUCS_TRACKS_OTHER_ADD;
    result = tracks_separate(&request);
    if (result == NULL) return;
    CHECK(result->quality != NULL && result->quality->stems_count == TRACKS_STEMS, "no_bass is the sum of all others");
    demucs_tracks_result_free(result);
}

/* Each outlier is told, with what the result says of it, and the track can still be stopped then. */
static void test_outliers(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_quality_options limits;
    demucs_tracks_request request = request_of(setup, &limits);
    tracks_record record = {0};
    for (int i = 0; i < DEMUCS_QUALITY_FIGURES; i++) limits.limits[i] = INFINITY;
    limits.limits[DEMUCS_QUALITY_SILENCE] = -1; /* each stem is an outlier */
    request.event = tracks_on_event;
    request.event_user = &record;
    demucs_tracks_result *result = tracks_separate(&request);
    if (result == NULL) return;
    CHECK(result->quality->outliers_count == TRACKS_STEMS && record.warnings == TRACKS_STEMS, "%zu outliers, %d told",
          result->quality->outliers_count, record.warnings);
    CHECK(strcmp(record.text, result->quality->outliers[TRACKS_STEMS - 1]->text) == 0, "told: %s", record.text);
    CHECK(!record.disorder, "the order of events");
    demucs_tracks_result_free(result);
    const int events = record.events;
    for (int at = 1; at <= events; at++) {
        record = (tracks_record){.cancel_at = at};
        request.folder = "stopped";
        const demucs_status status = demucs_tracks_separate(&request, NULL, NULL);
        CHECK(status == DEMUCS_ERROR_CANCELLED, "stopped at event %d: %s", at, demucs_status_name(status));
    }
    CHECK(tracks_count(NULL) == 2 + 1 + TRACKS_STEMS, "%d files and folders", tracks_count(NULL)); /* song.wav, out */
}

static void test_refused(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_quality_options limits;
    demucs_tracks_request request = request_of(setup, &limits);
    limits.limits[DEMUCS_QUALITY_LEAK] = NAN;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "the limit of leak is no number");
    CHECK(demucs_tracks_check(&request, NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "before there is an engine");
    limits.struct_size = sizeof limits + 8;
    tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, "demucs_quality_options_init");
}

/* Whichever allocation fails: an error, and nothing left; or the figures. */
static void test_memory(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_quality_options limits;
    demucs_tracks_request request = request_of(setup, &limits);
    demucs_status status = DEMUCS_ERROR_MEMORY;
    for (int allowed = 0; status != DEMUCS_OK && allowed < 1000; allowed++) {
        demucs_tracks_result *result = NULL;
        dmx_alloc_fail_after(allowed);
        status = demucs_tracks_separate(&request, &result, NULL);
        dmx_alloc_fail_after(-1);
        CHECK(status == DEMUCS_OK || status == DEMUCS_ERROR_MEMORY, "after %d: %s", allowed,
              demucs_status_name(status));
        CHECK(status == DEMUCS_OK || tracks_count(NULL) == 1, "after %d something is left", allowed);
        CHECK((result != NULL && result->quality != NULL) == (status == DEMUCS_OK), "after %d", allowed);
        demucs_tracks_result_free(result);
    }
    CHECK(status == DEMUCS_OK, "it never succeeds");
}

TRACKS_MAIN(test_figures, test_one_stem, test_outliers, test_refused, test_memory)
