/* audio.h - files <-> planar float PCM, streaming. Independent of the engine: of src/ it sees base/ and nothing else.
 *
 * Reading: anything FFmpeg's libraries read. Writing: wav (own writer: a header and samples), mp3,
 * and what FFmpeg writes for us: flac, ogg, opus, m4a, aiff, stem.mp4.
 * Every writer works on a temporary file beside the target and renames it at the end: a target appears whole or not at
 * all (base/file.h). Functions that can fail take a demucs_error, which may be NULL, and write one sentence into it
 * that names the file. */
#ifndef DEMUCS_AUDIO_H
#define DEMUCS_AUDIO_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --------------------------------------------------------------------------------------------------- reading ---- */

typedef struct audio_reader audio_reader;

/* Whether to give up waiting for a pipe to which nobody writes; asked ten times a second, on the reader's thread. */
typedef struct audio_stop {
    bool (*asked)(void *user);
    void *user;
} audio_stop;

/* Where the bytes that come through a pipe are kept, for formats that have to go back and forth in them. */
typedef struct audio_scratch {
    int (*open)(void *user, demucs_error *error); /* a file, open for reading and writing, that has no name; -1 with a
                                                     sentence */
    void (*say_full)(void *user, int failure,
                     demucs_error *error); /* the sentence when it could not be written: errno */
    void *user;
} audio_scratch;

typedef struct audio_reader_options {
    int stream;             /* which audio stream of the file, from 0 */
    int most_channels;      /* 0: any; else more than so many are mixed down to so many by the usual coefficients (ITU-R
                               BS.775: the centre and the surrounds at -3 dB, without the bass channel) */
    const audio_stop *stop; /* NULL, or what outlives the reader: it can be stopped while it waits for bytes, now or
                               when it reads. Whoever asked it to stop does not look at what it says then: it may fail
                               or be at the end */
    const audio_scratch *scratch; /* NULL: a pipe is read as it comes, and what needs more is refused; else it outlives
                                     the reader */
} audio_reader_options;

/* Open an audio stream of a file. NULL on failure. */
audio_reader *audio_reader_open_with(const char *path, const audio_reader_options *options, demucs_error *error);

static inline audio_reader *audio_reader_open(const char *path, int stream, demucs_error *error)
{
    const audio_reader_options options = {.stream = stream};
    return audio_reader_open_with(path, &options, error);
}
void audio_reader_close(audio_reader *reader);

/* Of the part of the stream that comes next. The rate is at most 768,000: what is above is halved as often as needed.
 */
int audio_reader_channels(const audio_reader *reader);
int audio_reader_sample_rate_hz(const audio_reader *reader);

/* Frames, at the rate of the part, that the container announces, or 0 when it does not say. A hint: files lie. */
uint64_t audio_reader_expected_frames(const audio_reader *reader);

/* Frames that the file itself states in its header, or 0 when it does not: a file of fewer is not whole. */
uint64_t audio_reader_announced_frames(const audio_reader *reader);

/* A stream changes its rate or the number of its channels: a part of it ends and another begins. */
enum { AUDIO_CHANGED = -2 };

/* Read up to `capacity` frames of one part into planes[channel]; returns how many, 0 at the end, -1 on an error.
 * AUDIO_CHANGED: nothing was read, and channels and rate are those of another part from here on. Encoder delay and
 * padding (gapless MP3 and AAC) are trimmed. Damage in the middle of a file is counted, and silence as long as what
 * was lost, as far as the time stamps say it, keeps the rest in time. A file of which nothing could be decoded, or
 * almost nothing up to its end, is an error; so is an encrypted one. */
long audio_reader_read(audio_reader *reader, float *const *planes, size_t capacity, demucs_error *error);

/* Places that were damaged, so far. */
size_t audio_reader_damaged(const audio_reader *reader);

/* ----------------------------------------------------------------------------------------------- both ways ---- */

typedef enum audio_sample { AUDIO_INT16, AUDIO_INT24, AUDIO_FLOAT32 } audio_sample;

