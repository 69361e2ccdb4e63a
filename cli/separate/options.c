/* options.c - see options.h. The table is the whole command line: names, ranges, groups and help. */
#include "options.h"

#include "common/memory.h"
#include "common/precision.h"
#include "common/say.h"
#include "keeping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MODEL = 1, GROUP_SPLIT, GROUP_DEPTH, GROUP_CODEC };

#define FIELD(name) offsetof(separate_options, name)

static const argument table[] = {
    {'h', "help", ARGUMENT_HELP, 0, .help = "Show this help and exit."},
    {0, "version", ARGUMENT_VERSION, 0, .added = true, .help = "Show the version and exit."},
    {'s', "sig", ARGUMENT_TEXT, FIELD(sig), .group = GROUP_MODEL,
     .help =
         "Signature of a model of your own training. Refused, since there is no training here: see --repo. Default: "
         "none."},
    {'n', "name", ARGUMENT_TEXT, FIELD(name), .group = GROUP_MODEL,
     .help = "Model to use: a name or signature that --list-models shows, hf://[namespace/]name, or the path of a file "
             "(.safetensors, .th, .yaml, .onnx). Default is htdemucs."},
    {0, "repo", ARGUMENT_TEXT, FIELD(repo),
     .help =
         "Folder where -n is looked for, as NAME.yaml, SIG.safetensors or SIG-CHECKSUM.th; nothing is downloaded then. "
         "Default: none."},
    {0, "list-models", ARGUMENT_FLAG, FIELD(list_models),
     .help = "List the models, or those in --repo, and exit. Default: off."},
    {'v', "verbose", ARGUMENT_FLAG, FIELD(verbose),
     .help = "Tell more on stderr: the files of the model, memory, CPU. Default: off."},
    {0, "progress", ARGUMENT_TEXT, FIELD(progress), .added = true, .choices = "bar, plain",
     .help =
         "How progress is shown where stderr is no terminal: \"bar\" as in the official program, which other programs "
         "may read, or \"plain\", a few lines of words for a log. Default is bar."},
    {'o', "out", ARGUMENT_TEXT, FIELD(out),
     .help = "Folder for the results, which go into a folder with the name of the model inside it. Default is "
             "\"separated\"."},
    {0, "filename", ARGUMENT_TEXT, FIELD(filename),
     .help =
         "Path of an output file inside the folder of the model. {track}, {trackext}, {stem} and {ext} stand for "
         "the name of the track without extension, its extension, the stem and the extension of the output, if "
         "need be with a width as in Python ({track:.30}); {{ and }} for braces. Default is \"{track}/{stem}.{ext}\"."},
    {0, "on-collision", ARGUMENT_TEXT, FIELD(on_collision), .added = true, .choices = "rename, skip, overwrite, fail",
     .help = "When two tracks would be written to the same place, as a/song.mp3 and b/song.wav: \"rename\" writes the "
             "second to song-2, \"skip\" leaves it out, \"overwrite\" lets it replace the first, \"fail\" separates "
             "nothing. It is said before the work. Results of earlier runs are always replaced. Default is rename."},
    {'d', "device", ARGUMENT_TEXT, FIELD(device),
     .help = "Accepted and ignored, since this program computes on the CPU. Default is cpu."},
    {0, "shifts", ARGUMENT_INTEGER, FIELD(shifts), .minimum = 0, .maximum = 100000,
     .help = "How many times the track is separated, each time moved by up to half a second at random; the results are "
             "averaged. More times give a slightly better result and take as many times as long. 0 separates once "
             "without moving it. Default is 1."},
    {0, "overlap", ARGUMENT_NUMBER, FIELD(overlap), .minimum = 0, .maximum = 0.99,
     .help = "How much of each segment the next one covers again, from 0 to 0.99 of its length. More hides the seams "
             "between segments better and takes longer: 0.5 takes 1.5 times as long as 0.25. Default is 0.25."},
    {0, "no-split", ARGUMENT_FLAG, FIELD(no_split), .group = GROUP_SPLIT,
     .help = "Separate the track in one piece and not in segments; memory then grows with its length. Default: in "
             "segments."},
    {0, "segment", ARGUMENT_NUMBER, FIELD(segment), .minimum = 0.01, .maximum = 86400, .group = GROUP_SPLIT,
     .help =
         "Length in seconds of the segments in which the track is separated. Default is the model's own, which is also "
         "the most that htdemucs and its kin take; less makes those slower, and only others take less memory."},
    {0, "two-stems", ARGUMENT_TEXT, FIELD(stem), .metavar = "STEM",
     .help = "Write only STEM, such as vocals, and the rest in one file (see --other-method). Default: all stems."},
    {0, "other-method", ARGUMENT_TEXT, FIELD(other_method), .choices = "none, add, minus",
     .help = "What the rest is with --two-stems: \"add\" writes no_STEM, the sum of the other stems; \"minus\" writes "
             "minus_STEM, the track minus STEM; \"none\" writes STEM only. The last two leave out work that only "
             "serves other stems. Default is add."},
    {0, "int24", ARGUMENT_FLAG, FIELD(int24), .group = GROUP_DEPTH,
     .help = "Write wav and flac with 24 bits. Default: 16 bits."},
    {0, "float32", ARGUMENT_FLAG, FIELD(float32), .group = GROUP_DEPTH,
     .help = "Write wav as 32-bit float. Default: 16-bit integers."},
    {0, "clip-mode", ARGUMENT_TEXT, FIELD(clip_mode), .choices = "rescale, clamp, none",
     .help =
         "What happens to a stem that is too loud for its file: \"rescale\" turns it down as a whole, \"clamp\" cuts "
         "its peaks off at 0.99, \"none\" leaves it as it is. Default is rescale."},
    {0, "flac", ARGUMENT_FLAG, FIELD(flac), .group = GROUP_CODEC, .help = "Write flac files. Default: wav."},
    {0, "mp3", ARGUMENT_FLAG, FIELD(mp3), .group = GROUP_CODEC, .help = "Write mp3 files. Default: wav."},
    {0, "format", ARGUMENT_TEXT, FIELD(format), .group = GROUP_CODEC, .added = true,
     .choices = "wav, flac, mp3, ogg, opus, m4a, alac, aiff", .metavar = "FORMAT",
     .help = "Write wav, flac, mp3, ogg, opus, m4a, alac or aiff files: \"ogg\" is Vorbis, \"m4a\" AAC, \"alac\" the "
             "lossless one in .m4a; opus is at 48 kHz. "
             "Default is wav."},
    {0, "bitrate", ARGUMENT_INTEGER, FIELD(bitrate), .added = true, .minimum = 8, .maximum = 1024,
     .help =
         "Bit rate of mp3, ogg, opus and m4a files in kbit/s; what the format cannot do is refused. Default is what "
         "sounds well: 320 (mp3), some 224 (ogg), 160 (opus), 256 (m4a)."},
    {0, "mp3-bitrate", ARGUMENT_INTEGER, FIELD(mp3_bitrate),
     .help = "Bit rate of mp3 files in kbit/s, the nearest from 8 to 320; 0 (or less): 128. Default is 320."},
    {0, "mp3-preset", ARGUMENT_INTEGER, FIELD(mp3_preset), .choices = "2, 3, 4, 5, 6, 7",
     .help = "Effort of the mp3 encoder: 2 is best, 7 is fastest. Default is 2."},
    {'j', "jobs", ARGUMENT_INTEGER, FIELD(jobs),
     .help =
         "How many segments are separated at the same time. More are faster on a computer with many cores, and each "
         "takes memory of its own; the output is the same. Default is 0, as any number below: one for every 16 "
         "threads."},
    {0, "seed", ARGUMENT_INTEGER, FIELD(seed), .added = true, .minimum = 0, .maximum = 4294967295.0,
     .help = "Number that the random shifts follow from; the same number gives the same output. Default is 0."},
    {0, "threads", ARGUMENT_INTEGER, FIELD(threads), .added = true, .minimum = 0, .maximum = 1024,
     .help =
         "How many threads compute, all jobs together; the output does not depend on it. Default is 0: one for each "
         "core."},
    {0, "precision", ARGUMENT_TEXT, FIELD(precision), .added = true, .choices = PRECISION_CHOICES,
     .help = "\"exact\" computes in float32. \"fast\" multiplies in bfloat16 where the CPU has instructions for it: "
             "faster, and the stems differ by noise some 45 dB below them. Default is exact."},
    {0, "stream", ARGUMENT_INTEGER, FIELD(stream), .added = true, .minimum = 0, .maximum = 1000,
     .help = "Which audio stream of a file to separate, counted from 0. Default is 0."},
    {0, "downmix", ARGUMENT_FLAG, FIELD(downmix), .added = true,
     .help = "Mix all channels of a track that has more than two, such as 5.1, whose voices are often in the centre: "
             "centre and surrounds at -3 dB, without the bass channel. Default: the first two are taken, as in the "
             "official program."},
    {0, "cache", ARGUMENT_TEXT, FIELD(cache), .metavar = "DIR", .added = true,
     .help =
         "Keep the results in this folder, and take those that are there instead of computing them again: by content, "
         "for the same input, model and settings, whatever names and folders are. Default: none."},
    {0, "cache-limit", ARGUMENT_TEXT, FIELD(cache_limit), .metavar = "SIZE", .added = true,
     .help = "How large the cache may become, such as 500M or 20GB: what was not used for longest goes first. Default: "
             "as large as the disk."},
    {0, "force-refresh", ARGUMENT_FLAG, FIELD(force_refresh), .added = true,
     .help = "Compute also what the cache has, and keep the new result in its place. Default: off."},
    {0, "skip-existing", ARGUMENT_FLAG, FIELD(skip_existing), .added = true,
     .help = "Leave a track alone whose output files are all there, whole, and newer than the track. Default: off."},
    {0, "offline", ARGUMENT_FLAG, FIELD(offline), .added = true,
     .help = "Never use the network; the model must be on this computer already. Default: off."},
};

