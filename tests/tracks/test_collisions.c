/* test_collisions.c - tracks of a batch that meet: what each choice does, said ahead or when their turn comes, and what
 * the library sees by itself when two paths are one. */
#include "tracks.h"

#include "../audio/audio_test.h"
#include "base/alloc.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct setting {
    demucs_tracks_request request;
    tracks_record record;
} setting;

/* x/a.wav, y/a.flac (which is wav inside) and y/a.wav, of different lengths, in a new batch. */
static void begin(setting *self, demucs_tracks_collision collision)
{
    const tracks_setup *setup = tracks_begin();
    if (mkdir("x", 0777) != 0 || mkdir("y", 0777) != 0) abort();
    tracks_make("x/a.wav", 2, TRACKS_RATE_HZ, 4000, 0.5F);
    tracks_make("y/a.flac", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    tracks_make("y/a.wav", 2, TRACKS_RATE_HZ, 6000, 0.5F);
    *self = (setting){.request = tracks_request(setup, NULL)};
    self->request.collision = collision;
    self->request.stem = "bass";
    self->request.other = DEMUCS_TRACKS_OTHER_NONE;
    self->request.event = tracks_on_event;
    self->request.event_user = &self->record;
    if (demucs_tracks_batch_create(&self->request.batch, NULL) != DEMUCS_OK) abort();
}

/* The path of the only file, "" without a file; NULL after a failure. In a buffer that the next call overwrites. */
typedef demucs_status (*call)(const demucs_tracks_request *, demucs_tracks_result **, demucs_error *);
static const char *path_of(setting *self, call act, const char *input, demucs_error *error)
{
    static char path[256];
    demucs_tracks_result *result = NULL;
    self->request.input = input;
    self->record = (tracks_record){0};
    if (act(&self->request, &result, error) != DEMUCS_OK) return NULL;
    snprintf(path, sizeof path, "%s", result->files_count > 0 ? result->files[0]->path : "");
    demucs_tracks_result_free(result);
    return path;
}

#define BECOMES(act, input, expected, warnings_expected)                                                               \
    do {                                                                                                               \
        demucs_error why = {DEMUCS_OK, ""};                                                                            \
        const char *is = path_of(&self, act, input, &why);                                                             \
        CHECK(is != NULL && strcmp(is, expected) == 0, "%s: %s, not %s", input, is != NULL ? is : why.message,         \
              expected);                                                                                               \
        CHECK(self.record.warnings == (warnings_expected), "%s: %d warnings: %s", input, self.record.warnings,         \
              self.record.text);                                                                                       \
    } while (0)

static long frames_of(const char *path)
{
    demucs_tracks_measures is = {.struct_size = sizeof is};
    return demucs_tracks_measure(path, NULL, &is, NULL) == DEMUCS_OK ? (long)is.frames : -1;
}

static void test_rename(void)
{
    setting self;
    for (int ahead = 0; ahead < 2; ahead++) {
        begin(&self, DEMUCS_TRACKS_COLLISION_RENAME);
        if (ahead) {
            BECOMES(demucs_tracks_reserve, "x/a.wav", "out/a/bass.wav", 0);
            BECOMES(demucs_tracks_reserve, "y/a.flac", "out/a-2/bass.wav", 1);
            CHECK(self.record.counts[DEMUCS_TRACKS_EVENT_COLLISION] == 2, "the number");
            CHECK(strcmp(self.record.text,
                         "x/a.wav and y/a.flac would both be written to out/a/bass.wav: the second is "
                         "written to out/a-2/bass.wav (or use request.pattern "
                         "'{track}.{trackext}/{stem}.{ext}').") == 0,
                  "%s", self.record.text);
            BECOMES(demucs_tracks_reserve, "y/a.wav", "out/a-3/bass.wav", 1);
            CHECK(tracks_count(NULL) == 5, "something was made");
            /* in another order, each gets what was promised */
            BECOMES(demucs_tracks_separate, "y/a.wav", "out/a-3/bass.wav", 0);
        }
        BECOMES(demucs_tracks_separate, "x/a.wav", "out/a/bass.wav", 0);
        BECOMES(demucs_tracks_separate, "y/a.flac", "out/a-2/bass.wav", !ahead);
        if (!ahead) BECOMES(demucs_tracks_separate, "y/a.wav", "out/a-3/bass.wav", 1);
        CHECK(frames_of("out/a/bass.wav") == 4000 && frames_of("out/a-2/bass.wav") == 5000 &&
                  frames_of("out/a-3/bass.wav") == 6000,
              "whose files they are");
        self.request.pattern = "{{{stem}}}.{ext}";
        BECOMES(demucs_tracks_separate, "x/a.wav", "out/{bass}.wav", 0);
        BECOMES(demucs_tracks_separate, "y/a.wav", "out/{bass}-2.wav", 1);
        const demucs_tracks_target target = {DEMUCS_TRACKS_STEM, "bass", "out.d/bass"};
        self.request.targets = &target;
        self.request.targets_count = 1;
        BECOMES(demucs_tracks_separate, "x/a.wav", "out.d/bass", 0);
        BECOMES(demucs_tracks_separate, "y/a.wav", "out.d/bass-2", 1);
        demucs_tracks_batch_free(self.request.batch);
    }
}

static void test_left_out(void)
{
    setting self;
    begin(&self, DEMUCS_TRACKS_COLLISION_SKIP);
    BECOMES(demucs_tracks_reserve, "x/a.wav", "out/a/bass.wav", 0);
    BECOMES(demucs_tracks_reserve, "y/a.wav", "", 1);
    BECOMES(demucs_tracks_separate, "x/a.wav", "out/a/bass.wav", 0);
    BECOMES(demucs_tracks_separate, "y/a.wav", "", 0);
    BECOMES(demucs_tracks_separate, "y/a.flac", "", 1);
    CHECK(frames_of("out/a/bass.wav") == 4000 && tracks_count(NULL) == 8, "more than the first");
    demucs_tracks_batch_free(self.request.batch);
}

static void test_overwrite(void)
{
    setting self;
    begin(&self, DEMUCS_TRACKS_COLLISION_OVERWRITE);
    BECOMES(demucs_tracks_reserve, "x/a.wav", "out/a/bass.wav", 0);
    BECOMES(demucs_tracks_reserve, "y/a.wav", "out/a/bass.wav", 1);
    BECOMES(demucs_tracks_separate, "x/a.wav", "out/a/bass.wav", 0);
    BECOMES(demucs_tracks_separate, "y/a.wav", "out/a/bass.wav", 0);
    CHECK(frames_of("out/a/bass.wav") == 6000, "the second");
    BECOMES(demucs_tracks_separate, "y/a.flac", "out/a/bass.wav", 1);
    CHECK(frames_of("out/a/bass.wav") == 5000 && tracks_count(NULL) == 8, "the third");
    demucs_tracks_batch_free(self.request.batch);
}

static void test_fail(void)
{
    setting self;
    demucs_error error = {DEMUCS_OK, ""};
    begin(&self, DEMUCS_TRACKS_COLLISION_FAIL);
    BECOMES(demucs_tracks_reserve, "x/a.wav", "out/a/bass.wav", 0);
    CHECK(path_of(&self, demucs_tracks_reserve, "y/a.flac", &error) == NULL &&
              strstr(error.message, "x/a.wav and y/a.flac would both be written to out/a/bass.wav; use "
                                    "request.pattern '{track}.{trackext}/{stem}.{ext}'") != NULL,
          "%s", error.message);
    dmx_error_clear(&error);
    CHECK(path_of(&self, demucs_tracks_separate, "y/a.wav", &error) == NULL &&
              strstr(error.message, "into different folders with request.folder") != NULL,
          "%s", error.message);
    CHECK(tracks_count(NULL) == 5, "something was made");
    demucs_tracks_batch *batch = self.request.batch;
    self.request.batch = NULL;
    CHECK(path_of(&self, demucs_tracks_reserve, "x/a.wav", &error) == NULL, "without a batch");
    demucs_tracks_batch_free(batch);
    self.request.collision = (demucs_tracks_collision)4;
    tracks_check_refused(&self.request, DEMUCS_ERROR_ARGUMENT, "collision is 4");
}

/* Two paths that are one: the folder out/A is out/a. Nothing is lost, also where the track was reserved before. */
static void test_same_place(void)
{
    setting self;
    for (int ahead = 0; ahead < 2; ahead++) {
        begin(&self, DEMUCS_TRACKS_COLLISION_RENAME);
        REQUIRE(rename("y/a.wav", "y/A.wav") == 0 && mkdir("out", 0777) == 0 && mkdir("out/a", 0777) == 0 &&
                    symlink("a", "out/A") == 0,
                "folders");
        if (ahead) {
            BECOMES(demucs_tracks_reserve, "x/a.wav", "out/a/bass.wav", 0);
            BECOMES(demucs_tracks_reserve, "y/A.wav", "out/A/bass.wav", 0);
        }
        BECOMES(demucs_tracks_separate, "x/a.wav", "out/a/bass.wav", 0);
        BECOMES(demucs_tracks_separate, "y/A.wav", "out/A-2/bass.wav", 1);
        CHECK(frames_of("out/a/bass.wav") == 4000 && frames_of("out/A-2/bass.wav") == 6000, "both are there");
        const demucs_tracks_target targets[] = {{DEMUCS_TRACKS_STEM, "bass", "out/A/x.wav"},
                                                {DEMUCS_TRACKS_STEM, "drums", "out/a/x.wav"}};
        demucs_tracks_request two = self.request;
        two.event = NULL;
        two.input = "y/a.flac";
        two.targets = targets;
        two.targets_count = 2;
        tracks_check_refused(&two, DEMUCS_ERROR_ARGUMENT, "two files of y/a.flac would be written here");
        CHECK(access("out/a/x.wav", F_OK) != 0, "one of two is left");
        demucs_tracks_batch_free(self.request.batch);
    }
}

/* A thousand tracks of one name try a few numbers each, and not a thousand. */
static void test_many(void)
{
    setting self;
    begin(&self, DEMUCS_TRACKS_COLLISION_RENAME);
    self.request.event = NULL;
    char input[32], expected[32];
    for (int i = 1; i <= 3000; i++) {
        demucs_error error = {DEMUCS_OK, ""};
        snprintf(input, sizeof input, "%d/a.wav", i);
        snprintf(expected, sizeof expected, i > 1 ? "out/a-%d/bass.wav" : "out/a/bass.wav", i);
        const char *is = path_of(&self, demucs_tracks_reserve, input, &error);
        if (is == NULL || strcmp(is, expected) != 0)
            CHECK(false, "%s: %s, not %s", input, is != NULL ? is : error.message, expected);
    }
    demucs_tracks_batch_free(self.request.batch);
}

static void test_no_memory(void)
{
    setting self;
    demucs_error error;
    int failures = 0;
    begin(&self, DEMUCS_TRACKS_COLLISION_RENAME);
    BECOMES(demucs_tracks_reserve, "x/a.wav", "out/a/bass.wav", 0);
    for (int n = 0; n < 200; n++) {
        error = (demucs_error){DEMUCS_OK, ""};
        dmx_alloc_fail_after(n);
        const char *is = path_of(&self, demucs_tracks_reserve, "y/a.wav", &error);
        dmx_alloc_fail_after(-1);
        if (is != NULL) break;
        CHECK(error.status == DEMUCS_ERROR_MEMORY, "allocation %d: %s", n, error.message);
        failures++;
    }
    CHECK(failures > 8 && failures < 200, "%d failures", failures);
    demucs_tracks_batch_free(self.request.batch);
}

TRACKS_MAIN(test_rename, test_left_out, test_overwrite, test_fail, test_same_place, test_many, test_no_memory)
