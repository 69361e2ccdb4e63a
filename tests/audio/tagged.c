/* tagged.c - see tagged.h */
#include "tagged.h"

#include <string.h>

const unsigned char tagged_png[TAGGED_PNG_BYTES] = {
    0x89, 'P',  'N',  'G',  '\r', '\n', 0x1A, '\n', 0,    0,    0,    13,  'I',  'H',  'D',  'R',  0,
    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,    0,   0x3A, 0x7E, 0x9B, 0x55, 0,
    0,    0,    10,   'I',  'D',  'A',  'T',  0x78, 0x9C, 0x63, 0x68, 0,   0,    0,    0x82, 0,    0x81,
    0x77, 0xCD, 0x72, 0xB6, 0,    0,    0,    0,    'I',  'E',  'N',  'D', 0xAE, 0x42, 0x60, 0x82};

const unsigned char tagged_jpeg[TAGGED_JPEG_BYTES] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 6, 'A', 'B',  'C',
                                                      'D',  0xFF, 0xFF, 0xC4, 0, 3, 'x', 0xFF, 0xC2,
                                                      0,    0x11, 8,    1,    2, 3, 4,   3};

bool tagged_write(const char *path, audio_container container, audio_sample sample, const sound *it,
                  const audio_kept *kept)
{
    const audio_format format = {.container = container,
                                 .sample = sample,
                                 .sample_rate_hz = it->sample_rate_hz,
                                 .channels = it->channels,
                                 .mp3_bitrate_kbps = 128,
                                 .mp3_quality = 7};
    demucs_error error = {DEMUCS_OK, ""};
    audio_writer *writer = audio_writer_open_with(path, &format, kept, &error);
    const bool done = writer != NULL &&
                      audio_writer_write(writer, (const float *const *)it->planes, it->frames, &error) &&
                      audio_writer_close(writer, &error);
    CHECK(done, "%s: %s", path, error.message);
    return done;
}

audio_tags tagged_read(const char *path)
{
    demucs_error error = {DEMUCS_OK, ""};
    audio_tags tags = {.left_out = 0};
    audio_reader *reader = audio_reader_open(path, 0, &error);
    CHECK(reader != NULL && audio_reader_tags(reader, &tags), "%s", error.message);
    audio_reader_close(reader);
    return tags;
}

bool tagged_same(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }
