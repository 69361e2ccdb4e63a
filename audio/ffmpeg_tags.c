/* ffmpeg_tags.c - see ffmpeg_tags.h
 *
 * libavformat knows most tags under one name whatever the format: the names below. What is not named is not carried
 * over: what a program wrote about itself, and gains (ReplayGain, R128, Sound Check), which would be wrong for a stem.
 *
 *     m4a              ilst, covr, and chapters as a track and a list; stem.mp4 none, whose tracks are counted
 *     flac             comments, PICTURE
 *     ogg, opus        comments, of the stream and not of the file; the picture is one of them, a PICTURE of FLAC as
 * base64 aiff             NAME, AUTH, "(c) ", ANNO; all of it stands in the ID3 that ffmpeg_writer.c adds
 *
 * Chapters of flac and ogg are comments, too: CHAPTER001=00:00:00.000 and CHAPTER001NAME. */
#include "audio/ffmpeg_tags.h"

#include "audio/tags.h"
#include "base/alloc.h"

#include <libavutil/base64.h>
#include <libavutil/intreadwrite.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* FFmpeg's names, and others under which some formats have them. */
static const char *const names[AUDIO_TAGS][2] = {
    [AUDIO_TITLE] = {"title", NULL},         [AUDIO_ARTIST] = {"artist", "performer"},
    [AUDIO_ALBUM] = {"album", NULL},         [AUDIO_ALBUM_ARTIST] = {"album_artist", "album artist"},
    [AUDIO_COMPOSER] = {"composer", NULL},   [AUDIO_TRACK] = {"track", "tracknumber"},
    [AUDIO_DISC] = {"disc", "discnumber"},   [AUDIO_DATE] = {"date", "year"},
    [AUDIO_GENRE] = {"genre", NULL},         [AUDIO_COMMENT] = {"comment", "description"},
    [AUDIO_COPYRIGHT] = {"copyright", NULL},
};

/* ---- reading ---- */

static bool read_texts(audio_tags *out, const AVDictionary *from)
{
    for (int tag = 0; tag < AUDIO_TAGS; tag++)
        for (int name = 0; name < 2 && names[tag][name] != NULL && out->texts[tag] == NULL; name++) {
            const AVDictionaryEntry *entry = av_dict_get(from, names[tag][name], NULL, 0);
            if (entry != NULL && !audio_tags_text(&out->texts[tag], entry->value, &out->left_out)) return false;
        }
    return true;
}

static bool is_front(const AVStream *stream)
{
    const AVDictionaryEntry *kind = av_dict_get(stream->metadata, "comment", NULL, 0);
    return kind != NULL && strcmp(kind->value, "Cover (front)") == 0;
}

/* The cover, or else the first picture; NULL when there is none. */
static const AVStream *find_picture(const AVFormatContext *container)
{
    const AVStream *found = NULL;
    for (unsigned i = 0; i < container->nb_streams; i++) {
        const AVStream *stream = container->streams[i];
        if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0 || stream->attached_pic.size <= 0) continue;
        if (found == NULL || (is_front(stream) && !is_front(found))) found = stream;
    }
    return found;
}

static bool read_picture(audio_tags *out, const AVFormatContext *container)
{
    const AVStream *stream = find_picture(container);
    if (stream == NULL) return true;
    const AVPacket *from = &stream->attached_pic;
    audio_picture picture = {.bytes = from->data, .size = (size_t)from->size};
    if (!audio_picture_look(&picture)) {
        out->left_out |= AUDIO_LEFT_PICTURE;
        return true;
    }
    picture.bytes = dmx_alloc(picture.size, 1);
    if (picture.bytes == NULL) return false;
    memcpy(picture.bytes, from->data, picture.size);
    out->picture = picture;
    return true;
}

static uint64_t milliseconds(int64_t time, AVRational unit)
{
    const int64_t at = unit.num > 0 && unit.den > 0 ? av_rescale_q(time, unit, (AVRational){1, 1000}) : 0;
    return at > 0 && at < UINT32_MAX ? (uint64_t)at : at > 0 ? UINT32_MAX : 0;
}

static bool read_chapter(audio_chapter *out, const AVChapter *from, unsigned *left_out)
{
    const AVDictionaryEntry *title = av_dict_get(from->metadata, "title", NULL, 0);
    out->start_ms = milliseconds(from->start, from->time_base);
    out->end_ms = from->end == AV_NOPTS_VALUE ? UINT32_MAX : milliseconds(from->end, from->time_base);
    if (out->end_ms < out->start_ms) out->end_ms = out->start_ms;
    return title == NULL || audio_tags_text(&out->title, title->value, left_out);
}

static bool read_chapters(audio_tags *out, const AVFormatContext *container)
{
    const unsigned there = container->nb_chapters, taken = there < AUDIO_CHAPTERS ? there : AUDIO_CHAPTERS;
    if (there > taken) out->left_out |= AUDIO_LEFT_CHAPTERS;
    if (taken == 0) return true;
    out->chapters = dmx_alloc(taken, sizeof *out->chapters);
    if (out->chapters == NULL) return false;
    for (unsigned i = 0; i < taken; i++) {
        out->chapters_count++;
        if (!read_chapter(&out->chapters[i], container->chapters[i], &out->left_out)) return false;
    }
    return true;
}

bool ffmpeg_tags_read(audio_tags *out, const AVFormatContext *container, const AVStream *sound)
{
    const bool of_stream = strcmp(container->iformat->name, "ogg") == 0;
    return read_texts(out, container->metadata) && (!of_stream || read_texts(out, sound->metadata)) &&
           read_picture(out, container) && read_chapters(out, container);
}

/* ---- writing ---- */

static bool give_chapters(AVFormatContext *muxer, const audio_tags *tags)
{
    if (tags->chapters_count == 0 || muxer->nb_streams > 1) return true;
    muxer->chapters = av_calloc(tags->chapters_count, sizeof *muxer->chapters);
    if (muxer->chapters == NULL) return false;
    for (size_t i = 0; i < tags->chapters_count; i++) {
        const audio_chapter *from = &tags->chapters[i];
        AVChapter *chapter = av_mallocz(sizeof *chapter);
        if (chapter == NULL) return false;
        muxer->chapters[muxer->nb_chapters++] = chapter;
        chapter->id = (int)i;
        chapter->time_base = (AVRational){1, 1000};
        chapter->start = (int64_t)from->start_ms;
        chapter->end = (int64_t)from->end_ms;
        if (from->title != NULL && av_dict_set(&chapter->metadata, "title", from->title, 0) < 0) return false;
    }
    return true;
}

static bool give_chapter_comments(AVDictionary **to, const audio_tags *tags)
{
    for (size_t i = 0; i < tags->chapters_count; i++) {
        const unsigned at = (unsigned)tags->chapters[i].start_ms;
        char name[32], time[32];
        snprintf(name, sizeof name, "CHAPTER%03zu", i + 1);
        snprintf(time, sizeof time, "%02u:%02u:%02u.%03u", at / 3600000, at / 60000 % 60, at / 1000 % 60, at % 1000);
        if (av_dict_set(to, name, time, 0) < 0) return false;
        snprintf(name, sizeof name, "CHAPTER%03zuNAME", i + 1);
        if (tags->chapters[i].title != NULL && av_dict_set(to, name, tags->chapters[i].title, 0) < 0) return false;
    }
    return true;
}

static const char *mime(const audio_picture *picture) { return picture->png ? "image/png" : "image/jpeg"; }

/* A PICTURE block of FLAC: numbers of four bytes, and texts and bytes with their lengths before them. */
static bool give_picture_comment(AVDictionary **to, const audio_picture *picture)
{
    const size_t type_bytes = strlen(mime(picture)), block_bytes = 32 + type_bytes + picture->size;
    const size_t text_bytes = AV_BASE64_SIZE(block_bytes);
    const unsigned before[] = {3, (unsigned)type_bytes};
    const unsigned after[] = {0, (unsigned)picture->width, (unsigned)picture->height, 24, 0, (unsigned)picture->size};
    unsigned char *block = dmx_alloc(block_bytes, 1), *at = block;
    char *text = av_malloc(text_bytes);
    bool done = block != NULL && text != NULL;
    if (done) {
        for (int i = 0; i < 2; i++, at += 4) AV_WB32(at, before[i]);
        memcpy(at, mime(picture), type_bytes);
        at += type_bytes;
        for (int i = 0; i < 6; i++, at += 4) AV_WB32(at, after[i]);
        memcpy(at, picture->bytes, picture->size);
        done = av_base64_encode(text, (int)text_bytes, block, (int)block_bytes) != NULL &&
               av_dict_set(to, "METADATA_BLOCK_PICTURE", text, 0) >= 0;
    }
    dmx_free(block);
    av_free(text);
    return done;
}

/* A stream of its own, for muxers that take pictures so. */
static AVStream *add_picture(AVFormatContext *muxer, const audio_picture *picture)
{
    AVStream *stream = avformat_new_stream(muxer, NULL);
    if (stream == NULL) return NULL;
    stream->disposition = AV_DISPOSITION_ATTACHED_PIC;
    stream->time_base = (AVRational){1, 90000};
    stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    stream->codecpar->codec_id = picture->png ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG;
    stream->codecpar->width = picture->width;
    stream->codecpar->height = picture->height;
    return av_dict_set(&stream->metadata, "comment", "Cover (front)", 0) >= 0 ? stream : NULL;
}

static bool give_texts(AVDictionary **to, const audio_kept *kept)
{
    for (int tag = 0; tag < AUDIO_TAGS; tag++) {
        const char *text = audio_kept_text(kept, (audio_tag)tag);
        if (text != NULL && av_dict_set(to, names[tag][0], text, 0) < 0) return false;
    }
    return true;
}

bool ffmpeg_tags_give(AVFormatContext *muxer, const audio_kept *kept, AVStream **picture)
{
    const audio_tags *tags = kept->tags;
    const char *name = muxer->oformat->name;
    *picture = NULL;
    if (tags == NULL) return true;
    const bool ogg = strcmp(name, "ogg") == 0 || strcmp(name, "opus") == 0, flac = strcmp(name, "flac") == 0;
    AVDictionary **to = ogg ? &muxer->streams[0]->metadata : &muxer->metadata;
    if (!give_texts(to, kept)) return false;
    if (strcmp(name, "aiff") == 0) return true;
    if (!(ogg || flac ? give_chapter_comments(to, tags) : give_chapters(muxer, tags))) return false;
    if (tags->picture.bytes == NULL) return true;
    if (ogg) return give_picture_comment(to, &tags->picture);
    *picture = add_picture(muxer, &tags->picture);
    return *picture != NULL;
}

int ffmpeg_tags_write_picture(AVFormatContext *muxer, const audio_kept *kept, const AVStream *picture)
{
    const audio_picture *from = &kept->tags->picture;
    AVPacket *packet = av_packet_alloc();
    int result = packet != NULL ? av_new_packet(packet, (int)from->size) : AVERROR(ENOMEM);
    if (result >= 0) {
        memcpy(packet->data, from->bytes, from->size);
        packet->stream_index = picture->index;
        packet->flags |= AV_PKT_FLAG_KEY;
        packet->pts = packet->dts = 0;
        result = av_write_frame(muxer, packet);
    }
    av_packet_free(&packet);
    return result;
}
