/* main.c - `demucs-eval [--reference DIR] DIR`: a table of what a separation gave.
 *
 *     stem                length      peak       RMS       SDR
 *     drums               25.5 s   -4.4 dB  -21.3 dB  16.85 dB
 *
 * One line for each audio file in DIR: peak and RMS (of all channels together) in dB relative to full scale, and, where
 * the folder of --reference has a file of the same name but for the ending, the signal to distortion ratio
 * (demucs_tracks.h). Exit status: 0, 1 when a file could not be measured, 2 for a wrong command line. */
#include "base/text.h"
#include "common/arguments.h"
#include "common/memory.h"
#include "common/output.h"
#include "common/say.h"
#include "demucs_tracks.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The files of a folder that have an ending audio files have, sorted by name. */
typedef struct listing {
    const char *folder;
    char **names;
    size_t count;
} listing;

static const char *const endings[] = {"wav", "flac", "mp3", "m4a", "ogg", "opus", "aiff", "aif"};

static bool is_audio(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && name[0] != '.' && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0) return true;
    return false;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool add_name(listing *list, const char *name)
{
    char **names = realloc(list->names, (list->count + 1) * sizeof *names);
    if (names == NULL) return false;
    list->names = names;
    if ((names[list->count] = strdup(name)) == NULL) return false;
    list->count++;
    return true;
}

static bool listing_read(listing *list, const char *folder)
{
    DIR *directory = opendir(folder);
    bool done = directory != NULL;
    list->folder = folder;
    char reason[DMX_REASON];
    if (!done) say(stderr, "error: cannot read the folder %s: %s", folder, dmx_reason(reason, errno));
    for (struct dirent *entry; done && (entry = readdir(directory)) != NULL;)
        if (is_audio(entry->d_name) && !(done = add_name(list, entry->d_name)))
            fprintf(stderr, "error: out of memory.\n");
    if (directory != NULL) closedir(directory);
    if (list->count > 0) qsort(list->names, list->count, sizeof *list->names, by_name);
    return done;
}

static void listing_free(listing *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->names[i]);
    free(list->names);
}

static int stem_length(const char *name) { return (int)(strrchr(name, '.') - name); }

/* The name in `list` that is `name` but for its ending, or NULL. */
static const char *find(const listing *list, const char *name)
{
    const int length = stem_length(name);
    for (size_t i = 0; i < list->count; i++)
        if (stem_length(list->names[i]) == length && memcmp(list->names[i], name, (size_t)length) == 0)
            return list->names[i];
    return NULL;
}

static char *join(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL) snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* "-18.4 dB", or "-" for what has no such value. */
static const char *decibels(char text[32], double ratio_db, int digits)
{
    if (isnan(ratio_db))
        strcpy(text, "-");
    else if (isinf(ratio_db))
        strcpy(text, ratio_db > 0 ? "inf" : "silent");
    else
        snprintf(text, 32, "%.*f dB", digits, ratio_db);
    return text;
}

static bool print_line(const listing *stems, const listing *references, const char *name)
{
    demucs_tracks_measures m = {.struct_size = sizeof m};
    demucs_error error;
    char peak[32], rms[32], sdr[32];
    const char *match = find(references, name);
    char *path = join(stems->folder, name), *reference = match != NULL ? join(references->folder, match) : NULL;
    bool done = path != NULL && (match == NULL || reference != NULL);
    if (!done)
        fprintf(stderr, "error: out of memory.\n");
    else if (!(done = demucs_tracks_measure(path, reference, &m, &error) == DEMUCS_OK))
        fprintf(stderr, "error: %s\n", error.message);
    else
        say(stdout, "%-16.*s%8.1f s%10s%10s%10s", stem_length(name), name, (double)m.frames / m.sample_rate_hz,
            decibels(peak, 20 * log10(m.peak), 1), decibels(rms, 20 * log10(m.rms), 1),
            decibels(sdr, m.compared ? m.sdr_db : NAN, 2));
    free(path);
    free(reference);
    return done;
}

static int evaluate(const char *folder, const char *reference)
{
    listing stems = {0}, references = {0};
    int status = 1;
    if (!listing_read(&stems, folder) || (reference != NULL && !listing_read(&references, reference))) goto done;
    if (stems.count == 0) {
        say(stderr, "error: there are no audio files in %s.", folder);
        goto done;
    }
    status = 0;
    printf("%-16s%10s%10s%10s%10s\n", "stem", "length", "peak", "RMS", "SDR");
    for (size_t i = 0; i < stems.count; i++) {
        if (!print_line(&stems, &references, stems.names[i])) status = 1;
        output_flush();
    }
done:
    listing_free(&stems);
    listing_free(&references);
    return status;
}

typedef struct eval_options {
    const char *reference;
} eval_options;

static const argument table[] = {
    {'h', "help", ARGUMENT_HELP, .help = "show this help and exit"},
    {0, "version", ARGUMENT_VERSION, .help = "show the version and exit"},
    {0, "reference", ARGUMENT_TEXT, offsetof(eval_options, reference), "DIR", .help = "the folder with the true stems"},
};

int main(int argc, char **argv)
{
    char version[64];
    snprintf(version, sizeof version, "demucs-eval %s", demucs_version());
    const argument_parser parser = {
        .program = "demucs-eval",
        .description =
            "Print length, peak and RMS of each audio file in DIR, levels in dB relative to full scale, and the "
            "signal to distortion ratio where the reference folder has a file of that name (endings may "
            "differ).",
        .version = version,
        .options = table,
        .options_count = sizeof table / sizeof *table,
        .positional = "DIR",
        .positional_help = "the folder with the stems",
        .positional_minimum = 1,
        .positional_maximum = 1,
    };
    output_begin();
    eval_options options = {0};
    const char **folders = memory_new((size_t)argc + 1, sizeof *folders);
    int count = 0;
    arguments_result parsed = arguments_parse(&parser, argc, argv, &options, folders, &count);
    int status = parsed == ARGUMENTS_WRONG ? 2 : 0;
    if (parsed == ARGUMENTS_RUN) status = evaluate(folders[0], options.reference);
    free(folders);
    return output_end(status);
}
