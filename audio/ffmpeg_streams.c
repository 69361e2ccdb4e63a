/* ffmpeg_streams.c - see ffmpeg_streams.h */
#include "audio/ffmpeg_streams.h"

#include "audio/ffmpeg_compat.h"

#include <string.h>
#include <strings.h>

/* ---- which ---- */

bool ffmpeg_stream_is_picture(const AVStream *stream)
{
    return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           (stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) == 0;
}

bool ffmpeg_stream_is_data(const AVStream *stream)
{
    return stream->codecpar->codec_type == AVMEDIA_TYPE_DATA || stream->codecpar->codec_type == AVMEDIA_TYPE_UNKNOWN;
}

/* The text track of a QuickTime file that has its chapters: the muxer makes it anew. */
static bool is_chapter_track(const AVFormatContext *from, const AVStream *stream)
{
    return from->nb_chapters > 0 && ffmpeg_stream_is_data(stream) &&
           stream->codecpar->codec_id == AV_CODEC_ID_BIN_DATA &&
           stream->codecpar->codec_tag == MKTAG('t', 'e', 'x', 't');
}

bool ffmpeg_stream_is_wanted(const ffmpeg_streams *self, const AVStream *stream)
{
    if (stream->index == self->replaced) return true;
    if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && self->drop_other_audio) return false;
    if (ffmpeg_stream_is_data(stream) && self->drop_data) return false;
    return !is_chapter_track(self->from, stream);
}

bool ffmpeg_stream_fits(const AVOutputFormat *container, const AVStream *stream)
{
    const AVCodecParameters *codec = stream->codecpar;
    if (codec->codec_type == AVMEDIA_TYPE_ATTACHMENT) return strcmp(container->name, "matroska") == 0;
    if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 && strcmp(container->name, "matroska") == 0)
        return true;
    return avformat_query_codec(container, codec->codec_id, FF_COMPLIANCE_EXPERIMENTAL) == 1;
}

/* ---- what is said of them ---- */

/* A tag that is about the bytes of the sound that goes. */
static bool is_about_bytes(const char *key)
{
    static const char *const keys[] = {"encoder", "DURATION", "BPS", "NUMBER_OF_", "_STATISTICS_"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strncasecmp(key, keys[i], strlen(keys[i])) == 0) return true;
    return false;
}

static bool copy_sound_tags(AVStream *to, const AVStream *from)
{
    for (const AVDictionaryEntry *tag = NULL;
         (tag = av_dict_get(from->metadata, "", tag, AV_DICT_IGNORE_SUFFIX)) != NULL;)
        if (!is_about_bytes(tag->key) && av_dict_set(&to->metadata, tag->key, tag->value, 0) < 0) return false;
    return true;
}

static bool make_sound(AVStream *to, const AVStream *from, const AVCodecContext *sound)
{
    if (avcodec_parameters_from_context(to->codecpar, sound) < 0 || !copy_sound_tags(to, from)) return false;
    to->time_base = sound->time_base;
    to->disposition = from->disposition;
    return true;
}

/* A tag of the codec that another container has is none in this one, if it has tags of its own. */
static unsigned fitting_tag(const AVOutputFormat *container, const AVCodecParameters *codec)
{
    unsigned own = 0;
    const bool known = container->codec_tag == NULL ||
                       av_codec_get_id(container->codec_tag, codec->codec_tag) == codec->codec_id ||
                       av_codec_get_tag2(container->codec_tag, codec->codec_id, &own) == 0;
    return known ? codec->codec_tag : 0;
}

static bool copy_stream(const AVOutputFormat *container, AVStream *to, const AVStream *from)
{
    if (avcodec_parameters_copy(to->codecpar, from->codecpar) < 0 || !ffmpeg_stream_copy_side_data(to, from) ||
        av_dict_copy(&to->metadata, from->metadata, 0) < 0)
        return false;
    to->codecpar->codec_tag = fitting_tag(container, from->codecpar);
    to->id = from->id;
    to->time_base = from->time_base;
    to->duration = from->duration;
    to->disposition = from->disposition;
    to->avg_frame_rate = from->avg_frame_rate;
    to->r_frame_rate = from->r_frame_rate;
    to->sample_aspect_ratio = from->sample_aspect_ratio;
    return true;
}

/* What a container says of itself is no tag of another one. */
static bool copy_tags(AVFormatContext *to, const AVFormatContext *from)
{
    static const char *const brands[] = {"major_brand", "minor_version", "compatible_brands"};
    bool quicktime = false;
    if (av_dict_copy(&to->metadata, from->metadata, 0) < 0) return false;
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++) av_dict_set(&to->metadata, brands[i], NULL, 0);
    for (const AVDictionaryEntry *tag = NULL;
         (tag = av_dict_get(to->metadata, "", tag, AV_DICT_IGNORE_SUFFIX)) != NULL;)
        quicktime = quicktime || strncmp(tag->key, "com.", 4) == 0;
    /* keys such as com.apple.quicktime.location are only written so; containers without the option take any key */
    if (quicktime) av_opt_set(to->priv_data, "movflags", "+use_metadata_tags", 0);
    return true;
}

static bool copy_chapter(AVFormatContext *to, const AVChapter *from)
{
    AVChapter **longer = av_realloc_array(to->chapters, to->nb_chapters + 1, sizeof *longer);
    if (longer == NULL) return false;
    to->chapters = longer;
    AVChapter *chapter = av_mallocz(sizeof *chapter);
    if (chapter == NULL) return false;
    to->chapters[to->nb_chapters++] = chapter;
    chapter->id = from->id;
    chapter->time_base = from->time_base;
    chapter->start = from->start;
    chapter->end = from->end;
    return av_dict_copy(&chapter->metadata, from->metadata, 0) >= 0;
}

bool ffmpeg_streams_copy(const ffmpeg_streams *self, AVFormatContext *to, const AVCodecContext *sound, int *map)
{
    const AVFormatContext *from = self->from;
    for (unsigned i = 0; i < from->nb_streams; i++) {
        map[i] = -1;
        if (!ffmpeg_stream_is_wanted(self, from->streams[i])) continue;
        AVStream *stream = avformat_new_stream(to, NULL);
        if (stream == NULL) return false;
        map[i] = stream->index;
        if ((int)i == self->replaced ? !make_sound(stream, from->streams[i], sound)
                                     : !copy_stream(to->oformat, stream, from->streams[i]))
            return false;
    }
    for (unsigned i = 0; i < from->nb_chapters; i++)
        if (!copy_chapter(to, from->chapters[i])) return false;
    return copy_tags(to, from);
}
