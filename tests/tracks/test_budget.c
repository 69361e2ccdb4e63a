/* test_budget.c - disk space: what cannot fit is refused before the work, with both figures; what may fit is not. */
#include "tracks.h"

#include "tracks/budget.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t most_frames = UINT64_C(1) << 50; /* more than any disk of these days has room for */

static unsigned char *put(unsigned char *out, uint64_t value, int count)
{
    for (int i = 0; i < count; i++) out[i] = (unsigned char)(value >> (8 * i));
    return out + count;
}

/* An RF64 of 8 bits in mono that says to have so many frames, and has them, in a hole. */
static void save_huge(const char *path, uint64_t frames)
{
    unsigned char head[80], *out = head;
    memcpy(out, "RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0", 20);
    out = put(put(put(put(out + 20, frames + 72, 8), frames, 8), frames, 8), 0, 4);
    memcpy(out,
           "fmt \x10\0\0\0\1\0\1\0\x40\x1F\0\0\x40\x1F\0\0\1\0\x8\0"
           "data\xFF\xFF\xFF\xFF",
           32);
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL && fwrite(head, 1, 80, file) == 80 && fclose(file) == 0, "write");
    REQUIRE(truncate(path, (off_t)(80 + frames)) == 0, "a file with a hole of %llu bytes", (unsigned long long)frames);
}

/* The length is known before a sample is decoded. */
static void test_a_track_that_cannot_fit(void)
{
    const tracks_setup *setup = tracks_begin();
    const uint64_t frames = UINT64_C(4) << 40;
    save_huge("huge.wav", frames);
    demucs_tracks_request request = tracks_request(setup, "huge.wav");
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "huge.wav needs 175921.9 GB for temporary files in out, where ");
    tracks_check_refused(&request, DEMUCS_ERROR_IO,
                         " are free; free some space there, or set TMPDIR to another folder");
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "huge.wav needs 105553.1 GB for temporary files and stems in out");
    request.spool_folder = ".";
    tracks_check_refused(&request, DEMUCS_ERROR_IO, "or name another folder for temporary files");
    CHECK(tracks_count("huge.wav") == 0, "%d files are left", tracks_count("huge.wav"));
}

/* What is left to find room for once the track is read; a flac may become as small as you like. */
static void test_stems_that_cannot_fit(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error = {DEMUCS_OK, ""};
    for (int container = DEMUCS_TRACKS_WAV; container <= DEMUCS_TRACKS_AIFF; container++)
        for (int clip = DEMUCS_TRACKS_CLIP_RESCALE; clip <= DEMUCS_TRACKS_CLIP_NONE; clip++) {
            dmx_outputs outputs;
            dmx_watch watch;
            dmx_spool_place place = {.folder = "."};
            demucs_tracks_request request = tracks_request(setup, "song.wav");
            request.container = (demucs_tracks_container)container;
            request.clip = (demucs_tracks_clip)clip;
            dmx_watch_init(&watch, &request);
            REQUIRE(dmx_outputs_plan(&outputs, &request, setup->model, 1, &error), "%s", error.message);
            outputs.watch = &watch;
            outputs.spool_place = &place;
            REQUIRE(dmx_outputs_try(&outputs, &error), "%s", error.message);
            const bool fits = (container == DEMUCS_TRACKS_FLAC || container == DEMUCS_TRACKS_ALAC) &&
                              clip != DEMUCS_TRACKS_CLIP_RESCALE;
            CHECK(dmx_budget_allows(&outputs, most_frames, true, &error) == fits, "container %d, clip %d: %s",
                  container, clip, error.message);
            CHECK(!dmx_budget_allows(&outputs, most_frames, false, &error), "container %d, clip %d", container, clip);
            CHECK(dmx_budget_allows(&outputs, 8000, false, &error), "a second: %s", error.message);
            CHECK(dmx_budget_allows(&outputs, 0, false, &error), "an unknown length: %s", error.message);
            dmx_outputs_discard(&outputs);
        }
    CHECK(tracks_count(NULL) == 0, "%d files are left", tracks_count(NULL));
}

/* A rate that makes a large track of a small file. */
static void test_lowest_rate(void)
{
    const tracks_setup *setup = tracks_begin();
    static const int rates[] = {1, 50, 999, 1000};
    for (int i = 0; i < 4; i++) {
        demucs_error error = {DEMUCS_OK, ""};
        tracks_make("slow.wav", 1, rates[i], 1000, 0.5F);
        demucs_tracks_request request = tracks_request(setup, "slow.wav");
        const demucs_status status = demucs_tracks_separate(&request, NULL, &error);
        CHECK(status == (rates[i] < 1000 ? DEMUCS_ERROR_UNSUPPORTED : DEMUCS_OK), "%d Hz: %s", rates[i], error.message);
        CHECK(status == DEMUCS_OK || strstr(error.message, "there is no music below 1000 Hz") != NULL, "%s",
              error.message);
    }
}

TRACKS_MAIN(test_a_track_that_cannot_fit, test_stems_that_cannot_fit, test_lowest_rate)
