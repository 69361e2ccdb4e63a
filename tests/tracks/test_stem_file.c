/* test_stem_file.c - .stem.mp4: the track and its four stems in one file, in step, with one gain, and a box that names
 * them. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 20001, STREAMS = 1 + TRACKS_STEMS };

static demucs_error error;
static const char *const names[] = {"mix", "drums", "bass", "other", "vocals"};

/* The track and the stems by themselves, with one gain for all, in "apart". */
static demucs_tracks_result *separate_apart(const tracks_setup *setup)
{
    static const char *const mixes[] = {"mix=mix"};
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.folder = "apart";
    request.pattern = "{stem}.wav";
    request.mixes = mixes;
    request.mixes_count = 1;
    request.clip = DEMUCS_TRACKS_CLIP_COMMON;
    return tracks_separate(&request);
}

static demucs_tracks_request together(const tracks_setup *setup, demucs_tracks_container container)
{
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.container = container;
    return request;
}

/* Where the name of a box stands in a file, at the n-th place where it does, or 0. */
static size_t find(const bytes *file, const char *name, int n)
{
    for (size_t i = 4; i + 4 <= file->size; i++)
        if (memcmp(file->data + i, name, 4) == 0 && n-- == 0) return i;
    return 0;
}

/* The streams by themselves, and what says which is which: enabled is the first alone. */
static void check_boxes(const char *path)
{
    static const char text[] = "{\"version\":1,\"mastering_dsp\":{\"compressor\":{\"enabled\":false,";
    static const char stems[] = "\"stems\":[{\"name\":\"Drums\",\"color\":\"#009E73\"},{\"name\":\"Bass\",";
    bytes file = load_bytes(path);
    REQUIRE(file.data != NULL, "%s", path);
    for (int i = 0; i < STREAMS; i++) {
        const size_t head = find(&file, "tkhd", i);
        CHECK(head != 0 && (file.data[head + 7] & 1) == (i == 0), "stream %d: flags %d", i, file.data[head + 7]);
    }
    CHECK(find(&file, "tkhd", STREAMS) == 0, "more streams");
    const size_t udta = find(&file, "udta", 0), stem = find(&file, "stem", 0);
    REQUIRE(udta != 0 && stem > udta && stem < file.size, "no boxes");
    const char *json = (const char *)file.data + stem + 4;
    const size_t size = file.size - stem - 4;
    CHECK(size > 300 && memcmp(json, text, strlen(text)) == 0 && json[size - 1] == '}', "the text");
    char *copy = strndup(json, size);
    CHECK(copy != NULL && strstr(copy, stems) != NULL, "the names");
    free(copy);
    free(file.data);
}

/* Without loss each stream is what the file of a stem is, turned down alike since they are too loud. */
static void test_without_loss(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 1);
    demucs_tracks_result *apart = separate_apart(setup);
    demucs_tracks_request request = together(setup, DEMUCS_TRACKS_STEMS_ALAC);
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(apart != NULL && result != NULL && result->files_count == 1, "one file");
    const demucs_tracks_file *file = result->files[0];
    CHECK(strcmp(file->path, "out/song.stem.mp4") == 0 && strcmp(file->name, "stems") == 0, "%s", file->path);
    CHECK(file->kind == DEMUCS_TRACKS_STEMS && file->source == -1 && file->frames == FRAMES &&
              file->container == DEMUCS_TRACKS_STEMS_ALAC,
          "%llu frames", (unsigned long long)file->frames);
    CHECK(file->gain == apart->files[0]->gain && file->gain < 1, "gain %g", file->gain);
    for (int i = 0; i < STREAMS; i++) {
        char path[64];
        snprintf(path, sizeof path, "apart/%s.wav", names[i]);
        sound is = sound_read(file->path, i, 4096, &error), expected = sound_read(path, 0, 4096, &error);
        REQUIRE(is.channels == 2 && is.frames == FRAMES && expected.frames == FRAMES, "stream %d: %zu frames", i,
                is.frames);
        for (int c = 0; c < 2; c++)
            CHECK(memcmp(is.planes[c], expected.planes[c], FRAMES * sizeof(float)) == 0, "stream %d is not %s", i,
                  names[i]);
        sound_free(&is), sound_free(&expected);
    }
    sound more = sound_read(file->path, STREAMS, 4096, &error);
    CHECK(more.channels == 0, "a stream more");
    check_boxes(file->path);
    demucs_tracks_result_free(result);
    demucs_tracks_result_free(apart);
}

