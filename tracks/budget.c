/* budget.c - see budget.h
 *
 *     with RESCALE   the track and each stem lie in spools, till the last stem is done; then the track's is gone, and
 *                    each stem's as soon as its file is written, which is no larger; with
 *                    sum_to_mix all files are written beside all spools, and with keep_rate as well the track lies in
 *                    a second one, at its own rate
 *     else           the track lies in a spool, and the files grow beside it */
#include "tracks/budget.h"

#include "base/size.h"
#include "base/text.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

/* Where something is to lie. */
typedef struct disk {
    dev_t device;
    double free; /* bytes */
} disk;

/* False where that cannot be told. */
static bool look(disk *out, const char *folder)
{
    struct stat info;
    struct statvfs system;
    if (folder == NULL || stat(folder, &info) != 0 || statvfs(folder, &system) != 0 || system.f_blocks == 0)
        return false;
    *out = (disk){info.st_dev, (double)system.f_bavail * (double)system.f_frsize};
    return true;
}

enum { LEAST_KBPS = 64 }; /* that the encoders make, when they choose themselves */

static double file_bytes(const dmx_outputs *outputs, const dmx_output *item, double frames)
{
    static const int widths[] = {[AUDIO_INT16] = 2, [AUDIO_INT24] = 3, [AUDIO_FLOAT32] = 4};
    const demucs_tracks_request *request = outputs->request;
    const double seconds = frames / outputs->sample_rate_hz;
    switch (item->container) {
    case DEMUCS_TRACKS_WAV:
    case DEMUCS_TRACKS_AIFF:
        return seconds * item->sample_rate_hz * item->channels * widths[dmx_output_sample(outputs, item)];
    case DEMUCS_TRACKS_MP3: return seconds * request->mp3_bitrate_kbps * 1000 / 8;
    case DEMUCS_TRACKS_OGG:
    case DEMUCS_TRACKS_OPUS:
    case DEMUCS_TRACKS_AAC:
    case DEMUCS_TRACKS_STEMS_AAC:
        return seconds * item->parts * (request->bitrate_kbps > 0 ? request->bitrate_kbps : LEAST_KBPS) * 1000 / 8;
    default: return 0;
    }
}

/* Bytes of all files that lie on this disk. */
static double files_bytes(const dmx_outputs *outputs, const disk *where, double frames)
{
    double bytes = 0;
    for (int i = 0; i < outputs->count; i++) {
        disk own;
        if (look(&own, outputs->items[i].folder) && own.device == where->device)
            bytes += file_bytes(outputs, &outputs->items[i], frames);
    }
    return bytes;
}

/* Bytes of all spools. */
static double spools_bytes(const dmx_outputs *outputs, double frames, bool is_read)
{
    const double one = (double)sizeof(float) * frames / outputs->sample_rate_hz;
    double bytes = is_read ? 0 : one * outputs->sample_rate_hz * outputs->channels;
    if (!is_read && dmx_outputs_need_input(outputs)) bytes += one * outputs->file_rate_hz * outputs->channels;
    for (int i = 0; dmx_outputs_wait(outputs) && i < outputs->count; i++)
        bytes += one * outputs->items[i].sample_rate_hz * outputs->items[i].channels;
    return bytes;
}

static bool spools_fit(const dmx_outputs *outputs, const disk *where, double frames, bool is_read, demucs_error *error)
{
    char folder[DMX_SHOWN_PATH], needed[DMX_SIZE_TEXT], free[DMX_SIZE_TEXT];
    const bool spooled = dmx_outputs_wait(outputs), together = outputs->request->sum_to_mix;
    const double files = spooled && !together ? 0 : files_bytes(outputs, where, frames),
                 bytes = spools_bytes(outputs, frames, is_read) + files;
    return bytes <= where->free ||
           !dmx_fail(error, DEMUCS_ERROR_IO,
                     "%s needs %s for temporary files%s in %s, where %s are free; free some space there, or %s",
                     outputs->watch->track, dmx_size_text(needed, (uint64_t)bytes), files > 0 ? " and stems" : "",
                     dmx_printable_path(folder, dmx_spool_place_folder(outputs->spool_place)),
                     dmx_size_text(free, (uint64_t)where->free), dmx_spool_place_advice(outputs->spool_place));
}

static bool files_fit(const dmx_outputs *outputs, const char *path, const disk *where, double frames,
                      demucs_error *error)
{
    char folder[DMX_SHOWN_PATH], needed[DMX_SIZE_TEXT], free[DMX_SIZE_TEXT];
    const double bytes = files_bytes(outputs, where, frames);
    return bytes <= where->free ||
           !dmx_fail(error, DEMUCS_ERROR_IO,
                     "the stems of %s need %s in %s, where %s are free; free some space there, choose another %s, or "
                     "write flac or mp3",
                     outputs->watch->track, dmx_size_text(needed, (uint64_t)bytes), dmx_printable_path(folder, path),
                     dmx_size_text(free, (uint64_t)where->free), outputs->request->folder_setting);
}

bool dmx_budget_allows(const dmx_outputs *outputs, uint64_t frames, bool is_read, demucs_error *error)
{
    disk spools, files;
    const bool known = look(&spools, dmx_spool_place_folder(outputs->spool_place));
    if (known && !spools_fit(outputs, &spools, (double)frames, is_read, error)) return false;
    for (int i = 0; i < outputs->count; i++) {
        const char *folder = outputs->items[i].folder;
        if (!look(&files, folder) || (known && files.device == spools.device)) continue;
        if (!files_fit(outputs, folder, &files, (double)frames, error)) return false;
    }
    return true;
}