static const char epilog[] = "Exit status: 0 all done, 1 a track or the model failed, 2 the command line is\n"
                             "wrong, 130 interrupted. A track that failed or was interrupted leaves no files.\n"
                             "\n"
                             "Examples:\n"
                             "  demucs song.mp3                          separated/htdemucs/song/drums.wav, ...\n"
                             "  demucs --two-stems vocals --mp3 *.flac   vocals and the rest, as MP3\n"
                             "  demucs -n htdemucs_ft -o stems song.wav  better, and 4 times slower";

static void set_defaults(separate_options *options)
{
    *options = (struct separate_options){.name = "htdemucs",
                                         .out = "separated",
                                         .filename = "{track}/{stem}.{ext}",
                                         .device = "cpu",
                                         .progress = "bar",
                                         .on_collision = "rename",
                                         .other_method = "add",
                                         .clip_mode = "rescale",
                                         .format = "wav",
                                         .precision = "exact",
                                         .shifts = 1,
                                         .overlap = 0.25,
                                         .mp3_bitrate = 320,
                                         .mp3_preset = 2};
}

/* Which of `count` words a word is. The table has refused all others. */
static int number_of(const char *const *words, int count, const char *word)
{
    int number = 0;
    while (number < count - 1 && strcmp(words[number], word) != 0) number++;
    return number;
}

