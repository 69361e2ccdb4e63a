/* streams.c - separate several raw float files at the same time: one engine, and a stream in a thread for each file.
 *
 *     streams htdemucs.safetensors one.f32 two.f32 three.f32
 *
 * writes one.drums.f32, one.bass.f32, ... Raw files are those of separate.c. A track never lies in memory as a whole:
 * its file is read twice, first for its loudness, then piece by piece through the stream. */
#include <demucs.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 14, MAX_PLANES = 64 * 16 }; /* frames of a piece; the most stems and channels that a model has */

typedef struct track {
    pthread_t thread;
    const demucs_model *model;
    demucs_engine *engine;
    const char *path;
    int done;
    demucs_error error;
} track;

/* ---- raw files ---- */

/* The next frames of a file as planes of PIECE frames each; how many. */
static size_t read_planes(FILE *file, float *planes, size_t channels)
{
    float *frame = planes + channels * PIECE; /* the place behind them */
    size_t count = 0;
    for (; count < PIECE && fread(frame, sizeof(float), channels, file) == channels; count++)
        for (size_t c = 0; c < channels; c++) planes[c * PIECE + count] = frame[c];
    return count;
}

static int write_planes(FILE *file, float *const *planes, size_t channels, size_t frames)
{
    for (size_t i = 0; i < frames; i++)
        for (size_t c = 0; c < channels; c++)
            if (fwrite(&planes[c][i], sizeof(float), 1, file) != 1) return 0;
    return 1;
}

/* PATH without its ending, and the stem's name. */
static FILE *open_stem(const char *path, const char *stem)
{
    char name[4096];
    const size_t length = strlen(path),
                 cut = length > 4 && strcmp(path + length - 4, ".f32") == 0 ? length - 4 : length;
    snprintf(name, sizeof name, "%.*s.%s.f32", (int)cut, path, stem);
    return fopen(name, "wb");
}

/* ---- a track ---- */

typedef struct work {
    demucs_stream *stream;
    FILE *mix;
    FILE *stems[64];
    size_t channels, sources;
    float *in;  /* [channels][PIECE] and a frame */
    float *out; /* [sources * channels][PIECE] */
} work;

static void planes_of(float **planes, float *samples, size_t count, size_t offset)
{
    for (size_t p = 0; p < count; p++) planes[p] = samples + p * PIECE + offset;
}

/* Pull and write what is ready, until the stream asks for more (1) or is done (2); 0 on failure. */
static int pull_all(work *w, demucs_error *error)
{
    float *planes[MAX_PLANES];
    size_t frames = 1;
    bool done = false;
    planes_of(planes, w->out, w->sources * w->channels, 0);
    while (frames > 0) {
        if (demucs_stream_pull(w->stream, planes, PIECE, &frames, &done, error) != DEMUCS_OK) return 0;
        for (size_t s = 0; s < w->sources; s++)
            if (!write_planes(w->stems[s], planes + s * w->channels, w->channels, frames)) return 0;
    }
    return done ? 2 : 1;
}

/* Push a piece, and pull whenever the stream has no room. */
static int push_all(work *w, size_t frames, demucs_error *error)
{
    float *planes[MAX_PLANES];
    for (size_t pushed = 0, accepted; pushed < frames; pushed += accepted) {
        planes_of(planes, w->in, w->channels, pushed);
        if (demucs_stream_push(w->stream, (const float *const *)planes, frames - pushed, &accepted, error) != DEMUCS_OK)
            return 0;
        if (accepted == 0 && !pull_all(w, error)) return 0;
    }
    return 1;
}

static int run(work *w, demucs_error *error)
{
    float *planes[MAX_PLANES];
    demucs_loudness loudness = {0};
    size_t frames;
    planes_of(planes, w->in, w->channels, 0);
    while ((frames = read_planes(w->mix, w->in, w->channels)) > 0)
        demucs_loudness_add(&loudness, (const float *const *)planes, (int)w->channels, frames);
    rewind(w->mix);
    if (demucs_stream_begin(w->stream, (size_t)loudness.frames, &loudness, error) != DEMUCS_OK) return 0;
    while ((frames = read_planes(w->mix, w->in, w->channels)) > 0)
        if (!push_all(w, frames, error)) return 0;
    return demucs_stream_finish(w->stream, error) == DEMUCS_OK && pull_all(w, error) == 2;
}

/* The body of a track's thread. */
static void *separate(void *argument)
{
    track *t = argument;
    work w = {.channels = (size_t)demucs_model_channels(t->model), .sources = (size_t)demucs_model_sources(t->model)};
    w.in = malloc((w.channels * PIECE + w.channels) * sizeof(float));
    w.out = malloc(w.sources * w.channels * PIECE * sizeof(float));
    w.mix = fopen(t->path, "rb");
    int ready = w.in != NULL && w.out != NULL && w.mix != NULL;
    for (size_t s = 0; ready && s < w.sources; s++) {
        w.stems[s] = open_stem(t->path, demucs_model_source_name(t->model, (int)s));
        ready = w.stems[s] != NULL;
    }
    t->done = ready && demucs_stream_create(&w.stream, t->engine, NULL, &t->error) == DEMUCS_OK && run(&w, &t->error);
    for (size_t s = 0; s < w.sources; s++)
        if (w.stems[s] != NULL && fclose(w.stems[s]) != 0) t->done = 0;
    if (w.mix != NULL) fclose(w.mix);
    demucs_stream_free(w.stream); /* before its engine */
    free(w.in);
    free(w.out);
    return NULL;
}

int main(int argc, char **argv)
{
    demucs_model *model = NULL;
    demucs_engine *engine = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    const int count = argc - 2;
    int failed = 0, started = 0;
    if (count < 1) {
        fprintf(stderr, "usage: streams MODEL IN.f32 ...\n");
        return 2;
    }
    track *tracks = calloc((size_t)count, sizeof *tracks);
    if (tracks == NULL) return EXIT_FAILURE;
    if (demucs_model_load(&model, argv[1], &error) == DEMUCS_OK)
        (void)demucs_engine_create(&engine, model, NULL, &error); /* all cores */
    for (; engine != NULL && started < count; started++) {
        tracks[started] = (track){.model = model, .engine = engine, .path = argv[started + 2]};
        if (pthread_create(&tracks[started].thread, NULL, separate, &tracks[started]) != 0) break;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(tracks[i].thread, NULL);
        failed += !tracks[i].done;
        const char *why =
            tracks[i].error.status != DEMUCS_OK ? tracks[i].error.message : "cannot be read, or its stems not written";
        printf("%s: %s\n", tracks[i].path, tracks[i].done ? "done" : why);
    }
    if (error.status != DEMUCS_OK) fprintf(stderr, "%s\n", error.message);
    demucs_engine_free(engine);
    demucs_model_free(model);
    free(tracks);
    return failed == 0 && started == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
