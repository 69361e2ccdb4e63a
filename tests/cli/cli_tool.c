/* cli_tool.c - what the CLI tests need and a shell does not have: make audio, look at audio, limits and signals.
 *
 *     make FILE RATE CHANNELS FRAMES KIND   write a float32 wav; KIND is music, loud (peaks over 1), quiet, silence,
 *                                           nan or gaps (some samples not finite, or 0), or equal (channels 0 and 1
 * alike, the others something else) info FILE...                          print form, rate, channels, frames of each
 *     sum RESULT PART...                    is RESULT, sample for sample, 0 + PART + PART ... in float32?
 *     minus RESULT MIX STEM                 is RESULT = MIX - STEM?
 *     rescaled RESULT PLAIN                 is RESULT = PLAIN / max(1.01 * peak, 1)?
 *     clamped RESULT PLAIN                  is RESULT = PLAIN, cut off at +-0.99?
 *     tagged FILE                           write a second of sound as mp3, with tags, a picture and two chapters
 *     tags FILE...                          print what each says of itself
 *     adds-up MIX PART...                   how near comes PART + PART ... to MIX?
 *     limit BYTES COMMAND...                run with files limited to so many bytes: a disk that gets full
 *     signal NAMES FILE TEXT COMMAND...     run; once FILE has TEXT, send the signals (INT, TERM or INT,TERM)
 *
 * A comparison prints "yes", or "no" and the first place that differs. */
#include "audio/audio.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int die(const char *what, const char *name)
{
    fprintf(stderr, "cli_tool: %s %s\n", what, name);
    exit(3);
}

/* ------------------------------------------------------------------------------------------------- making ---- */

static void put(FILE *file, unsigned long value, int bytes)
{
    for (int i = 0; i < bytes; i++) fputc((int)(value >> (8 * i) & 255), file);
}

/* A few decaying partials and a little noise: enough for every stem to get something. */
static float sample(const char *kind, long frame, int channel, int rate, unsigned *random)
{
    if (strcmp(kind, "silence") == 0) return 0;
    if (strcmp(kind, "nan") == 0 && frame % 1000 < 3) return NAN;
    if (strcmp(kind, "gaps") == 0 && frame % 1000 < 3) return 0;
    bool equal = strcmp(kind, "equal") == 0;
    if (equal && channel > 1) return 0.5F;
    if (!equal || channel == 0) *random = *random * 1664525u + 1013904223u;
    double t = (double)frame / rate, beat = fmod(t, 0.25), phase = equal ? 0 : channel;
    double noise = (double)(*random >> 8) / 8388608.0 - 1;
    double value = 0.25 * sin(345.6 * t + phase) + 0.15 * sin(1382.3 * t) + 0.3 * exp(-30 * beat) * noise;
    double gain = strcmp(kind, "loud") == 0 ? 8 : strcmp(kind, "quiet") == 0 ? 0.05 : 1;
    return (float)(gain * value);
}

static int make(char **a)
{
    int rate = atoi(a[1]), channels = atoi(a[2]);
    long frames = atol(a[3]);
    unsigned random = 1;
    unsigned long data = (unsigned long)frames * (unsigned long)channels * 4;
    FILE *file = fopen(a[0], "wb");
    if (file == NULL) die("cannot write", a[0]);
    fputs("RIFF", file);
    put(file, 36 + data, 4);
    fputs("WAVEfmt ", file);
    put(file, 16, 4);
    put(file, 3, 2);
    put(file, (unsigned long)channels, 2);
    put(file, (unsigned long)rate, 4);
    put(file, (unsigned long)(rate * channels * 4), 4);
    put(file, (unsigned long)channels * 4, 2);
    put(file, 32, 2);
    fputs("data", file);
    put(file, data, 4);
    for (long frame = 0; frame < frames; frame++)
        for (int channel = 0; channel < channels; channel++) {
            float value = sample(a[4], frame, channel, rate, &random);
            fwrite(&value, 4, 1, file);
        }
    return fclose(file) == 0 ? 0 : die("cannot write", a[0]);
}

/* ------------------------------------------------------------------------------------------------- looking ---- */

typedef struct track {
    int rate, channels;
    size_t frames;
    float *samples; /* [frames][channels] */
} track;

static track load(const char *path)
{
    enum { BLOCK = 4096 };
    demucs_error error;
    track self = {0};
    audio_reader *reader = audio_reader_open(path, 0, &error);
    if (reader == NULL) die("cannot read", error.message);
    self.rate = audio_reader_sample_rate_hz(reader);
    self.channels = audio_reader_channels(reader);
    float *planes[64];
    for (int c = 0; c < self.channels && c < 64; c++) planes[c] = malloc(BLOCK * sizeof(float));
    long frames;
    while ((frames = audio_reader_read(reader, planes, BLOCK, &error)) > 0) {
        size_t channels = (size_t)self.channels;
        self.samples = realloc(self.samples, (self.frames + (size_t)frames) * channels * sizeof(float));
        for (size_t i = 0; i < (size_t)frames; i++)
            for (size_t c = 0; c < channels; c++) self.samples[(self.frames + i) * channels + c] = planes[c][i];
        self.frames += (size_t)frames;
    }
    if (frames < 0) die("cannot read", error.message);
    for (int c = 0; c < self.channels && c < 64; c++) free(planes[c]);
    audio_reader_close(reader);
    return self;
}

