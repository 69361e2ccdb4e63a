/* separate.c - separate a raw float file with libdemucs: the whole of the library's use, for one track in memory.
 *
 *     ffmpeg -i song.mp3 -f f32le -ac 2 -ar 44100 song.f32
 *     separate htdemucs.safetensors song.f32 out
 *     ffmpeg -f f32le -ac 2 -ar 44100 -i out.vocals.f32 vocals.wav
 *
 * A raw file is the samples and nothing else: little-endian floats, one frame after the other, at the channel count and
 * rate of the model. A track of any length in little memory: see the streaming functions in demucs.h. */
#include <demucs.h>

#include <stdio.h>
#include <stdlib.h>

/* The samples of a track, planar as the library wants them. */
typedef struct track {
    float *samples; /* [planes][frames] */
    float **planes; /* [planes] rows of samples */
    size_t frames;
} track;

static int track_create(track *t, size_t planes, size_t frames)
{
    t->frames = frames;
    t->samples = malloc((planes * frames + 1) * sizeof *t->samples);
    t->planes = malloc(planes * sizeof *t->planes);
    for (size_t i = 0; t->samples != NULL && t->planes != NULL && i < planes; i++)
        t->planes[i] = t->samples + i * frames;
    return t->samples != NULL && t->planes != NULL;
}

static void track_free(track *t)
{
    free(t->samples);
    free(t->planes);
}

/* Read interleaved samples into planes. 0 on failure. */
static int read_raw(const char *path, size_t channels, track *mix)
{
    FILE *file = fopen(path, "rb");
    int done = 0;
    long size;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) goto close;
    rewind(file);
    if (!track_create(mix, channels, (size_t)size / sizeof(float) / channels)) goto close;
    done = 1;
    for (size_t i = 0; i < mix->frames && done; i++)
        for (size_t c = 0; c < channels && done; c++) done = fread(&mix->planes[c][i], sizeof(float), 1, file) == 1;
close:
    if (file != NULL) fclose(file);
    return done;
}

/* Write planes as interleaved samples. 0 on failure. */
static int write_raw(const char *path, float *const *planes, size_t channels, size_t frames)
{
    FILE *file = fopen(path, "wb");
    int done = file != NULL;
    for (size_t i = 0; i < frames && done; i++)
        for (size_t c = 0; c < channels && done; c++) done = fwrite(&planes[c][i], sizeof(float), 1, file) == 1;
    if (file != NULL && fclose(file) != 0) done = 0;
    return done;
}

static bool show_progress(const demucs_progress *progress, void *user)
{
    (void)user;
    if (progress->finished) fprintf(stderr, "segment %zu of %zu\n", progress->segments_done, progress->segments_total);
    return false; /* true would stop it */
}

static int write_stems(const demucs_model *model, const track *stems, const char *prefix)
{
    const int channels = demucs_model_channels(model);
    for (int i = 0; i < demucs_model_sources(model); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s.%s.f32", prefix, demucs_model_source_name(model, i));
        if (!write_raw(path, stems->planes + i * channels, (size_t)channels, stems->frames)) {
            fprintf(stderr, "%s could not be written\n", path);
            return 0;
        }
        printf("%s\n", path);
    }
    return 1;
}

int main(int argc, char **argv)
{
    demucs_model *model = NULL;
    demucs_separator *separator = NULL;
    demucs_options options;
    demucs_error error = {DEMUCS_OK, ""};
    track mix = {0}, stems = {0};
    int status = EXIT_FAILURE;
    if (argc != 4) {
        fprintf(stderr, "usage: separate MODEL IN.f32 OUT\n");
        return 2;
    }
    demucs_default_options(&options, sizeof options);
    options.progress = show_progress;
    if (demucs_model_load(&model, argv[1], &error) != DEMUCS_OK) goto done;
    if (demucs_separator_create(&separator, model, &options, &error) != DEMUCS_OK) goto done;

    const size_t channels = (size_t)demucs_model_channels(model), sources = (size_t)demucs_model_sources(model);
    if (!read_raw(argv[2], channels, &mix) || !track_create(&stems, sources * channels, mix.frames)) {
        fprintf(stderr, "%s could not be read\n", argv[2]);
        goto done;
    }
    if (demucs_separate(separator, (const float *const *)mix.planes, mix.frames, stems.planes, &error) != DEMUCS_OK)
        goto done;
    if (write_stems(model, &stems, argv[3])) status = EXIT_SUCCESS;
done:
    if (error.status != DEMUCS_OK) fprintf(stderr, "%s\n", error.message);
    track_free(&mix);
    track_free(&stems);
    demucs_separator_free(separator); /* before its model */
    demucs_model_free(model);
    return status;
}