/* The official program takes any number here, and so do we: the nearest that makes sense. */
static int nearest(long long number, int least, int most)
{
    return number < least ? least : number > most ? most : (int)number;
}

static void translate(separate_options *options)
{
    static const char *const others[3] = {
        [DEMUCS_TRACKS_OTHER_ADD] = "add", [DEMUCS_TRACKS_OTHER_MINUS] = "minus", [DEMUCS_TRACKS_OTHER_NONE] = "none"};
    static const char *const clips[3] = {[DEMUCS_TRACKS_CLIP_RESCALE] = "rescale",
                                         [DEMUCS_TRACKS_CLIP_CLAMP] = "clamp",
                                         [DEMUCS_TRACKS_CLIP_NONE] = "none"};
    static const char *const collisions[4] = {[DEMUCS_TRACKS_COLLISION_FAIL] = "fail",
                                              [DEMUCS_TRACKS_COLLISION_RENAME] = "rename",
                                              [DEMUCS_TRACKS_COLLISION_SKIP] = "skip",
                                              [DEMUCS_TRACKS_COLLISION_OVERWRITE] = "overwrite"};
    static const char *const formats[8] = {
        [DEMUCS_TRACKS_WAV] = "wav",   [DEMUCS_TRACKS_FLAC] = "flac", [DEMUCS_TRACKS_MP3] = "mp3",
        [DEMUCS_TRACKS_OGG] = "ogg",   [DEMUCS_TRACKS_OPUS] = "opus", [DEMUCS_TRACKS_AAC] = "m4a",
        [DEMUCS_TRACKS_ALAC] = "alac", [DEMUCS_TRACKS_AIFF] = "aiff"};
    demucs_tracks_request *request = &options->request;
    if (options->out[0] == '\0') options->out = "."; /* as an empty path of Python */
    demucs_tracks_request_init(request, sizeof *request);
    request->stream = (int)options->stream;
    request->pattern = options->filename;
    request->stem = options->stem;
    request->other = (demucs_tracks_other)number_of(others, 3, options->other_method);
    request->container = options->mp3    ? DEMUCS_TRACKS_MP3
                         : options->flac ? DEMUCS_TRACKS_FLAC
                                         : (demucs_tracks_container)number_of(formats, 8, options->format);
    request->sample = options->float32 ? DEMUCS_TRACKS_FLOAT32
                      : options->int24 ? DEMUCS_TRACKS_INT24
                                       : DEMUCS_TRACKS_INT16;
    /* 0 is the encoder's own choice in the official program, which is this; a negative one is no rate either. */
    request->mp3_bitrate_kbps = options->mp3_bitrate > 0 ? nearest(options->mp3_bitrate, 8, 320) : 128;
    if (options->bitrate > 0) request->mp3_bitrate_kbps = nearest(options->bitrate, 8, 320);
    request->bitrate_kbps = (int)options->bitrate;
    request->mp3_quality = (int)options->mp3_preset;
    request->clip = (demucs_tracks_clip)number_of(clips, 3, options->clip_mode);
    request->downmix = options->downmix;
    request->collision = (demucs_tracks_collision)number_of(collisions, 4, options->on_collision);
    request->folder_setting = "--out";
    request->pattern_setting = "--filename";
    request->downmix_setting = "--downmix";

    demucs_engine_options *engine = &options->engine;
    demucs_default_engine_options(engine, sizeof *engine);
    engine->threads = (int)options->threads;
    engine->jobs = nearest(options->jobs, 0, 1024);
    engine->precision = precision_of(options->precision);

    demucs_stream_options *separation = &options->separation;
    demucs_default_stream_options(separation, sizeof *separation);
    separation->shifts = (int)options->shifts;
    separation->overlap = options->overlap;
    separation->segment_seconds = options->segment;
    separation->split = !options->no_split;
    separation->seed = (uint64_t)options->seed;
    request->separation = separation;
}