/* "wav int16", from the first bytes of a file. */
static const char *form(const char *path)
{
    unsigned char head[64] = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) die("cannot read", path);
    size_t size = fread(head, 1, sizeof head, file);
    fclose(file);
    if (size < 4) return "empty";
    if (memcmp(head, "fLaC", 4) == 0) return "flac";
    if (memcmp(head, "ID3", 3) == 0 || (head[0] == 0xFF && (head[1] & 0xE0) == 0xE0)) return "mp3";
    if (memcmp(head, "OggS", 4) == 0) return memcmp(head + 28, "OpusHead", 8) == 0 ? "opus" : "ogg";
    if (memcmp(head + 4, "ftypM4A ", 8) == 0) return "m4a";
    if (memcmp(head, "FORM", 4) == 0) return memcmp(head + 8, "AIFC", 4) == 0 ? "aifc" : "aiff";
    if (memcmp(head, "RIFF", 4) != 0) return "unknown";
    for (size_t i = 12; i + 24 < sizeof head; i++)
        if (memcmp(head + i, "fmt ", 4) == 0)
            return head[i + 22] == 16 ? "wav int16" : head[i + 22] == 24 ? "wav int24" : "wav float32";
    return "wav";
}

static int info(char **paths)
{
    for (; *paths != NULL; paths++) {
        track self = load(*paths);
        bool finite = true;
        double energy = 0;
        for (size_t i = 0; i < self.frames * (size_t)self.channels; i++) {
            finite = finite && isfinite(self.samples[i]);
            energy += (double)self.samples[i] * self.samples[i];
        }
        printf("%s: %s, %d Hz, %d channels, %zu frames%s%s\n", *paths, form(*paths), self.rate, self.channels,
               self.frames, finite ? "" : ", not finite", energy == 0 ? ", silent" : "");
        free(self.samples);
    }
    return 0;
}

/* ---- what files say of themselves ---- */

static int make_tagged(const char *path)
{
    enum { FRAMES = 44100 };
    static float sound[FRAMES];
    static unsigned char png[] = "\x89PNG\r\n\x1A\n____IHDR\0\0\0\1\0\0\0\1";
    audio_chapter chapters[] = {{0, 400, "Verse"}, {400, 1000, "Chorus"}};
    const audio_tags tags = {.texts = {[AUDIO_TITLE] = "A song",
                                       [AUDIO_ARTIST] = "Bj\xC3\xB6rk",
                                       [AUDIO_TRACK] = "3/12",
                                       [AUDIO_DATE] = "2021-05-04",
                                       [AUDIO_COMMENT] = "A comment"},
                             .picture = {.bytes = png, .size = sizeof png - 1, .png = true, .width = 1, .height = 1},
                             .chapters = chapters,
                             .chapters_count = 2};
    const audio_kept kept = {.tags = &tags};
    const audio_format format = {
        .container = AUDIO_MP3, .sample_rate_hz = 44100, .channels = 1, .mp3_bitrate_kbps = 64, .mp3_quality = 7};
    const float *planes[] = {sound};
    demucs_error error;
    unsigned random = 1;
    for (long i = 0; i < FRAMES; i++) sound[i] = sample("music", i, 0, 44100, &random);
    audio_writer *writer = audio_writer_open_with(path, &format, &kept, &error);
    if (writer == NULL || !audio_writer_write(writer, planes, FRAMES, &error) || !audio_writer_close(writer, &error))
        die("cannot write", error.message);
    return 0;
}

static int print_tags(char **paths)
{
    static const char *const names[AUDIO_TAGS] = {"title", "artist", "album", "album artist", "composer", "track",
                                                  "disc",  "date",   "genre", "comment",      "copyright"};
    for (; *paths != NULL; paths++) {
        audio_tags tags;
        demucs_error error;
        audio_reader *reader = audio_reader_open(*paths, 0, &error);
        if (reader == NULL || !audio_reader_tags(reader, &tags)) die("cannot read", *paths);
        printf("%s:", *paths);
        for (int tag = 0; tag < AUDIO_TAGS; tag++)
            if (tags.texts[tag] != NULL) printf(" %s \"%s\",", names[tag], tags.texts[tag]);
        printf(" picture of %zu bytes", tags.picture.size);
        for (size_t i = 0; i < tags.chapters_count; i++)
            printf(", \"%s\" from %d to %d", tags.chapters[i].title, (int)tags.chapters[i].start_ms,
                   (int)tags.chapters[i].end_ms);
        puts("");
        audio_tags_clear(&tags);
        audio_reader_close(reader);
    }
    return 0;
}

static float peak(const track *self)
{
    float largest = 0;
    for (size_t i = 0; i < self->frames * (size_t)self->channels; i++)
        if (fabsf(self->samples[i]) > largest) largest = fabsf(self->samples[i]);
    return largest;
}

