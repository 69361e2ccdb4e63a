/* test_quality_report.c [FOLDER] - the page of a report, by the public header: what is in it, what is refused, and what
 * a failure leaves. With a folder it writes the pages there that a browser is to open (tests/cli/report.py), and
 * nothing else. */
#include "demucs_quality.h"

#include "../audio/audio_test.h"
#include "base/alloc.h"
#include "base/folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RATE = 8000, SECONDS = 10 };

/* Two files: noise, in a folder with an odd name, and silence. */
static const demucs_quality_signal signals[] = {{"mix", "od\"d #1/a b?.wav", 0}, {"vocals", "silence.wav", 0}};
static const char odd_name[] = "<img src=x onerror=\"pwned=1\">&amp; \xC3\xBC'\xFF.wav";

static void make_files(size_t seconds)
{
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_FLOAT32, .sample_rate_hz = RATE, .channels = 2};
    demucs_error error = {DEMUCS_OK, ""};
    sound noise = sound_noise(2, RATE, seconds * RATE, 0.5F), silence = sound_new(2, RATE, seconds * RATE);
    noise.planes[0][100] = NAN;
    mkdir("od\"d #1", 0777);
    CHECK(sound_write(signals[0].path, &format, &noise, &error), "%s", error.message);
    CHECK(sound_write(signals[1].path, &format, &silence, &error), "%s", error.message);
    sound_free(&noise);
    sound_free(&silence);
}

static void leave(void)
{
    dmx_folder_remove("od\"d #1");
    dmx_folder_remove("pages");
    scratch_leave();
}

/* Figures of a stem called as its signal, with an outlier. */
static demucs_quality *make_quality(void)
{
    static const char *const names[] = {"<i>drums</i>", "vocals"};
    static float loud[1000], none[1000];
    const float *planes[] = {loud, loud, none};
    const demucs_quality_format format = {1, 1000, names, 2, true};
    demucs_quality_meter *meter = NULL;
    for (int i = 0; i < 1000; i++) loud[i] = i % 4 < 2 ? 1.5F : -1.5F;
    if (demucs_quality_meter_create(&meter, &format, NULL, NULL) != DEMUCS_OK) abort();
    demucs_quality_meter_add(meter, planes, planes + 1, 1000);
    demucs_quality *quality = demucs_quality_meter_finish(meter);
    demucs_quality_meter_free(meter);
    return quality;
}

/* Write a page of one track with so much room for sound. */
static demucs_status write_page(const char *path, size_t sound_bytes, demucs_error *error)
{
    demucs_quality_report_options options;
    demucs_quality_report *report = NULL;
    demucs_quality *quality = make_quality();
    demucs_quality_report_options_init(&options, sizeof options);
    options.sound_bytes = sound_bytes;
    demucs_status status = demucs_quality_report_create(&report, path, &options, error);
    if (status == DEMUCS_OK) status = demucs_quality_report_add(report, odd_name, signals, 2, quality, error);
    if (status == DEMUCS_OK)
        status = demucs_quality_report_commit(report, error);
    else
        demucs_quality_report_discard(report);
    demucs_quality_free(quality);
    return status;
}

static char *page_text(const char *path)
{
    bytes it = load_bytes(path);
    CHECK(it.data != NULL, "there is no %s", path);
    char *text = calloc(1, it.size + 1);
    if (it.data != NULL) memcpy(text, it.data, it.size);
    free(it.data);
    return text;
}

static int count_of(const char *text, const char *what)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) count++;
    return count;
}

/* Write what stands in base64 between `before` and a quote into a file. */
static void save_base64(const char *text, const char *before, const char *path)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strstr(text, before);
    REQUIRE(at != NULL, "no %s", before);
    at += strlen(before);
    const size_t length = strcspn(at, "\"");
    unsigned char *out = calloc(1, length);
    unsigned bits = 0, held = 0;
    size_t used = 0;
    for (size_t i = 0; i < length && at[i] != '='; i++) {
        const char *letter = strchr(letters, at[i]);
        CHECK(letter != NULL, "%c is no base64", at[i]);
        bits = bits << 6 | (unsigned)(letter - letters);
        held += 6;
        if (held >= 8) out[used++] = (unsigned char)(bits >> (held -= 8));
    }
    CHECK(length % 4 == 0 && save_bytes(path, out, used), "%zu letters", length);
    free(out);
}

