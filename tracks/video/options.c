/* options.c - demucs_video_options, and what a request with them may ask for. */
#include "base/options.h"
#include "audio/video.h"
#include "tracks/video/video.h"

static demucs_video_options defaults(void)
{
    return (demucs_video_options){.struct_size = sizeof(demucs_video_options), .codec = DEMUCS_VIDEO_USUAL};
}

void demucs_video_options_init(demucs_video_options *options, size_t struct_size)
{
    const demucs_video_options all = defaults();
    dmx_options_give(options, struct_size, &all, sizeof all);
}

bool dmx_video_options_read(demucs_video_options *options, const demucs_video_options *given, demucs_error *error)
{
    *options = defaults();
    if (given != NULL && !dmx_options_take(options, sizeof *options, given, given->struct_size))
        return !dmx_options_unknown("demucs_video_options_init", error);
    return (options->codec >= DEMUCS_VIDEO_USUAL && options->codec <= DEMUCS_TRACKS_AIFF) ||
           !dmx_options_range(error, "codec", options->codec, "DEMUCS_VIDEO_USUAL or a demucs_tracks_container");
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
