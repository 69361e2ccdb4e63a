/* main.c - `demucs-demo-song FOLDER`: write the demonstration song and its true stems as wav files; see song.h
 *
 * The stems are drums.wav, bass.wav, other.wav and vocals.wav, their sum is song.wav. */
#include "song.h"

#include "audio/audio.h"
#include "base/folder.h"
#include "common/arguments.h"
#include "common/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRUMS, BASS, OTHER, VOCALS, MIX, STEMS };

static const char *const names[STEMS] = {"drums", "bass", "other", "vocals", "song"};
static const double loudness[MIX] = {0.110, 0.100, 0.085, 0.100}; /* of the whole stem, root mean square */

static bool allocate(stem stems[STEMS], size_t frames)
{
    for (int i = 0; i < STEMS; i++) {
        stems[i].frames = frames;
        for (int c = 0; c < 2; c++)
            if ((stems[i].planes[c] = calloc(frames, sizeof(float))) == NULL) return false;
    }
    return true;
}

static void scale(stem *s, double factor)
{
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < s->frames; i++) s->planes[c][i] = (float)(s->planes[c][i] * factor);
}

static double rms(const stem *s)
{
    double sum = 0;
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < s->frames; i++) sum += (double)s->planes[c][i] * s->planes[c][i];
    return sqrt(sum / (2 * (double)s->frames));
}

static double peak(const stem *s)
{
    double most = 0;
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < s->frames; i++) most = fmax(most, fabs((double)s->planes[c][i]));
    return most;
}

/* The mix is the sum, turned down with its stems so that it does not clip. */
static void mix(stem stems[STEMS])
{
    for (int i = 0; i < MIX; i++) {
        scale(&stems[i], loudness[i] / rms(&stems[i]));
        for (int c = 0; c < 2; c++)
            for (size_t n = 0; n < stems[i].frames; n++) stems[MIX].planes[c][n] += stems[i].planes[c][n];
    }
    const double factor = 0.97 / peak(&stems[MIX]);
    for (int i = 0; i < STEMS; i++) scale(&stems[i], factor);
}

static bool write_wav(const char *folder, const char *name, const stem *s)
{
    const audio_format format = {
        .container = AUDIO_WAV, .sample = AUDIO_INT16, .sample_rate_hz = SONG_RATE_HZ, .channels = 2};
    demucs_error error;
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s.wav", folder, name) >= (int)sizeof path) {
        fprintf(stderr, "error: the name of the folder is too long.\n");
        return false;
    }
    audio_writer *writer = audio_writer_open(path, &format, &error);
    if (writer != NULL && audio_writer_write(writer, (const float *const *)s->planes, s->frames, &error)) {
        if (audio_writer_close(writer, &error)) return true;
    } else {
        audio_writer_abort(writer);
    }
    fprintf(stderr, "error: %s\n", error.message);
    return false;
}

static int play(const char *folder)
{
    stem stems[STEMS] = {0};
    demucs_error error;
    int status = 1;
    dmx_error_clear(&error);
    if (dmx_folder_make(folder, NULL, &error) != DEMUCS_OK) {
        fprintf(stderr, "error: %s\n", error.message);
        goto done;
    }
    if (!allocate(stems, song_frame(SONG_BEATS) + 3 * SONG_RATE_HZ / 2)) {
        fprintf(stderr, "error: out of memory.\n");
        goto done;
    }
    song_drums(&stems[DRUMS]);
    song_bass(&stems[BASS]);
    song_guitar(&stems[OTHER]);
    song_piano(&stems[OTHER]);
    song_room(&stems[OTHER], 0.7, 0.06, 0.3);
    song_voice(&stems[VOCALS]);
    mix(stems);
    status = 0;
    for (int i = 0; i < STEMS && status == 0; i++) status = !write_wav(folder, names[i], &stems[i]);
done:
    for (int i = 0; i < STEMS; i++)
        for (int c = 0; c < 2; c++) free(stems[i].planes[c]);
    return status;
}

int main(int argc, char **argv)
{
    static const argument table[] = {{'h', "help", ARGUMENT_HELP, .help = "show this help and exit"}};
    const argument_parser parser = {.program = "demucs-demo-song",
                                    .description =
                                        "Play the song of the demonstration into a folder: the mix and its stems.",
                                    .options = table,
                                    .options_count = 1,
                                    .positional = "FOLDER",
                                    .positional_help = "where the wav files go; made where it is missing",
                                    .positional_minimum = 1,
                                    .positional_maximum = 1};
    const char **folders = memory_new((size_t)argc + 1, sizeof *folders);
    int count = 0;
    arguments_result parsed = arguments_parse(&parser, argc, argv, &count, folders, &count);
    int status = parsed == ARGUMENTS_RUN ? play(folders[0]) : parsed == ARGUMENTS_WRONG ? 2 : 0;
    free(folders);
    return status;
}
