/* main.c - `demucs-bench [options] [MODEL ...]`: how long a segment takes, stage by stage, how much of it is
 * arithmetic, and how close that comes to what the machine can do; with --song, the same for the whole program. Exit
 * status: 0, 1 when a model could not be measured, 2 for a wrong command line. */
#include "bench.h"

#include "common/arguments.h"
#include "common/interrupt.h"
#include "common/memory.h"
#include "common/output.h"
#include "common/precision.h"
#include "demucs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(bench_options, name)

static const argument table[] = {
    {'h', "help", ARGUMENT_HELP, .help = "show this help and exit"},
    {0, "version", ARGUMENT_VERSION, .help = "show the version and exit"},
    {0, "repo", ARGUMENT_TEXT, FIELD(repo), "DIR", .help = "folder with models, instead of the released ones"},
    {0, "offline", ARGUMENT_FLAG, FIELD(offline), .help = "never use the network"},
    {0, "threads", ARGUMENT_INTEGER, FIELD(threads), "N", .minimum = 0, .maximum = 1024,
     .help = "threads; 0, the default, is one for each core"},
    {0, "cpu", ARGUMENT_TEXT, FIELD(cpu), NULL, "scalar, avx2, avx512, avx512bf16, neon, neonbf16",
     .help = "use lower kernels than the CPU has"},
    {0, "precision", ARGUMENT_TEXT, FIELD(precision), .choices = PRECISION_CHOICES,
     .help = "exact, the default, is float32; fast multiplies in bfloat16 where the CPU can"},
    {0, "repeat", ARGUMENT_INTEGER, FIELD(repeats), "N", .minimum = 1, .maximum = BENCH_MAX_REPEATS,
     .help = "segments to measure after one that does not count, default 5"},
    {0, "no-peaks", ARGUMENT_FLAG, FIELD(no_peaks),
     .help = "do not measure what the machine could do at most, and leave out the column \"of peak\""},
    {0, "song", ARGUMENT_TEXT, FIELD(song), "FILE",
     .help = "measure the whole program on this song as well: decode, separate, write; \"" SONG_MADE
             "\" stands for one that is made"},
    {0, "seconds", ARGUMENT_INTEGER, FIELD(song_seconds), "N", .minimum = 1, .maximum = 86400,
     .help = "length of the song that is made, default 240; implies --song " SONG_MADE},
    {0, "song-repeat", ARGUMENT_INTEGER, FIELD(song_repeats), "N", .minimum = 1, .maximum = SONG_MAX_RUNS,
     .help = "runs of the song, default 3"},
    {0, "streams", ARGUMENT_INTEGER, FIELD(streams), "N", .minimum = 1, .maximum = STREAMS_MAX,
     .help = "measure N tracks at once, as streams of one engine, beside the same one after the other"},
    {0, "json", ARGUMENT_FLAG, FIELD(json), .help = "print JSON instead of tables"},
};

static int measure_all(const bench_options *options, const char **names, int count)
{
    int failed = 0, printed = 0;
    bench_result *result = memory_new(1, sizeof *result);
    if (options->json) printf("[\n");
    for (int i = 0; i < count && interrupt_signal() == 0; i++) {
        demucs_error why = {0};
        if (!bench_measure(result, names[i], options, &why)) {
            fprintf(stderr, "error: %s\n", why.message);
            failed++;
            continue;
        }
        if (printed > 0) printf(options->json ? ",\n" : "\n");
        if (options->json)
            bench_print_json(result);
        else
            bench_print_table(result);
        output_flush();
        printed++;
    }
    if (options->json) printf("%s]\n", printed > 0 ? "\n" : "");
    free(result);
    return failed > 0;
}

/* Rules that a table cannot say. */
static arguments_result complete(bench_options *options, const argument_parser *parser)
{
    if (options->song_seconds > 0 && options->song == NULL) options->song = SONG_MADE;
    if (options->song_seconds > 0 && strcmp(options->song, SONG_MADE) != 0)
        return arguments_error(parser, "argument --seconds: the song %s is as long as it is", options->song);
    if (options->song_seconds == 0) options->song_seconds = 240;
    return ARGUMENTS_RUN;
}

int main(int argc, char **argv)
{
    const argument_parser parser = {
        .program = "demucs-bench",
        .description =
            "Measure how long a model takes for one segment, stage by stage, beside what the machine can do.",
        .version = demucs_version(),
        .options = table,
        .options_count = sizeof table / sizeof *table,
        .positional = "MODEL",
        .positional_help = "names or files of models, default htdemucs",
    };
    output_begin();
    bench_options options = {.repeats = 5, .precision = "exact", .song_repeats = 3};
    const char **names = memory_new((size_t)argc + 1, sizeof *names);
    int count = 0;
    arguments_result parsed = arguments_parse(&parser, argc, argv, &options, names, &count);
    if (parsed == ARGUMENTS_RUN) parsed = complete(&options, &parser);
    int status = parsed == ARGUMENTS_WRONG ? 2 : 0;
    if (parsed == ARGUMENTS_RUN) {
        interrupt_install();
        if (count == 0) names[count++] = "htdemucs";
        status = measure_all(&options, names, count);
    }
    free(names);
    return interrupt_end(output_end(status));
}
