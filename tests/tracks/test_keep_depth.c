/* test_keep_depth.c - files that keep the depth of their input: the bits that count in its samples (request.keep). */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <string.h>

static demucs_error error;

/* What is made of the input. */
static audio_sample depth_of(const demucs_tracks_request *request)
{
    audio_sample sample = AUDIO_INT16;
    demucs_tracks_result *result = tracks_separate(request);
    if (result == NULL) return sample;
    audio_reader *reader = audio_reader_open(result->files[0]->path, 0, &error);
    CHECK(reader != NULL && audio_reader_sample(reader, &sample), "%s", error.message);
    audio_reader_close(reader);
    demucs_tracks_result_free(result);
    return sample;
}

/* A wav of integers, of which only some bits count; of type 1, or one that they are coded in. */
static void save_integers(const char *path, unsigned type, int bits, int valid)
{
    unsigned char file[68 + 8000 * 2 * 4] = "RIFF____WAVEfmt ";
    const unsigned data = 8000 * 2 * (unsigned)bits / 8, rate = TRACKS_RATE_HZ, frame = 2 * (unsigned)bits / 8;
    const unsigned words[] = {
        40,   2u << 16 | 0xFFFE, rate,       rate * frame, (unsigned)bits << 16 | frame, (unsigned)valid << 16 | 22, 3,
        type, 0x00100000,        0xAA000080, 0x719B3800};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int byte = 0; byte < 4; byte++) file[16 + 4 * i + (size_t)byte] = (unsigned char)(words[i] >> 8 * byte);
    memcpy(file + 60, "data", 4);
    for (int byte = 0; byte < 4; byte++) {
        file[64 + byte] = (unsigned char)(data >> 8 * byte);
        file[4 + byte] = (unsigned char)((60 + data) >> 8 * byte);
    }
    for (unsigned i = 0; i < data; i++)
        if ((i + 1) % ((unsigned)bits / 8) == 0) file[68 + i] = (unsigned char)(i * 7 % 32);
    REQUIRE(save_bytes(path, file, 68 + data), "write");
}

static void test_depths(void)
{
    static const struct {
        audio_container container;
        audio_sample sample, wav, flac;
    } cases[] = {{AUDIO_WAV, AUDIO_INT16, AUDIO_INT16, AUDIO_INT16},
                 {AUDIO_WAV, AUDIO_INT24, AUDIO_INT24, AUDIO_INT24},
                 {AUDIO_WAV, AUDIO_FLOAT32, AUDIO_FLOAT32, AUDIO_INT24},
                 {AUDIO_FLAC, AUDIO_INT16, AUDIO_INT16, AUDIO_INT16},
                 {AUDIO_FLAC, AUDIO_INT24, AUDIO_INT24, AUDIO_INT24},
                 {AUDIO_ALAC, AUDIO_INT24, AUDIO_INT24, AUDIO_INT24},
                 {AUDIO_AIFF, AUDIO_FLOAT32, AUDIO_FLOAT32, AUDIO_INT24},
                 {AUDIO_MP3, AUDIO_INT16, AUDIO_INT24, AUDIO_INT24}}; /* what is asked for */
    const tracks_setup *setup = tracks_begin();
    sound tone = sound_tone(TRACKS_RATE_HZ, 8000);
    demucs_tracks_request request = tracks_request(setup, "song.mka");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const audio_format format = {.container = cases[i].container,
                                     .sample = cases[i].sample,
                                     .sample_rate_hz = TRACKS_RATE_HZ,
                                     .channels = tone.channels,
                                     .mp3_bitrate_kbps = 64,
                                     .mp3_quality = 5};
        REQUIRE(sound_write("song.mka", &format, &tone, &error), "%s", error.message);
        request.keep = DEMUCS_TRACKS_KEEP_DEPTH;
        request.sample = DEMUCS_TRACKS_INT24; /* plays a part for the mp3 alone */
        request.container = DEMUCS_TRACKS_WAV;
        CHECK(depth_of(&request) == cases[i].wav, "case %zu as wav", i);
        request.container = DEMUCS_TRACKS_FLAC;
        CHECK(depth_of(&request) == cases[i].flac, "case %zu as flac", i);
        request.container = DEMUCS_TRACKS_ALAC;
        CHECK(depth_of(&request) == cases[i].flac, "case %zu as alac", i);
        request.keep = 0;
        request.sample = DEMUCS_TRACKS_INT16;
        request.container = DEMUCS_TRACKS_WAV;
        CHECK(depth_of(&request) == AUDIO_INT16, "case %zu without", i);
    }
    sound_free(&tone);
}

static void test_valid_bits(void)
{
    static const struct {
        int bits, valid;
        audio_sample sample;
    } cases[] = {{16, 16, AUDIO_INT16}, {16, 12, AUDIO_INT16}, {24, 24, AUDIO_INT24},   {24, 20, AUDIO_INT24},
                 {24, 16, AUDIO_INT16}, {32, 24, AUDIO_INT24}, {32, 32, AUDIO_FLOAT32}, {32, 16, AUDIO_INT16}};
    const tracks_setup *setup = tracks_begin();
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    request.keep = DEMUCS_TRACKS_KEEP_DEPTH;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        save_integers("song.wav", 1, cases[i].bits, cases[i].valid);
        CHECK(depth_of(&request) == cases[i].sample, "%d of %d bits", cases[i].valid, cases[i].bits);
    }
    /* mu-law is coded with loss, though it is decoded to integers */
    save_integers("song.wav", 7, 8, 8);
    request.sample = DEMUCS_TRACKS_FLOAT32;
    CHECK(depth_of(&request) == AUDIO_FLOAT32, "mu-law");
}

TRACKS_MAIN(test_depths, test_valid_bits)
