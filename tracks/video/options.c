/* options.c - demucs_video_options, and what a request with them may ask for. */
#include "base/options.h"
#include "audio/video.h"
#include "tracks/video/video.h"

static demucs_video_options defaults(void)
{
    return (demucs_video_options){.struct_size = sizeof(demucs_video_options),
                                  .codec = DEMUCS_VIDEO_USUAL,
                                  .loudness_lufs = -16,
                                  .true_peak_db = -1,
                                  .duck_db = 12,
                                  .duck_attack_seconds = 0.1,
                                  .duck_hold_seconds = 0.5,
                                  .duck_release_seconds = 0.8};
}

void demucs_video_options_init(demucs_video_options *options, size_t struct_size)
{
    const demucs_video_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

/* Of 12 dB: narration and rest are as loud as one another before, so the narration is then 12 dB above it, with which
 * (12 + 15) / 30, nine tenths, of speech are heard by the speech intelligibility index (ANSI S3.5-1997). The hold
 * bridges the pauses between words and sentences, up to half a second in read speech; the release is a fade rather than
 * a jump. */
static bool check_dub(const demucs_video_options *o, demucs_error *error)
{
    const struct {
        const char *name, *range;
        double value, least, most;
    } all[] = {{"loudness_lufs", "from -40 to -5", o->loudness_lufs, -40, -5},
               {"true_peak_db", "from -20 to 0", o->true_peak_db, -20, 0},
               {"duck_db", "from 0 to 60", o->duck_db, 0, 60},
               {"duck_attack_seconds", "from 0 to 10", o->duck_attack_seconds, 0, 10},
               {"duck_hold_seconds", "from 0 to 10", o->duck_hold_seconds, 0, 10},
               {"duck_release_seconds", "from 0 to 10", o->duck_release_seconds, 0, 10}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!(all[i].value >= all[i].least && all[i].value <= all[i].most))
            return !dmx_options_range(error, all[i].name, all[i].value, all[i].range);
    return o->narration == NULL || o->narration[0] != '\0' ||
           !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the name of the narration is empty");
}

bool dmx_video_options_read(demucs_video_options *options, const demucs_video_options *given, demucs_error *error)
{
    *options = defaults();
    if (given != NULL && !dmx_options_take(options, sizeof *options, given, given->struct_size))
        return !dmx_options_unknown("demucs_video_options_init", error);
    if (options->codec < DEMUCS_VIDEO_USUAL || options->codec > DEMUCS_TRACKS_AIFF)
        return !dmx_options_range(error, "codec", options->codec, "DEMUCS_VIDEO_USUAL or a demucs_tracks_container");
    return check_dub(options, error);
}

demucs_status demucs_video_options_check(const demucs_video_options *options, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    demucs_video_options read;
    dmx_video_options_read(&read, options, &why);
    if (error != NULL) *error = why;
    return why.status;
}

bool demucs_video_is_name(const char *path) { return path != NULL && audio_video_is_name(path); }

bool dmx_video_request_read(demucs_tracks_request *request, demucs_error *error)
{
    demucs_video_options options;
    if (request->video == NULL) return true;
    if (!dmx_video_options_read(&options, request->video, error)) return false;
    if (request->start_seconds > 0 || request->duration_seconds > 0)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "a section of a video cannot be given a new sound: cut the video first");
    if (request->sum_to_mix)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "a video gets one sound, and files that add up to the track are several");
    request->clip = DEMUCS_TRACKS_CLIP_RESCALE; /* so that the sound waits in a spool */
    request->cache = NULL;
    request->container = DEMUCS_TRACKS_WAV; /* at the model's rate there */
    request->output_sample_rate_hz = 0;
    request->keep = 0;
    return true;
}