/* AAC: all streams in their place to the sample, or noise would not be like itself. */
static void test_in_step(void)
{
    const tracks_setup *setup = tracks_begin();
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.3F);
    demucs_tracks_result_free(separate_apart(setup));
    demucs_tracks_request request = together(setup, DEMUCS_TRACKS_STEMS_AAC);
    request.pattern = "{stem} of {track}.{ext}";
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL && result->files_count == 1, "one file");
    CHECK(strcmp(result->files[0]->path, "out/stems of song.stem.mp4") == 0, "%s", result->files[0]->path);
    size_t frames = 0;
    for (int i = 0; i < STREAMS; i++) {
        char path[64];
        snprintf(path, sizeof path, "apart/%s.wav", names[i]);
        sound is = sound_read(result->files[0]->path, i, 4096, &error), expected = sound_read(path, 0, 4096, &error);
        if (i == 0) frames = is.frames;
        REQUIRE(is.frames == frames && frames >= FRAMES && frames < FRAMES + 2048, "stream %d: %zu frames", i,
                is.frames);
        const double snr = sound_snr(&is, &expected, 0, FRAMES);
        CHECK(snr > 15, "stream %d: %.1f dB", i, snr);
        sound_free(&is), sound_free(&expected);
    }
    check_boxes(result->files[0]->path);
    demucs_tracks_result_free(result);
}