/* What holds the samples of the stream, by the bits that count in them: up to 16, up to 24, or floats, which are also
 * nearest to integers of more bits. False when it was coded with loss, and so has no such thing. */
bool audio_reader_sample(const audio_reader *reader, audio_sample *sample);

/* What a file says of its track, as far as it may go into files of others. Gains, such as ReplayGain, and what a
 * program says of itself are not among it. */
typedef enum audio_tag {
    AUDIO_TITLE,
    AUDIO_ARTIST,
    AUDIO_ALBUM,
    AUDIO_ALBUM_ARTIST,
    AUDIO_COMPOSER,
    AUDIO_TRACK, /* "3", "3/12" */
    AUDIO_DISC,
    AUDIO_DATE, /* "2021", "2021-05-04" */
    AUDIO_GENRE,
    AUDIO_COMMENT,
    AUDIO_COPYRIGHT,
    AUDIO_TAGS
} audio_tag;

typedef struct audio_picture {
    unsigned char *bytes; /* a whole JPEG or PNG file; NULL: there is none */
    size_t size;
    bool png;
    int width, height; /* 1 to 65,535 */
} audio_picture;

typedef struct audio_chapter {
    uint64_t start_ms, end_ms; /* at most UINT32_MAX */
    char *title;               /* UTF-8, or NULL */
} audio_chapter;

/* What was there and is left out. */
enum { AUDIO_LEFT_TEXT = 1, AUDIO_LEFT_PICTURE = 2, AUDIO_LEFT_CHAPTERS = 4 };

typedef struct audio_tags {
    char *texts[AUDIO_TAGS]; /* UTF-8 of bounded length without control characters; NULL where there is none */
    audio_picture picture;   /* the front cover */
    audio_chapter *chapters; /* [chapters_count] */
    size_t chapters_count;
    unsigned left_out; /* AUDIO_LEFT_... */
} audio_tags;

/* What the file that is read says of its track. Files are not trusted: texts of more than 4 KiB are cut, those that are
 * not UTF-8 are taken for Latin-1; of pictures over 10 MiB or of another kind, and of chapters beyond the 255th,
 * nothing is taken. False without memory. audio_tags_clear frees, in each case. */
bool audio_reader_tags(const audio_reader *reader, audio_tags *tags);
void audio_tags_clear(audio_tags *tags);

/* --------------------------------------------------------------------------------------------------- writing ---- */

typedef enum audio_container {
    AUDIO_WAV,
    AUDIO_FLAC,
    AUDIO_MP3,
    AUDIO_OGG, /* Vorbis */
    AUDIO_OPUS,
    AUDIO_AAC,  /* m4a */
    AUDIO_ALAC, /* m4a */
    AUDIO_AIFF,
    AUDIO_STEMS_AAC, /* stem.mp4: a stereo stream for each two channels */
    AUDIO_STEMS_ALAC /* the same */
} audio_container;

typedef struct audio_format {
    audio_container container;
    audio_sample sample; /* wav, aiff: any; flac, alac: int16 or int24; the lossy ones take no notice */
    int sample_rate_hz;
    int channels;
    int mp3_bitrate_kbps; /* 320 */
    int mp3_quality;      /* LAME's: 2 best .. 7 fastest */
    int bitrate_kbps;     /* ogg, opus, aac: of the whole file, of stem.mp4 a stream; 0: what the format needs to
                             sound well */
    bool nearest;         /* integers are the nearest to what readers make of them, which divide by 2^15 or 2^23;
                             else as the official one writes them (audio_writer_write) */
} audio_format;

/* What a file keeps of another one. */
typedef struct audio_kept {
    bool rate; /* format.sample_rate_hz, which is one of audio_container_kept_rate_hz: LAME, which may choose another
                  one by the bit rate, does not */
    const audio_tags *tags; /* NULL, or what to say of the track. All formats can hold all of it, but for dates in mp3
                               and aiff that do not begin with a year, and chapters in stem.mp4 */
    const char *title;      /* instead of that of the tags, if they have one */
} audio_kept;

