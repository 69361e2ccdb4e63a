/* existing.c - see existing.h */
#include "tracks/existing.h"

#include "base/alloc.h"
#include "base/dates.h"
#include "tracks/planes.h"

#include <math.h>
#include <sys/stat.h>

/* Of files of different formats, whose frames need not be as long. */
static const double same_length_seconds = 0.05;

/* As far as dates and sizes say. */
static bool seem_there(const dmx_outputs *outputs)
{
    struct stat input, file;
    if (stat(outputs->request->input, &input) != 0 || !S_ISREG(input.st_mode)) return false;
    for (int i = 0; i < outputs->count; i++)
        if (stat(outputs->items[i].path, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size == 0 ||
            dmx_date_compare(dmx_date_of_content(&file), dmx_date_of_content(&input)) <= 0)
            return false;
    return true;
}

static bool is_stop_asked(void *user) { return !dmx_watch_progress(user, 0, 0, NULL, NULL); }

/* Frames that may be missing of those that a file announces: formats with loss count an encoder's delay and padding, or
 * do not, which is up to three packets of MP3's 1,152. */
static uint64_t slack(const dmx_output *item)
{
    const bool exact = item->container == DEMUCS_TRACKS_WAV || item->container == DEMUCS_TRACKS_FLAC ||
                       item->container == DEMUCS_TRACKS_ALAC || item->container == DEMUCS_TRACKS_AIFF ||
                       item->container == DEMUCS_TRACKS_STEMS_ALAC;
    return exact ? 0 : 3 * 1152;
}

/* Read a part of a file, which is a stream of its own, to its end. *whole says whether it has all that it announces,
 * and no damage. */
static bool read_part(const dmx_outputs *outputs, dmx_output *item, int part, dmx_watch *watch, bool *whole,
                      double *seconds, demucs_error *error)
{
    const int channels = item->channels / item->parts;
    const audio_stop stop = {.asked = is_stop_asked, .user = watch};
    const audio_reader_options options = {.stop = &stop, .stream = part};
    audio_reader *reader = audio_reader_open_with(item->path, &options, NULL);
    const uint64_t announced = reader != NULL ? audio_reader_announced_frames(reader) : 0;
    uint64_t frames = 0;
    long got = 0;
    *whole = reader != NULL && audio_reader_channels(reader) == channels;
    float **planes = *whole ? dmx_planes_new(channels) : NULL;
    bool wanted = true;
    while (planes != NULL && wanted && (got = audio_reader_read(reader, planes, DMX_TRACK_BLOCK, NULL)) > 0) {
        /* beyond its end AAC has what fills up its last block */
        const uint64_t left = announced > 0 ? announced - frames : UINT64_MAX; /* frames is never above it */
        const size_t own = left < (uint64_t)got ? (size_t)left : (size_t)got;
        for (int channel = 0; channel < channels; channel++) dmx_meter_add(&item->meter, planes[channel], own);
        frames += own;
        wanted = dmx_watch_progress(watch, 0, 0, NULL, error);
    }
    const bool room = !*whole || planes != NULL ||
                      !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to look at %s", item->path);
    *whole = *whole && got == 0 && frames > 0 && audio_reader_damaged(reader) == 0 && frames + slack(item) >= announced;
    if (reader != NULL && (outputs->request->keep & DEMUCS_TRACKS_KEEP_RATE) != 0)
        item->sample_rate_hz = audio_reader_sample_rate_hz(reader);
    *seconds = reader != NULL ? (double)frames / audio_reader_sample_rate_hz(reader) : 0;
    dmx_free(planes);
    audio_reader_close(reader);
    return room && wanted && dmx_watch_progress(watch, 0, 0, NULL, error);
}

bool dmx_existing_find(dmx_outputs *outputs, dmx_watch *watch, bool *there, demucs_error *error)
{
    double first = 0, seconds;
    *there = seem_there(outputs);
    if (!*there) return true;
    if (!dmx_watch_begin(watch, DEMUCS_TRACKS_READ, error)) return false;
    for (int i = 0; *there && i < outputs->count; i++)
        for (int part = 0; *there && part < outputs->items[i].parts; part++) {
            if (!read_part(outputs, &outputs->items[i], part, watch, there, &seconds, error)) return false;
            if (i == 0 && part == 0) first = seconds;
            *there = *there && fabs(seconds - first) <= same_length_seconds;
        }
    for (int i = 0; !*there && i < outputs->count; i++) outputs->items[i].meter = (dmx_meter){0};
    if (*there) watch->track_seconds = first;
    if (*there && (outputs->request->keep & DEMUCS_TRACKS_KEEP_RATE) != 0)
        outputs->file_rate_hz = outputs->items[0].sample_rate_hz;
    return true;
}