/* What serves other files serves this one: the cache, files that are there, numbers, a target, other rates. */
static void test_as_other_files(void)
{
    const tracks_setup *setup = tracks_begin();
    static const demucs_tracks_target target = {DEMUCS_TRACKS_STEMS, NULL, "deep/one.stem.mp4"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.3F);
    demucs_tracks_request request = together(setup, DEMUCS_TRACKS_STEMS_AAC);
    REQUIRE(demucs_cache_open(&request.cache, "kept", NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_tracks_result_free(tracks_separate(&request));
    request.folder = "again";
    demucs_tracks_result *result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(result->outcome == DEMUCS_TRACKS_CACHED && result->files[0]->frames == FRAMES &&
              tracks_same("out/song.stem.mp4", "again/song.stem.mp4"),
          "from the cache");
    demucs_tracks_result_free(result);
    demucs_cache_free(request.cache);
    request.cache = NULL;
    request.skip_existing = true;
    result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(result->outcome == DEMUCS_TRACKS_SKIPPED, "it is there");
    demucs_tracks_result_free(result);
    /* one that breaks off is not there: its streams end together, so the last one is looked at, too */
    CHECK(truncate("again/song.stem.mp4", 9000) == 0, "truncate");
    result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(result->outcome == DEMUCS_TRACKS_COMPUTED && tracks_same("out/song.stem.mp4", "again/song.stem.mp4"),
          "made again");
    demucs_tracks_result_free(result);

    request = together(setup, DEMUCS_TRACKS_STEMS_AAC);
    request.collision = DEMUCS_TRACKS_COLLISION_RENAME;
    request.pattern = "all.{ext}";
    REQUIRE(demucs_tracks_batch_create(&request.batch, &error) == DEMUCS_OK, "%s", error.message);
    demucs_tracks_result_free(tracks_separate(&request));
    tracks_make("other.wav", 2, TRACKS_RATE_HZ, FRAMES, 0.3F);
    request.input = "other.wav";
    result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(strcmp(result->files[0]->path, "out/all-2.stem.mp4") == 0, "%s", result->files[0]->path);
    demucs_tracks_result_free(result);
    demucs_tracks_batch_free(request.batch);

    request = tracks_request(setup, "song.wav");
    request.targets = &target;
    request.targets_count = 1;
    request.output_sample_rate_hz = 44100;
    result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(result->files[0]->container == DEMUCS_TRACKS_STEMS_AAC &&
              result->files[0]->frames == demucs_resampled_frames(FRAMES, TRACKS_RATE_HZ, 44100),
          "%llu frames", (unsigned long long)result->files[0]->frames);
    demucs_tracks_result_free(result);
    tracks_make("fast.wav", 2, 50000, FRAMES, 0.3F); /* a rate that AAC does not have */
    request.input = "fast.wav";
    request.output_sample_rate_hz = 0;
    request.keep = DEMUCS_TRACKS_KEEP_RATE;
    result = tracks_separate(&request);
    REQUIRE(result != NULL, "a result");
    CHECK(result->files[0]->sample_rate_hz == 64000, "%d Hz", result->files[0]->sample_rate_hz);
    demucs_tracks_result_free(result);
}

#define WRONG(change, text)                                                                                            \
    do {                                                                                                               \
        request = together(setup, DEMUCS_TRACKS_STEMS_AAC);                                                            \
        change;                                                                                                        \
        tracks_check_refused(&request, DEMUCS_ERROR_ARGUMENT, text);                                                   \
    } while (false)

static void test_refused(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const some[] = {"drums"}, *const mixes[] = {"a=mix"};
    static const demucs_tracks_target stem = {DEMUCS_TRACKS_STEM, "drums", "x.stem.mp4"},
                                      stems = {DEMUCS_TRACKS_STEMS, NULL, "x.wav"};
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 1000, 0.5F);
    demucs_tracks_request request;
    WRONG((request.wanted = some, request.wanted_count = 1), "a .stem.mp4 holds the track and all stems");
    WRONG(request.stem = "drums", "a .stem.mp4 holds the track and all stems");
    WRONG((request.mixes = mixes, request.mixes_count = 1), "a .stem.mp4 holds the track and all stems");
    WRONG(request.output_channels = 1, "a .stem.mp4 is in stereo");
    WRONG((request.sum_to_mix = true, request.clip = DEMUCS_TRACKS_CLIP_COMMON), "all wav, flac, alac or aiff");
    WRONG(request.pattern = "{track}.wav", "must end in .stem.mp4");
    WRONG(request.pattern = "{track}.mp4", "must end in .wav");
    WRONG((request.pattern = "{stem}.stem.mp4", request.container = DEMUCS_TRACKS_WAV),
          "ask for the format stem.mp4 or stem.alac");
    WRONG((request.targets = &stem, request.targets_count = 1), "ask for the format stem.mp4 or stem.alac");
    WRONG((request.targets = &stems, request.targets_count = 1), "must end in .stem.mp4");
    CHECK(tracks_count("song.wav") == 0, "something was made");
}

/* A model of six stems has no such file, and the sentence says what to do. */
static void test_other_models(void)
{
    demucs_model *model = NULL;
    tracks_begin();
    const demucs_status status = demucs_model_load(&model, test_path("generated/ht6.safetensors"), &error);
    REQUIRE(status == DEMUCS_OK, "%s", error.message);
    demucs_tracks_request request;
    demucs_tracks_request_init(&request, sizeof request);
    request.container = DEMUCS_TRACKS_STEMS_ALAC;
    CHECK(tracks_failed(demucs_tracks_check(&request, model, &error), &error, DEMUCS_ERROR_ARGUMENT,
                        "has four stems in stereo, and this model gives 6 of 2 channels: choose another format"),
          "%s", error.message);
    demucs_model_free(model);
}

TRACKS_MAIN(test_without_loss, test_in_step, test_as_other_files, test_refused, test_other_models)