/* Rules that a table cannot say. */
static arguments_result check(const separate_options *options, const argument_parser *parser)
{
    if (options->sig != NULL)
        return arguments_error(parser,
                               "argument -s/--sig: there is no training here, so no training run to load; export the "
                               "model to a folder and use --repo FOLDER -n %s",
                               options->sig);
    if (options->list_models) return ARGUMENTS_RUN;
    if (options->tracks_count == 0) return arguments_error(parser, "the following arguments are required: tracks");
    if (options->name[0] == '\0') return arguments_error(parser, "argument -n/--name: the name is empty");
    demucs_error why;
    if (demucs_tracks_check(&options->request, NULL, &why) != DEMUCS_OK)
        return arguments_error(parser, "argument --filename: %s", why.message);
    for (int i = 0; i < options->tracks_count; i++)
        if (options->tracks[i][0] == '\0') return arguments_error(parser, "argument tracks: a name is empty");
    if (strcmp(options->device, "cpu") != 0)
        say(stderr, "note: this program computes on the CPU; --device %s changes nothing.", options->device);
    return keeping_check(options, parser);
}

arguments_result options_parse(separate_options *options, int argc, char **argv)
{
    set_defaults(options);
    options->tracks = memory_new((size_t)argc + 1, sizeof *options->tracks);
    char *version = memory_text("demucs %s", demucs_version());
    const argument_parser parser = {.program = "demucs",
                                    .description = "Separate the sources (drums, bass, vocals, ...) of given tracks.",
                                    .version = version,
                                    .options = table,
                                    .options_count = sizeof table / sizeof *table,
                                    .positional = "tracks",
                                    .positional_help = "Audio or video files to separate.",
                                    .epilog = epilog};
    arguments_result result = arguments_parse(&parser, argc, argv, options, options->tracks, &options->tracks_count);
    if (result == ARGUMENTS_RUN) {
        translate(options);
        result = check(options, &parser);
    }
    free(version);
    return result;
}

void options_free(separate_options *options) { free(options->tracks); }
