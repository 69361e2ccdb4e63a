/* report_signal.c - one signal of a report: its file is read once, into a sketch and, where its sound goes into the
 * page, an MP3; then pictures and player are written. */
#include "audio/audio.h"
#include "base/alloc.h"
#include "tracks/quality/report.h"
#include "tracks/quality/sketch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 16384, MP3_CHANNELS = 2, MP3_QUALITY = 7 /* the fastest */ };

/* What a signal is while it is read. */
typedef struct reading {
    audio_reader *reader;
    audio_writer *sound; /* NULL: not embedded */
    dmx_sketch *sketch;
    bool changed;   /* rate or channels changed, and what came after it was left out */
    float **planes; /* [channels] of BLOCK frames, in one piece of memory */
} reading;

static double sound_bytes(const demucs_quality_report *report, double seconds)
{
    return seconds * report->options.mp3_bitrate_kbps * 1000 / 8 * 4 / 3; /* base64 */
}

bool dmx_report_has_room(const demucs_quality_report *report, const demucs_quality_signal *signals, size_t count)
{
    double bytes = report->sound_bytes;
    for (size_t i = 0; i < count; i++) {
        audio_reader *reader = audio_reader_open(signals[i].path, signals[i].stream, NULL);
        if (reader == NULL) continue; /* it is read, and refused, when it is its turn */
        bytes +=
            sound_bytes(report, (double)audio_reader_expected_frames(reader) / audio_reader_sample_rate_hz(reader));
        audio_reader_close(reader);
    }
    return bytes <= (double)report->options.sound_bytes;
}

/* --------------------------------------------------------------------------------------------------- reading ---- */

static bool create_planes(reading *self, int channels)
{
    const size_t count = (size_t)channels;
    char *block = dmx_alloc(count, sizeof(float *) + BLOCK * sizeof(float));
    if (block == NULL) return false;
    self->planes = (float **)(void *)block;
    for (size_t i = 0; i < count; i++) self->planes[i] = (float *)(void *)(block + count * sizeof(float *)) + i * BLOCK;
    return true;
}

static bool open_reading(reading *self, const demucs_quality_report *report, const demucs_quality_signal *signal,
                         bool embed, demucs_error *error)
{
    self->reader = audio_reader_open(signal->path, signal->stream, error);
    if (self->reader == NULL) return false;
    const int channels = audio_reader_channels(self->reader), rate = audio_reader_sample_rate_hz(self->reader);
    self->sketch = dmx_sketch_create(channels, rate);
    if (self->sketch == NULL || !create_planes(self, channels))
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to draw a track");
    if (!embed) return true;
    const audio_format format = {.container = AUDIO_MP3,
                                 .sample_rate_hz = rate,
                                 .channels = channels < MP3_CHANNELS ? channels : MP3_CHANNELS,
                                 .mp3_bitrate_kbps = report->options.mp3_bitrate_kbps,
                                 .mp3_quality = MP3_QUALITY};
    self->sound = audio_writer_open(report->sound_path, &format, error);
    return self->sound != NULL;
}

/* Leave the sound out of the page once there is no more room for it: the length that a file announces may be wrong. */
static void keep_to_limit(reading *self, const demucs_quality_report *report)
{
    const double bytes = report->sound_bytes + sound_bytes(report, dmx_sketch_seconds(self->sketch));
    if (self->sound == NULL || bytes <= (double)report->options.sound_bytes) return;
    audio_writer_abort(self->sound);
    self->sound = NULL;
}

static bool read_all(reading *self, const demucs_quality_report *report, demucs_error *error)
{
    const float *const *planes = (const float *const *)self->planes;
    long frames;
    while ((frames = audio_reader_read(self->reader, self->planes, BLOCK, error)) > 0) {
        dmx_sketch_add(self->sketch, planes, (size_t)frames);
        keep_to_limit(self, report);
        if (self->sound != NULL && !audio_writer_write(self->sound, planes, (size_t)frames, error)) return false;
    }
    dmx_sketch_end(self->sketch);
    self->changed = frames == AUDIO_CHANGED;
    return frames == 0 || self->changed;
}

static void close_reading(reading *self)
{
    if (self->reader != NULL) audio_reader_close(self->reader);
    audio_writer_abort(self->sound);
    dmx_sketch_free(self->sketch);
    dmx_free(self->planes);
}

/* --------------------------------------------------------------------------------------------------- writing ---- */

static uint32_t colour_of(const char *name)
{
    static const struct {
        const char *name;
        uint32_t colour;
    } known[] = {{"mix", 0x7A8594},    {"drums", 0xD9822B},  {"bass", 0x8F5FD1}, {"other", 0x2F9E6E},
                 {"vocals", 0xD6457A}, {"guitar", 0x3D8BD4}, {"piano", 0xA8901C}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) return known[i].colour;
    return 0x3A93A6;
}

static bool take_base64(const void *bytes, size_t count, void *user)
{
    dmx_page_base64(user, bytes, count);
    return true;
}

