/* ffmpeg_versions.c - which libraries decode and encode: those that are linked, whatever the headers said. */
#include "audio/audio.h"
#include "audio/encoder.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>

#include <stdio.h>
#include <string.h>

const char *audio_versions(char text[AUDIO_VERSIONS])
{
    const struct {
        const char *name;
        unsigned version;
    } libraries[] = {{"libavformat", avformat_version()},
                     {"libavcodec", avcodec_version()},
                     {"libswresample", swresample_version()}};
    text[0] = '\0';
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        const unsigned version = libraries[i].version;
        const size_t used = strlen(text);
        snprintf(text + used, AUDIO_VERSIONS - used, "%s %u.%u.%u, ", libraries[i].name, version >> 16,
                 version >> 8 & 255, version & 255);
    }
    const size_t used = strlen(text);
    snprintf(text + used, AUDIO_VERSIONS - used, "LAME %s", audio_mp3_version());
    return text;
}
