/* audio_test.c - see audio_test.h */
#include "audio_test.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_path[256];

/* ---- files ---- */

void scratch_enter(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scratch_path, sizeof scratch_path, "%s/demucs-audio-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(scratch_path) == NULL || chdir(scratch_path) != 0) {
        perror(scratch_path);
        exit(2);
    }
}

/* Call `visit` for each entry of the current folder; returns how many there are. */
static int for_each_entry(int (*visit)(const char *))
{
    DIR *folder = opendir(".");
    int count = 0;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        count++;
        if (visit != NULL) visit(entry->d_name);
    }
    if (folder != NULL) closedir(folder);
    return count;
}

int scratch_count(void) { return for_each_entry(NULL); }

void scratch_leave(void)
{
    for_each_entry(remove);
    if (chdir("/") != 0 || rmdir(scratch_path) != 0) perror(scratch_path);
}

bytes load_bytes(const char *path)
{
    bytes out = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) return out;
    fseek(file, 0, SEEK_END);
    out.size = (size_t)ftell(file);
    rewind(file);
    out.data = malloc(out.size + 1);
    if (fread(out.data, 1, out.size, file) != out.size) {
        free(out.data);
        out.data = NULL;
    }
    fclose(file);
    return out;
}

bool save_bytes(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) return false;
    bool written = fwrite(data, 1, size, file) == size;
    return fclose(file) == 0 && written;
}

const char *data_path(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/audio/%s", DEMUCS_TEST_DATA, name);
    return path;
}

/* ---- sound ---- */

sound sound_new(int channels, int sample_rate_hz, size_t frames)
{
    sound out = {.channels = channels, .sample_rate_hz = sample_rate_hz, .frames = frames};
    for (int channel = 0; channel < channels; channel++) out.planes[channel] = calloc(frames + 1, sizeof(float));
    return out;
}

void sound_free(sound *it)
{
    for (int channel = 0; channel < SOUND_CHANNELS; channel++) free(it->planes[channel]);
    memset(it, 0, sizeof *it);
}

sound sound_noise(int channels, int sample_rate_hz, size_t frames, float peak)
{
    sound out = sound_new(channels, sample_rate_hz, frames);
    uint32_t state = 12345;
    for (int channel = 0; channel < channels; channel++) {
        for (size_t frame = 0; frame < frames; frame++) {
            state = state * 1664525u + 1013904223u;
            out.planes[channel][frame] = peak * ((float)(state >> 8) / 8388608.0f - 1.0f);
        }
    }
    return out;
}

sound sound_tone(int sample_rate_hz, size_t frames)
{
    const double turn = 2.0 * acos(-1.0) / sample_rate_hz;
    sound out = sound_new(2, sample_rate_hz, frames);
    for (size_t frame = 0; frame < frames; frame++) {
        out.planes[0][frame] = (float)(0.4 * sin(turn * 1000.0 * (double)frame));
        out.planes[1][frame] = (float)(0.3 * sin(turn * 1700.0 * (double)frame));
    }
    return out;
}

sound sound_read(const char *path, int stream, size_t block, demucs_error *error)
{
    sound out = {0};
    audio_reader *reader = audio_reader_open(path, stream, error);
    if (reader == NULL) return out;
    out.channels = audio_reader_channels(reader);
    out.sample_rate_hz = audio_reader_sample_rate_hz(reader);
    for (;;) {
        float *planes[SOUND_CHANNELS];
        for (int channel = 0; channel < out.channels; channel++) {
            out.planes[channel] = realloc(out.planes[channel], (out.frames + block) * sizeof(float));
            planes[channel] = out.planes[channel] + out.frames;
        }
        long got = audio_reader_read(reader, planes, block, error);
        if (got < 0) sound_free(&out);
        if (got <= 0) break;
        out.frames += (size_t)got;
    }
    audio_reader_close(reader);
    return out;
}

void sound_check_refused(const char *path, int stream, const char *reason)
{
    demucs_error error = {0};
    sound read = sound_read(path, stream, 4096, &error);
    CHECK(read.channels == 0, "%s was read: %zu frames", path, read.frames);
    CHECK(strstr(error.message, path) != NULL && strstr(error.message, reason) != NULL, "the message is: %s",
          error.message);
    sound_free(&read);
}

bool sound_write(const char *path, const audio_format *format, const sound *input, demucs_error *error)
{
    audio_writer *writer = audio_writer_open(path, format, error);
    if (writer == NULL) return false;
    size_t piece = 1;
    for (size_t start = 0; start < input->frames; piece = piece * 5 + 2) {
        size_t count = input->frames - start < piece ? input->frames - start : piece;
        const float *planes[SOUND_CHANNELS];
        for (int channel = 0; channel < input->channels; channel++) planes[channel] = input->planes[channel] + start;
        if (!audio_writer_write(writer, planes, count, error)) {
            audio_writer_abort(writer);
            return false;
        }
        start += count;
    }
    return audio_writer_close(writer, error);
}

double sound_snr(const sound *actual, const sound *expected, size_t start, size_t end)
{
    double signal = 0.0, noise = 0.0;
    for (int channel = 0; channel < expected->channels; channel++) {
        for (size_t frame = start; frame < end; frame++) {
            double wanted = expected->planes[channel][frame];
            double error = wanted - actual->planes[channel][frame];
            signal += wanted * wanted;
            noise += error * error;
        }
    }
    return noise > 0.0 ? 10.0 * log10(signal / noise) : 200.0;
}
