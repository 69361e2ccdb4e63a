/* carried.c - see carried.h
 *
 * Files are planned before the input is opened, with the rate of the model and the samples of the request, so that
 * paths that cannot be written are found at once. This is what is put right when the input is known. */
#include "tracks/carried.h"

#include "base/alloc.h"
#include "tracks/paths.h"

#include <math.h>
#include <string.h>

bool dmx_carried_form(const demucs_tracks_request *request)
{
    return (request->keep & (DEMUCS_TRACKS_KEEP_RATE | DEMUCS_TRACKS_KEEP_DEPTH)) != 0;
}

/* What a format that has no floats gets for floats: as many bits as it has, while a plain request for floats gets 16,
 * as in the official program. */
static void keep_depth(const dmx_carried *self, dmx_outputs *outputs)
{
    if (self->depth == DMX_NO_DEPTH) return;
    outputs->sample = (demucs_tracks_sample)self->depth;
    outputs->for_floats = DEMUCS_TRACKS_INT24;
}

static void keep_rate(const dmx_carried *self, dmx_outputs *outputs)
{
    outputs->file_rate_hz = self->sample_rate_hz;
    outputs->keeps_rate = true;
    for (int i = 0; i < outputs->count; i++) {
        dmx_output *item = &outputs->items[i];
        item->sample_rate_hz = audio_container_kept_rate_hz(dmx_audio_container(item->container), self->sample_rate_hz);
    }
}

bool dmx_carried_settle(const dmx_carried *self, dmx_outputs *outputs, demucs_error *error)
{
    if ((outputs->request->keep & DEMUCS_TRACKS_KEEP_DEPTH) != 0) keep_depth(self, outputs);
    if ((outputs->request->keep & DEMUCS_TRACKS_KEEP_RATE) != 0) keep_rate(self, outputs);
    return dmx_outputs_check_sum(outputs, error);
}

/* The first file that cannot have the rate of the input is told of; that of opus is known. */
bool dmx_carried_warn(const dmx_outputs *outputs, dmx_watch *watch, demucs_error *error)
{
    char shown[DMX_SHOWN_PATH];
    const dmx_output *item = outputs->items;
    while (item < outputs->items + outputs->count &&
           (item->sample_rate_hz == outputs->file_rate_hz || item->container == DEMUCS_TRACKS_OPUS))
        item++;
    if ((outputs->request->keep & DEMUCS_TRACKS_KEEP_RATE) == 0 || item == outputs->items + outputs->count) return true;
    const demucs_tracks_event event = {.kind = DEMUCS_TRACKS_EVENT_RATE,
                                       .path = item->path,
                                       .count = (uint64_t)item->sample_rate_hz,
                                       .total = (uint64_t)outputs->file_rate_hz};
    return dmx_watch_warn(watch, event, error, "%s has %d Hz, since its format does not have the %d Hz of %s.",
                          dmx_printable_path(shown, item->path), item->sample_rate_hz, outputs->file_rate_hz,
                          watch->track);
}

/* ---- tags ---- */

void dmx_carried_free_tags(audio_tags *tags)
{
    if (tags != NULL) audio_tags_clear(tags);
    dmx_free(tags);
}

static uint64_t milliseconds(double seconds) { return (uint64_t)fmin(round(seconds * 1000), UINT32_MAX); }

/* Where a time of the input lies in a section that begins at `start` and is so long. */
static uint64_t moved(uint64_t at, uint64_t start, uint64_t length)
{
    return at < start ? 0 : at - start < length ? at - start : length;
}

/* Keep the chapters that lie in the section, or partly, in their places in it. */
static void cut_chapters(audio_tags *tags, double start_seconds, double seconds)
{
    const uint64_t start = milliseconds(start_seconds), length = milliseconds(seconds);
    size_t kept = 0;
    for (size_t i = 0; i < tags->chapters_count; i++) {
        audio_chapter chapter = tags->chapters[i];
        const bool in = chapter.start_ms < start + length && chapter.end_ms > start;
        chapter.start_ms = moved(chapter.start_ms, start, length);
        chapter.end_ms = moved(chapter.end_ms, start, length);
        if (in)
            tags->chapters[kept++] = chapter;
        else
            dmx_free(chapter.title);
    }
    tags->chapters_count = kept;
}

static bool is_empty(const audio_tags *tags)
{
    bool empty = tags->picture.bytes == NULL && tags->chapters_count == 0;
    for (int tag = 0; tag < AUDIO_TAGS; tag++) empty = empty && tags->texts[tag] == NULL;
    return empty;
}

/* What the files cannot hold; of each kind the first is told of. */
static bool note_no_place(const audio_tags *tags, const dmx_outputs *outputs, dmx_watch *watch, demucs_error *error)
{
    const char *date = tags->texts[AUDIO_DATE];
    bool no_year = date != NULL && strspn(date, "0123456789")<4, chapters = tags->chapters_count> 0, done = true;
    for (int i = 0; done && i < outputs->count; i++) {
        const dmx_output *item = &outputs->items[i];
        const bool id3 = item->container == DEMUCS_TRACKS_MP3 || item->container == DEMUCS_TRACKS_AIFF;
        if (no_year && id3) {
            no_year = false;
            done = dmx_watch_note(watch, error, "%s: its date does not begin with a year, which mp3 and aiff need.",
                                  watch->track);
        }
        if (done && chapters && item->kind == DEMUCS_TRACKS_STEMS) {
            chapters = false;
            done = dmx_watch_note(watch, error, "%s: its chapters have no place in a .stem.mp4.", watch->track);
        }
    }
    return done;
}

static bool note_left_out(const audio_tags *tags, const dmx_outputs *outputs, dmx_watch *watch, demucs_error *error)
{
    static const struct {
        unsigned what;
        const char *words;
    } all[] = {{AUDIO_LEFT_TEXT, "a text of its tags is cut after 4 KiB"},
               {AUDIO_LEFT_PICTURE, "its picture, which is neither JPEG nor PNG or has more than 10 MiB, is left out"},
               {AUDIO_LEFT_CHAPTERS, "of its chapters the first 255 are kept"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if ((tags->left_out & all[i].what) != 0 && !dmx_watch_note(watch, error, "%s: %s.", watch->track, all[i].words))
            return false;
    return note_no_place(tags, outputs, watch, error);
}

/* What players show for the file of a stem. */
static bool make_titles(const audio_tags *tags, dmx_outputs *outputs)
{
    const char *title = tags->texts[AUDIO_TITLE];
    bool done = true;
    for (int i = 0; done && title != NULL && i < outputs->count; i++) {
        dmx_output *item = &outputs->items[i];
        if (item->kind == DEMUCS_TRACKS_STEMS) continue; /* that is the song */
        item->title = dmx_path_print("%s (%s)", title, item->name);
        done = item->title != NULL;
    }
    return done;
}

bool dmx_carried_tags(audio_tags *tags, double seconds, dmx_outputs *outputs, dmx_watch *watch, demucs_error *error)
{
    if (tags == NULL) return true;
    cut_chapters(tags, outputs->request->start_seconds, seconds);
    if (!note_left_out(tags, outputs, watch, error)) return false;
    if (is_empty(tags)) return true;
    if (!make_titles(tags, outputs))
        return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to separate %s", watch->track);
    outputs->tags = tags;
    return true;
}