typedef struct audio_writer audio_writer;

/* The rate at which a container is written that would be given this one: Opus knows 48 kHz only. */
int audio_container_rate_hz(audio_container container, int sample_rate_hz);

/* The same for a file that is to keep the rate of another one: of a container that has a list of rates (mp3, opus, aac)
 * the lowest that loses nothing, else the highest. */
int audio_container_kept_rate_hz(audio_container container, int sample_rate_hz);

/* Start writing `path` (through a temporary file in the same folder, which must exist). `kept` lasts as long as the
 * writer. NULL on failure; nothing is left behind then. */
audio_writer *audio_writer_open_with(const char *path, const audio_format *format, const audio_kept *kept,
                                     demucs_error *error);

static inline audio_writer *audio_writer_open(const char *path, const audio_format *format, demucs_error *error)
{
    static const audio_kept nothing = {.tags = NULL};
    return audio_writer_open_with(path, format, &nothing, error);
}

/* Start writing into an open file without a name, for reading and writing, which becomes the writer's in any case;
 * `name` is for messages. It is handed on or over, or aborted; there is nothing to finish and nothing to close. */
audio_writer *audio_writer_open_nameless(int file, const char *name, const audio_format *format, const audio_kept *kept,
                                         demucs_error *error);

/* Whether the bytes of such a file stay as they are once they are written, when it is known how many frames will come.
 */
bool audio_container_grows(audio_container container);

/* Say that so many frames will come, before the first, and no others. */
bool audio_writer_expect(audio_writer *writer, uint64_t frames, demucs_error *error);

/* Hand over what is in the file from byte *at on, as audio_writer_hand_over does, and move *at; the writer goes on. */
bool audio_writer_hand_on(audio_writer *writer, uint64_t *at, bool (*take)(const void *bytes, size_t count, void *user),
                          void *user, demucs_error *error);

/* Put `text` (JSON, copied) into the file at its end, as what its streams are: of stem.mp4 (audio/stem_box.h). False
 * without memory. */
bool audio_writer_describe_stems(audio_writer *writer, const char *text, demucs_error *error);

/* Add frames. Integer formats clamp to [-1, 1], scale by 32767 or 8388607 and truncate towards zero, as the official
 * one, NaN becoming 0; float32 is written as it is, NaN too. Ogg, opus and aac are fed floats in [-1, 1], mp3 int16. */
bool audio_writer_write(audio_writer *writer, const float *const *planes, size_t frames, demucs_error *error);

/* Bring everything to the disk, under the temporary name still: what can go wrong for want of space goes wrong here.
 * Who writes several files that belong together finishes all of them before closing the first. */
bool audio_writer_finish(audio_writer *writer, demucs_error *error);

/* Finish if that was not done, rename over the target, free the writer. On failure the temporary file is gone and an
 * older target untouched. */
bool audio_writer_close(audio_writer *writer, demucs_error *error);

/* Instead of closing: hand the bytes of the file over, from byte `at` on, in pieces of 48 KiB but for the last, until
 * `take` returns false. No file appears, and the writer is freed. On failure `take` may have got some; false without a
 * sentence is take's own. */
bool audio_writer_hand_over(audio_writer *writer, uint64_t at,
                            bool (*take)(const void *bytes, size_t count, void *user), void *user, demucs_error *error);

/* Give up: remove the temporary file, free the writer. NULL is fine. */
void audio_writer_abort(audio_writer *writer);

/* -------------------------------------------------------------------------------------------------- versions ---- */

/* The versions of the libraries that decode and encode, "libavformat 60.16.100, ..., LAME 3.100", in `text`; returns
 * it. With others, the same file may give other samples, or the same samples another file. */
enum { AUDIO_VERSIONS = 200 };
const char *audio_versions(char text[AUDIO_VERSIONS]);

#endif