/* What sample `i` of the first file should be, made from the others. */
static float expected_sample(const char *what, const track *all, int count, float divisor, size_t i)
{
    float value = all[1].samples[i];
    if (strcmp(what, "minus") == 0) return value - all[2].samples[i];
    if (strcmp(what, "rescaled") == 0) return value / divisor;
    if (strcmp(what, "clamped") == 0) return fminf(fmaxf(value, -0.99F), 0.99F);
    for (int part = 2; part < count; part++) value += all[part].samples[i];
    return value;
}

static bool holds(const char *what, const track *all, int count)
{
    float divisor = fmaxf(1.01F * peak(&all[1]), 1);
    for (int i = 1; i < count; i++)
        if (all[i].frames != all[0].frames || all[i].channels != all[0].channels) {
            printf("no: %zu and %zu frames\n", all[0].frames, all[i].frames);
            return false;
        }
    for (size_t i = 0; i < all[0].frames * (size_t)all[0].channels; i++) {
        float expected = expected_sample(what, all, count, divisor, i);
        if (all[0].samples[i] == expected) continue;
        printf("no: sample %zu is %.9g, not %.9g\n", i, (double)all[0].samples[i], (double)expected);
        return false;
    }
    puts("yes");
    return true;
}

/* How near the parts come to the first of the tracks, all together: within a step of 24 bits, of 16, or not. */
static int adds_up(char **paths)
{
    track mix = load(paths[0]), parts[16];
    int count = 0;
    for (; paths[count + 1] != NULL && count < 16; count++) parts[count] = load(paths[count + 1]);
    double worst = 0;
    for (size_t i = 0; i < mix.frames * (size_t)mix.channels; i++) {
        double sum = 0;
        for (int k = 0; k < count; k++) sum += parts[k].frames == mix.frames ? (double)parts[k].samples[i] : 9;
        worst = fmax(worst, fabs(sum - (double)mix.samples[i]));
    }
    puts(worst <= 1.0 / 8388608 ? "yes, to 24 bits" : worst <= 1.0 / 32768 ? "yes, to 16 bits" : "no");
    for (int k = 0; k < count; k++) free(parts[k].samples);
    free(mix.samples);
    return 0;
}

static int compare(const char *what, char **paths)
{
    track all[16];
    int count = 0;
    for (; paths[count] != NULL && count < 16; count++) all[count] = load(paths[count]);
    if (count < 2) die("too few files for", what);
    bool held = holds(what, all, count);
    for (int i = 0; i < count; i++) free(all[i].samples);
    return held ? 0 : 1;
}

/* ------------------------------------------------------------------------------------------------- running ---- */

static int limit(char **a)
{
    struct rlimit size = {.rlim_cur = (rlim_t)atoll(a[0]), .rlim_max = (rlim_t)atoll(a[0])};
    if (setrlimit(RLIMIT_FSIZE, &size) != 0) die("cannot limit to", a[0]);
    execvp(a[1], a + 1);
    return die("cannot run", a[1]);
}

static bool contains(const char *path, const char *text)
{
    char content[8192];
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    size_t size = fread(content, 1, sizeof content - 1, file);
    content[size] = '\0';
    fclose(file);
    return strstr(content, text) != NULL;
}

static void nap(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

enum { PATIENCE_SECONDS = 20 }; /* a segment of the tiny model takes milliseconds */

static int send_signals(char **a)
{
    pid_t child = fork();
    int status = 0;
    if (child < 0) die("cannot fork for", a[3]);
    if (child == 0) {
        signal(SIGINT, SIG_DFL); /* shells ignore it for what runs in the background */
        execvp(a[3], a + 3);
        _exit(127);
    }
    for (int i = 0; i < 3000 && !contains(a[1], a[2]); i++) nap(20);
    nap(300);
    if (strstr(a[0], "INT") != NULL) kill(child, SIGINT);
    if (strstr(a[0], "TERM") != NULL) kill(child, SIGTERM);
    int left = PATIENCE_SECONDS * 50;
    while (waitpid(child, &status, WNOHANG) == 0 && --left > 0) nap(20);
    if (left == 0) {
        puts("it did not stop");
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    if (WIFSIGNALED(status)) printf("ended by signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    char **rest = argv + (argc > 2 ? 2 : argc);
    if (strcmp(verb, "make") == 0 && argc == 7) return make(rest);
    if (strcmp(verb, "info") == 0) return info(rest);
    if (strcmp(verb, "tagged") == 0 && argc == 3) return make_tagged(rest[0]);
    if (strcmp(verb, "tags") == 0) return print_tags(rest);
    if (strcmp(verb, "adds-up") == 0 && argc > 3) return adds_up(rest);
    if (strcmp(verb, "limit") == 0 && argc > 3) return limit(rest);
    if (strcmp(verb, "signal") == 0 && argc > 5) return send_signals(rest);
    if (strcmp(verb, "sum") == 0 || strcmp(verb, "rescaled") == 0 || strcmp(verb, "clamped") == 0 ||
        (strcmp(verb, "minus") == 0 && argc == 5))
        return compare(verb, rest);
    return die("unknown command", verb);
}
