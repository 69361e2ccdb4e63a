/* test_budget.c - disk space: what cannot fit is refused before the work, with both figures; what may fit is not. */
#include "tracks.h"

#include "tracks/budget.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const uint64_t most_frames = UINT64_C(1) << 50; /* more than any disk of these days has room for */

static unsigned char *put(unsigned char *out, uint64_t value, int count)
{
    for (int i = 0; i < count; i++) out[i] = (unsigned char)(value >> (8 * i));
    return out + count;
}

/* An RF64 of 8 bits in mono at 1000 Hz that says to have so many frames, and has them, in a hole. */
static void save_huge(const char *path, uint64_t frames)
{
    unsigned char head[80], *out = head;
    memcpy(out, "RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0", 20);
    out = put(put(put(put(out + 20, frames + 72, 8), frames, 8), frames, 8), 0, 4);
    memcpy(out,
           "fmt \x10\0\0\0\1\0\1\0\xE8\x03\0\0\xE8\x03\0\0\1\0\x8\0"
           "data\xFF\xFF\xFF\xFF",
           32);
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL && fwrite(head, 1, 80, file) == 80 && fclose(file) == 0, "write");
    REQUIRE(truncate(path, (off_t)(80 + frames)) == 0, "a file with a hole of %llu bytes", (unsigned long long)frames);
}

/* Frames of such a file whose results, `bytes` for each of its frames, take half as much again as the disk has. */
static uint64_t too_many(double bytes)
{
    struct statvfs disk;
    const bool known = statvfs(".", &disk) == 0;
    CHECK(known, "statvfs");
    return !known ? 0 : (uint64_t)(1.5 * (double)disk.f_bavail * (double)disk.f_frsize / bytes) + 1000000;
}

static const char *needed(double bytes, const char *what)
{
    static char text[128];
    snprintf(text, sizeof text, "huge.wav needs %.1f GB for %s in out, where ", bytes / 1e9, what);
    return text;
}

/* The length is known before a sample is decoded. A frame becomes eight of the model's, in stereo: of the mix and of
 * four stems in float32, or of the mix in float32 and four stems of 16 bits. */
static void test_a_track_that_cannot_fit(void)
{
    const tracks_setup *setup = tracks_begin();
    const double spooled = 8 * 2 * 4 * (1 + 4), written = 8 * 2 * (4 + 4 * 2);
    const uint64_t frames = too_many(written);
    save_huge("huge.wav", frames);
    demucs_tracks_request request = tracks_request(setup, "huge.wav");
    tracks_check_refused(&request, DEMUCS_ERROR_IO, needed((double)frames * spooled, "temporary files"));
    tracks_check_refused(&request, DEMUCS_ERROR_IO,
                         " are free; free some space there, or set TMPDIR to another folder");
    request.clip = DEMUCS_TRACKS_CLIP_NONE;
    tracks_check_refused(&request, DEMUCS_ERROR_IO, needed((double)frames * written, "temporary files and stems"));
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