static void test_page(void)
{
    demucs_error error = {DEMUCS_OK, ""};
    scratch_enter();
    make_files(SECONDS);
    CHECK(write_page("page.html", 1 << 20, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(scratch_count() == 3, "%d files and folders, not three", scratch_count());
    char *text = page_text("page.html");
    CHECK(strncmp(text, "<!doctype html>", 15) == 0 && strstr(text, "</html>\n") != NULL, "its beginning and end");
    CHECK(count_of(text, "<img ") == 4 && count_of(text, "<audio ") == 2 && count_of(text, "<article>") == 2,
          "its parts");
    CHECK(count_of(text, "src=\"data:audio/mpeg;base64,") == 2 && count_of(text, " src=\"") == 6, "all is in the page");
    CHECK(count_of(text, "http") == 1, "http stands in http-equiv and nowhere else");
    CHECK(strstr(text, "<h2>&lt;img src=x onerror=&quot;pwned=1&quot;&gt;&amp;amp; \xC3\xBC&#39;?.wav</h2>") != NULL,
          "the name of the track");
    CHECK(strstr(text, "<i>drums") == NULL && strstr(text, "&lt;i&gt;drums&lt;/i&gt;") != NULL, "names of stems");
    CHECK(strstr(text, "are beyond full scale, so") != NULL && strstr(text, "<td>100 %</td>") != NULL,
          "figures and outliers");
    save_base64(text, "data:audio/mpeg;base64,", "sound.mp3");
    sound it = sound_read("sound.mp3", 0, 4096, &error);
    CHECK(it.channels == 2 && it.frames == (size_t)SECONDS * RATE, "%zu frames: %s", it.frames, error.message);
    sound_free(&it);
    free(text);
    leave();
}

/* However long the track, pictures have 600 to 1200 columns. */
static void test_length(void)
{
    for (size_t seconds = 1; seconds <= 100; seconds *= 10) {
        demucs_error error = {DEMUCS_OK, ""};
        scratch_enter();
        make_files(seconds);
        CHECK(write_page("page.html", 1 << 24, &error) == DEMUCS_OK, "%s", error.message);
        char *text = page_text("page.html");
        const char *at = strstr(text, "width=\"");
        const int width = at != NULL ? atoi(at + strlen("width=\"")) : 0;
        CHECK(width >= 600 && width <= 1200, "%zu s: %d columns", seconds, width);
        free(text);
        leave();
    }
}

static void test_links(void)
{
    demucs_error error = {DEMUCS_OK, ""};
    scratch_enter();
    make_files(SECONDS);
    mkdir("pages", 0777);
    CHECK(write_page("pages/page.html", 1000, &error) == DEMUCS_OK, "%s", error.message);
    char *text = page_text("pages/page.html");
    CHECK(strstr(text, "src=\"./../od%22d%20%231/a%20b%3F.wav\"") != NULL, "the way to a file");
    CHECK(strstr(text, "src=\"./../silence.wav\"") != NULL && strstr(text, "audio/mpeg") == NULL,
          "no sound in the page");
    CHECK(strstr(text, "too long for its sound to be in the page") != NULL, "a word about it");
    free(text);
    leave();
}

/* A file that does not say how long it is: its sound is left out once there is too much of it. */
static void test_unknown_length(void)
{
    demucs_error error = {DEMUCS_OK, ""};
    demucs_quality_report_options options;
    demucs_quality_report *report = NULL;
    const demucs_quality_signal signal = {"mix", "noise.flac", 0};
    const audio_format format = {.container = AUDIO_FLAC, .sample_rate_hz = RATE, .channels = 1};
    scratch_enter();
    sound noise = sound_noise(1, RATE, (size_t)SECONDS * RATE, 0.5F);
    CHECK(sound_write(signal.path, &format, &noise, &error), "%s", error.message);
    sound_free(&noise);
    bytes it = load_bytes(signal.path);
    REQUIRE(it.data != NULL && it.size > 42, "the file");
    memset(it.data + 22, 0, 4); /* the number of samples */
    it.data[21] &= 0xF0;
    CHECK(save_bytes(signal.path, it.data, it.size), "the file");
    free(it.data);
    demucs_quality_report_options_init(&options, sizeof options);
    options.sound_bytes = 1 << 16; /* some three seconds */
    REQUIRE(demucs_quality_report_create(&report, "page.html", &options, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_quality_report_add(report, "x", &signal, 1, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_quality_report_commit(report, &error) == DEMUCS_OK, "%s", error.message);
    char *text = page_text("page.html");
    CHECK(strstr(text, "too long") == NULL, "the file says how long it is, so this shows nothing");
    CHECK(strstr(text, "src=\"./noise.flac\"") != NULL && strstr(text, "audio/mpeg") == NULL, "no sound in the page");
    free(text);
    CHECK(scratch_count() == 2, "%d files, not two", scratch_count());
    scratch_leave();
}

/* Two MP3 files in one, of which the second is mono: the first is shown, and a word says so. */
static void test_change(void)
{
    demucs_error error = {DEMUCS_OK, ""};
    demucs_quality_report *report = NULL;
    const demucs_quality_signal signal = {"mix", "both.mp3", 0};
    scratch_enter();
    sound stereo = sound_noise(2, 44100, 4 * 44100, 0.3F), mono = sound_noise(1, 22050, 22050, 0.3F);
    audio_format format = {
        .container = AUDIO_MP3, .sample_rate_hz = 44100, .channels = 2, .mp3_bitrate_kbps = 128, .mp3_quality = 5};
    CHECK(sound_write("a.mp3", &format, &stereo, &error), "%s", error.message);
    format.sample_rate_hz = 22050;
    format.channels = 1;
    format.mp3_bitrate_kbps = 64;
    CHECK(sound_write("b.mp3", &format, &mono, &error), "%s", error.message);
    sound_free(&stereo);
    sound_free(&mono);
    bytes a = load_bytes("a.mp3"), b = load_bytes("b.mp3");
    REQUIRE(a.data != NULL && b.data != NULL, "the files");
    unsigned char *both = malloc(a.size + b.size);
    memcpy(both, a.data, a.size);
    memcpy(both + a.size, b.data, b.size);
    save_bytes(signal.path, both, a.size + b.size);
    free(both);
    free(a.data);
    free(b.data);
    REQUIRE(demucs_quality_report_create(&report, "page.html", NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_quality_report_add(report, "x", &signal, 1, NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_quality_report_commit(report, &error) == DEMUCS_OK, "%s", error.message);
    char *text = page_text("page.html");
    CHECK(strstr(text, "changes on the way") != NULL && strstr(text, "<span>4.0 s</span>") != NULL, "the first part");
    free(text);
    scratch_leave();
}

static void test_refused(void)
{
    demucs_error error = {DEMUCS_OK, ""};
    demucs_quality_report *report = NULL;
    demucs_quality_report_options options;
    scratch_enter();
    make_files(1);
    save_bytes("page.html", "old", 3);
    CHECK(demucs_quality_report_create(&report, "", NULL, &error) == DEMUCS_ERROR_ARGUMENT && report == NULL,
          "no path");
    CHECK(demucs_quality_report_create(&report, "no/page.html", NULL, &error) == DEMUCS_ERROR_IO, "no folder");
    demucs_quality_report_options_init(&options, sizeof options);
    options.mp3_bitrate_kbps = 7;
    CHECK(demucs_quality_report_create(&report, "x", &options, &error) == DEMUCS_ERROR_ARGUMENT, "too few bits");
    options.struct_size = sizeof options + 8;
    CHECK(demucs_quality_report_create(&report, "x", &options, &error) == DEMUCS_ERROR_ARGUMENT, "newer options");
    /* a signal that is not there: the page cannot be finished, and the old one stays */
    const demucs_quality_signal missing = {"drums", "missing.wav", 0};
    REQUIRE(demucs_quality_report_create(&report, "page.html", NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_quality_report_add(report, "x", &missing, 1, NULL, &error) != DEMUCS_OK, "a missing file");
    CHECK(strstr(error.message, "missing.wav") != NULL, "%s", error.message);
    CHECK(demucs_quality_report_add(report, "x", signals, 2, NULL, NULL) != DEMUCS_OK, "another after it");
    CHECK(demucs_quality_report_commit(report, &error) != DEMUCS_OK && strstr(error.message, "missing.wav") != NULL,
          "%s", error.message);
    REQUIRE(demucs_quality_report_create(&report, "page.html", NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_quality_report_discard(report);
    demucs_quality_report_discard(NULL);
    char *text = page_text("page.html");
    CHECK(strcmp(text, "old") == 0, "the old page is gone");
    free(text);
    CHECK(scratch_count() == 3, "%d files and folders, not three", scratch_count());
    leave();
}

static void test_memory(void)
{
    demucs_status status = DEMUCS_ERROR_MEMORY;
    scratch_enter();
    make_files(1);
    demucs_quality *quality = make_quality();
    for (int allowed = 0; status != DEMUCS_OK && allowed < 1000; allowed++) {
        demucs_quality_report *report = NULL;
        dmx_alloc_fail_after(allowed);
        status = demucs_quality_report_create(&report, "page.html", NULL, NULL);
        if (status == DEMUCS_OK) {
            demucs_quality_report_add(report, "x", signals, 2, quality, NULL);
            status = demucs_quality_report_commit(report, NULL);
        }
        dmx_alloc_fail_after(-1);
        CHECK(status == DEMUCS_OK || status == DEMUCS_ERROR_MEMORY, "after %d: %s", allowed,
              demucs_status_name(status));
        CHECK(status == DEMUCS_OK || scratch_count() == 2, "after %d something is left", allowed);
    }
    CHECK(status == DEMUCS_OK, "it never succeeds");
    demucs_quality_free(quality);
    leave();
}

static int write_for_browser(const char *folder)
{
    demucs_error error = {DEMUCS_OK, ""};
    if (chdir(folder) != 0) return 2;
    make_files(SECONDS);
    if (write_page("embedded.html", 1 << 20, &error) == DEMUCS_OK && write_page("linked.html", 0, &error) == DEMUCS_OK)
        return 0;
    fprintf(stderr, "%s\n", error.message);
    return 1;
}

int main(int argc, char **argv)
{
    static void (*const functions[])(void) = {test_page,   test_length,  test_links, test_unknown_length,
                                              test_change, test_refused, test_memory};
    if (argc == 2 && argv[1][0] == '/') return write_for_browser(argv[1]);
    return test_main(argc, argv, __FILE__,
                     "test_page, test_length, test_links, test_unknown_length, test_change, test_refused, test_memory",
                     functions, 7);
}