static bool write_picture(dmx_page *page, const char *name, const char *what, const dmx_picture *picture,
                          demucs_error *error)
{
    dmx_page_print(page, "<img class=\"%s\" alt=\"%s of ", what, what);
    dmx_page_text(page, name);
    dmx_page_print(page, "\" width=\"%d\" height=\"%d\" src=\"data:image/png;base64,", picture->width, picture->height);
    if (!dmx_picture_encode(picture, take_base64, page, error)) return false;
    dmx_page_print(page, "\">\n");
    return true;
}

static bool write_pictures(dmx_page *page, const char *name, const dmx_sketch *sketch, demucs_error *error)
{
    dmx_picture picture;
    const double lowest = dmx_sketch_lowest_hz(sketch), octaves = log(dmx_sketch_highest_hz(sketch) / lowest);
    dmx_sketch_draw_waveform(sketch, colour_of(name), &picture);
    bool done = write_picture(page, name, "waveform", &picture, error);
    dmx_picture_free(&picture);
    if (!done) return false;
    dmx_sketch_draw_spectrogram(sketch, &picture);
    dmx_page_print(page, "<div class=\"plot\">");
    done = write_picture(page, name, "spectrogram", &picture, error);
    dmx_picture_free(&picture);
    for (int hz = 100; hz <= 10000; hz *= 10) {
        const double height = log(hz / lowest) / octaves;
        if (height > 0 && height < 0.95)
            dmx_page_print(page, "<b style=\"bottom:%.0f%%\">%d %sHz</b>", 100 * height, hz < 1000 ? hz : hz / 1000,
                           hz < 1000 ? "" : "k");
    }
    dmx_page_print(page, "</div>\n<div class=\"time\">");
    for (int tick = 0; tick <= 4; tick++) {
        char time[DMX_PAGE_NUMBER];
        dmx_page_print(page, "<span>%s</span>", dmx_page_time(time, dmx_sketch_seconds(sketch) * tick / 4));
    }
    dmx_page_print(page, "</div>\n");
    return done;
}

/* The stem that no_STEM and minus_STEM are without, or "". */
static const char *left_out(const char *name)
{
    return strncmp(name, "no_", 3) == 0 ? name + 3 : strncmp(name, "minus_", 6) == 0 ? name + 6 : "";
}

/* Of a stem, its levels; of no_STEM and minus_STEM, what is left of the stem. */
static void write_figures(dmx_page *page, const char *name, const demucs_quality *quality)
{
    char one[DMX_PAGE_NUMBER], two[DMX_PAGE_NUMBER];
    if (quality != NULL && strcmp(name, "mix") == 0)
        dmx_page_print(page, "<span>RMS %s</span><span>peak %s</span>",
                       dmx_page_db(one, dmx_page_level(quality->mix_rms)),
                       dmx_page_db(two, dmx_page_level(quality->mix_peak)));
    for (size_t i = 0; quality != NULL && i < quality->stems_count; i++) {
        const demucs_quality_stem *stem = quality->stems[i];
        if (strcmp(stem->name, name) == 0)
            dmx_page_print(page, "<span>RMS %s</span><span>peak %s</span>%s",
                           dmx_page_db(one, dmx_page_level(stem->rms)), dmx_page_db(two, dmx_page_level(stem->peak)),
                           stem->silent ? "<span>silent</span>" : "");
        if (strcmp(left_out(name), stem->name) != 0) continue;
        dmx_page_print(page, "<span>");
        dmx_page_text(page, stem->name);
        dmx_page_print(page, " left in it: %s</span>", dmx_page_db(one, stem->leak_db));
    }
}

static bool write_player(demucs_quality_report *report, const demucs_quality_signal *signal, reading *from,
                         demucs_error *error)
{
    dmx_page *page = &report->page;
    dmx_page_print(page, "<audio controls preload=\"metadata\" src=\"");
    if (from->sound != NULL) {
        dmx_page_print(page, "data:audio/mpeg;base64,");
        audio_writer *sound = from->sound;
        from->sound = NULL;
        report->sound_bytes += sound_bytes(report, dmx_sketch_seconds(from->sketch));
        if (!audio_writer_hand_over(sound, 0, take_base64, page, error)) return false;
    } else {
        dmx_page_link(page, report->path, signal->path);
    }
    dmx_page_print(page, "\"></audio>\n");
    return true;
}

bool dmx_report_signal(demucs_quality_report *report, const demucs_quality_signal *signal,
                       const demucs_quality *quality, bool embed, demucs_error *error)
{
    dmx_page *page = &report->page;
    reading from = {0};
    bool done = open_reading(&from, report, signal, embed, error) && read_all(&from, report, error);
    if (done) {
        dmx_page_print(page, "<article>\n<h3><i style=\"background:#%06X\"></i>", (unsigned)colour_of(signal->name));
        dmx_page_text(page, signal->name);
        dmx_page_print(page, "</h3>\n<p class=\"figures\">");
        write_figures(page, signal->name, quality);
        dmx_page_print(page, "</p>\n");
        if (from.changed)
            dmx_page_print(page, "<p class=\"soft\">The rate or the number of channels changes on the way; this is the "
                                 "part before.</p>\n");
        done = write_pictures(page, signal->name, from.sketch, error) && write_player(report, signal, &from, error);
        dmx_page_print(page, "</article>\n");
    }
    close_reading(&from);
    return done;
}
