/* options.c - see options.h. The table is the whole command line: names and groups, and which setting a flag is for. */
#include "options.h"

#include "common/memory.h"
#include "common/say.h"
#include "common/setting_flags.h"
#include "common/settings_load.h"
#include "pipes.h"
#include "video.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_MODEL = 1, GROUP_SPLIT, GROUP_STEMS, GROUP_DEPTH, GROUP_CODEC, GROUP_RATE };

#define FIELD(name) offsetof(separate_options, name)

/* What a row with a setting does not say, its values, its default and, mostly, its help, is what the table of the
 * settings says. */
static const argument table[] = {
    {'h', "help", ARGUMENT_HELP, 0, .help = "Show this help and exit."},
    {0, "version", ARGUMENT_VERSION, 0, .added = true, .help = "Show the version and exit."},
    {'s', "sig", ARGUMENT_TEXT, FIELD(sig), .group = GROUP_MODEL,
     .help =
         "Signature of a model of your own training. Refused, since there is no training here: see --repo. Default: "
         "none."},
    {'n', "name", .setting = "model", .group = GROUP_MODEL},
    {0, "repo", .setting = "repo"},
    {0, "list-models", ARGUMENT_FLAG, FIELD(list_models),
     .help = "List the models, or those in --repo, and exit. Default: off."},
    {0, "preset", .setting = "preset", .added = true},
    {0, "list-presets", ARGUMENT_FLAG, FIELD(list_presets), .added = true,
     .help = "List the presets, what each sets and how long it takes, and exit. Default: off."},
    {0, "print-settings", ARGUMENT_FLAG, FIELD(print_settings), .added = true,
     .help = "Print each setting, its value and where that comes from, and exit. Default: off."},
    {'v', "verbose", .setting = "log_level", .word = "debug",
     .help = "Tell more on stderr, as --log-level debug: the files of the model, memory, CPU."},
    {0, "log-level", .setting = "log_level", .added = true},
    {0, "progress", .setting = "progress", .added = true},
    {'o', "out", .setting = "output_dir"},
    {0, "filename", .setting = "filename"},
    {0, "on-collision", .setting = "on_collision", .added = true},
    {'d', "device", .setting = "device"},
    {0, "shifts", .setting = "shifts"},
    {0, "overlap", .setting = "overlap"},
    {0, "no-split", .setting = "split", .word = "off", .group = GROUP_SPLIT,
     .help = "Separate the track in one piece and not in segments; memory then grows with its length."},
    {0, "segment", .setting = "segment", .group = GROUP_SPLIT},
    {0, "two-stems", .setting = "two_stems", .metavar = "STEM", .group = GROUP_STEMS},
    {0, "stems", .setting = "stems", .added = true, .group = GROUP_STEMS},
    {0, "mix", .setting = "mix", .added = true, .repeats = true, .metavar = "NAME=EXPRESSION"},
    {0, "other-method", .setting = "other_method"},
    {0, "int24", .setting = "bit_depth", .word = "int24", .group = GROUP_DEPTH,
     .help = "Write wav and flac with 24 bits."},
    {0, "float32", .setting = "bit_depth", .word = "float32", .group = GROUP_DEPTH,
     .help = "Write wav as 32-bit float."},
    {0, "keep-depth", .setting = "keep_depth", .word = "on", .added = true},
    {0, "clip-mode", .setting = "clip_mode"},
    {0, "gain", .setting = "gain", .added = true},
    {0, "sum-to-mix", .setting = "sum_to_mix", .word = "on", .added = true},
    {0, "flac", .setting = "output_format", .word = "flac", .group = GROUP_CODEC, .help = "Write flac files."},
    {0, "mp3", .setting = "output_format", .word = "mp3", .group = GROUP_CODEC, .help = "Write mp3 files."},
    {0, "format", .setting = "output_format", .metavar = "FORMAT", .group = GROUP_CODEC, .added = true},
    {0, "bitrate", .setting = "bitrate", .added = true},
    {0, "mp3-bitrate", .setting = "mp3_bitrate"},
    {0, "mp3-preset", .setting = "mp3_preset"},
    {0, "asr-rate", .setting = "asr_rate", .added = true, .metavar = "HZ", .group = GROUP_RATE},
    {0, "keep-rate", .setting = "keep_rate", .word = "on", .added = true, .group = GROUP_RATE},
    {0, "keep-tags", .setting = "keep_tags", .word = "on", .added = true},
    {'j', "jobs", .setting = "jobs"},
    {0, "tracks-at-once", .setting = "tracks_at_once", .added = true, .metavar = "N"},
    {0, "max-memory", .setting = "max_memory", .added = true, .metavar = "SIZE"},
    {0, "seed", .setting = "seed", .added = true},
    {0, "threads", .setting = "threads", .added = true},
    {0, "precision", .setting = "precision", .added = true},
    {0, "stream", .setting = "stream", .added = true},
    {0, "downmix", .setting = "downmix", .word = "on", .added = true},
    {0, "recursive", ARGUMENT_FLAG, FIELD(recursive), .added = true,
     .help =
         "Where a folder is given instead of a track, also take the tracks of the folders in it. Their results lie in "
         "folders of the same names. Default: only those that lie in the folder itself."},
    {0, "glob", ARGUMENT_TEXT, FIELD(glob), .added = true, .metavar = "PATTERN",
     .help = "Which files of a folder are tracks, as \"*.flac\" or, with the path below the folder, \"live/*.mp3\". "
             "Default: those that end as audio and video files do."},
    {0, "from", ARGUMENT_TEXT, FIELD(from), .added = true, .metavar = "FILE",
     .help =
         "Also take the tracks and folders that the lines of a text file name, \"-\" for standard input. Lines that "
         "begin with # are comments. Default: none."},
    {0, "log", .setting = "log", .added = true, .metavar = "FILE"},
    {0, "log-names", .setting = "log_names", .word = "on", .added = true},
    {0, "timeout", .setting = "timeout", .added = true, .metavar = "SECONDS"},
    {0, "summary", .setting = "summary", .added = true, .metavar = "FILE"},
    {0, "start", ARGUMENT_NUMBER, FIELD(start), .metavar = "SECONDS", .added = true, .minimum = 0, .maximum = 1e9,
     .help = "Separate a section of each track, which begins here. Default is 0."},
    {0, "duration", ARGUMENT_NUMBER, FIELD(duration), .metavar = "SECONDS", .added = true, .minimum = 0, .maximum = 1e9,
     .help = "Separate a section of this length. Default is 0: to the end."},
    {0, "replace-audio", ARGUMENT_TEXT, FIELD(replace_audio), .metavar = "NAME", .added = true,
     .help =
         "Write each video again, with this in place of its audio stream (--stream): a stem, no_STEM (the sum of the "
         "others), minus_STEM (the track minus the stem) or a --mix. All else in it stays as it is. --out may then be "
         "the name of a video. Default: none."},
    {0, "dub", ARGUMENT_TEXT, FIELD(dub), .metavar = "FILE", .added = true,
     .help =
         "Lay this narration over the sound of --replace-audio (here no_vocals by default), which is turned down under "
         "it, and bring both to the loudness. The output is a video, or a file of sound. Default: none."},
    {0, "loudness", ARGUMENT_NUMBER, FIELD(loudness), .metavar = "LUFS", .added = true, .minimum = -40, .maximum = -5,
     .help =
         "The loudness of a dubbed track, by EBU R128; its true peak is below -1 dB. Default is -16; broadcasts have "
         "-23."},
    {0, "drop-other-audio", ARGUMENT_FLAG, FIELD(drop_other_audio), .added = true,
     .help = "Leave the other audio streams out of the video. Default: they are kept as they are."},
    {0, "cache", .setting = "result_cache", .metavar = "DIR", .added = true},
    {0, "cache-limit", .setting = "cache_limit", .metavar = "SIZE", .added = true},
    {0, "cache-links", .setting = "cache_links", .word = "on", .added = true},
    {0, "force-refresh", ARGUMENT_FLAG, FIELD(force_refresh), .added = true,
     .help = "Compute also what the cache has, and keep the new result in its place. Default: off."},
    {0, "skip-existing", .setting = "skip_existing", .word = "on", .added = true},
    {0, "quality", .setting = "quality", .word = "on", .added = true,
     .help = "Measure the stems of each track as they are made, and say what is unusual: clipping, DC, stems that are "
             "alike, stems that do not add up, and how much of each is left in the others."},
    {0, "quality-limits", .setting = "quality_limits", .added = true, .metavar = "LIST",
     .help = "What counts as unusual, such as \"leak=-20,silence=0.9\" or \"dc=off\". Implies --quality."},
    {0, "quality-json", ARGUMENT_TEXT, FIELD(quality_json), .added = true, .metavar = "FILE",
     .help = "Write the figures of all tracks to this file, as JSON. Implies --quality. Default: none."},
    {0, "report", ARGUMENT_TEXT, FIELD(report), .added = true, .metavar = "FILE",
     .help =
         "Write a page for a browser, FILE.html: waveforms, spectrograms, players and figures of all tracks. Implies "
         "--quality. Default: none."},
    {0, "strict-quality", .setting = "quality", .word = "strict", .added = true,
     .help = "End with status 3 when all went well but something is unusual. Implies --quality."},
    {0, "offline", .setting = "offline", .word = "on", .added = true},
};

enum { ROWS = sizeof table / sizeof *table };
static_assert((int)ROWS <= (int)OPTIONS_MOST, "room for all rows");

static const char epilog[] = "Exit status: 0 all done, 1 a track or the model failed, 2 the command line is\n"
                             "wrong, 3 something is unusual (--strict-quality), 130 interrupted. A track that\n"
                             "failed or was interrupted leaves no files.\n"
                             "\n"
                             "Examples:\n"
                             "  demucs song.mp3                          separated/htdemucs/song/drums.wav, ...\n"
                             "  demucs --two-stems vocals --mp3 *.flac   vocals and the rest, as MP3\n"
                             "  demucs -n htdemucs_ft -o stems song.wav  better, and 4 times slower";

static const char *text_or_null(const char *text) { return text[0] != '\0' ? text : NULL; }

/* Whether this command line sets it, and not a file or a variable. */
static bool is_flagged(const separate_options *options, const char *setting)
{
    return demucs_settings_get_from(options->settings, DEMUCS_SETTINGS_PROGRAM, setting) != NULL;
}

/* Limits were checked when they were set. In a file they wait for somebody who measures. */
static void translate_quality(separate_options *options)
{
    const char *quality = demucs_settings_get(options->settings, "quality");
    options->strict_quality = strcmp(quality, "strict") == 0;
    options->quality = strcmp(quality, "off") != 0 || is_flagged(options, "quality_limits") ||
                       options->quality_json != NULL || options->report != NULL;
    demucs_quality_options_init(&options->quality_limits, sizeof options->quality_limits);
    demucs_quality_options_parse(&options->quality_limits, demucs_settings_get(options->settings, "quality_limits"),
                                 NULL);
}

/* What the settings say, where the program looks for it. */
static void translate(separate_options *options)
{
    demucs_tracks_request_init(&options->request, sizeof options->request);
    demucs_default_engine_options(&options->engine, sizeof options->engine);
    demucs_default_stream_options(&options->separation, sizeof options->separation);
    demucs_settings_apply(options->settings, &options->request, &options->engine, &options->separation);
    demucs_fit_options_init(&options->fit, sizeof options->fit);
    demucs_settings_apply_fit(options->settings, &options->fit);
    options->fit.max_memory_setting = "--max-memory";
    options->request.separation = &options->separation;
    options->request.start_seconds = options->start;
    options->request.duration_seconds = options->duration;
    options->request.folder_setting = "--out";
    options->request.pattern_setting = "--filename";
    options->request.downmix_setting = "--downmix";
    options->name = demucs_settings_get(options->settings, "model");
    options->repo = text_or_null(demucs_settings_get(options->settings, "repo"));
    options->cache = text_or_null(demucs_settings_get(options->settings, "result_cache"));
    options->progress = demucs_settings_get(options->settings, "progress");
    options->offline = strcmp(demucs_settings_get(options->settings, "offline"), "on") == 0;
    options->cache_limit = text_or_null(demucs_settings_get(options->settings, "cache_limit"));
    options->log = text_or_null(demucs_settings_get(options->settings, "log"));
    options->log_names = strcmp(demucs_settings_get(options->settings, "log_names"), "on") == 0;
    options->summary = text_or_null(demucs_settings_get(options->settings, "summary"));
    options->timeout = strtod(demucs_settings_get(options->settings, "timeout"), NULL);
    translate_quality(options);
}

/* Rules that a table cannot say. */
static arguments_result check(separate_options *options, const argument_parser *parser)
{
    if (options->sig != NULL)
        return arguments_error(parser,
                               "argument -s/--sig: there is no training here, so no training run to load; export the "
                               "model to a folder and use --repo FOLDER -n %s",
                               options->sig);
    if (options->list_models || options->list_presets || options->print_settings) return ARGUMENTS_RUN;
    if (options->from != NULL && options->from[0] == '\0')
        return arguments_error(parser, "argument --from: the name is empty");
    if (options->tracks_count == 0 && options->from == NULL)
        return arguments_error(parser, "the following arguments are required: tracks");
    for (int i = 0; i < options->tracks_count; i++)
        if (options->tracks[i][0] == '\0') return arguments_error(parser, "argument tracks: a name is empty");
    if (options->request.sum_to_mix && options->request.clip == DEMUCS_TRACKS_CLIP_CLAMP)
        return arguments_error(parser, "argument --sum-to-mix: not allowed with --clip-mode clamp, after which files "
                                       "do not add up");
    const char *without = options->force_refresh               ? "--force-refresh"
                          : is_flagged(options, "cache_limit") ? "--cache-limit"
                          : is_flagged(options, "cache_links") ? "--cache-links"
                                                               : NULL;
    if (options->cache == NULL && without != NULL)
        return arguments_error(parser, "argument %s: there is no cache; name its folder with --cache", without);
    const arguments_result video = video_check(options, parser);
    return video == ARGUMENTS_RUN ? pipes_check(options, parser) : video;
}

static arguments_result parse(separate_options *options, const argument_parser *parser, int argc, char **argv)
{
    arguments_result result = arguments_parse(parser, argc, argv, options, options->tracks, &options->tracks_count);
    /* a mistake in a file or a variable is none in the words, so there is no usage */
    if (result == ARGUMENTS_RUN) result = setting_flags_give(parser, options->given, options->settings);
    if (result == ARGUMENTS_RUN && !settings_load(options->settings)) return ARGUMENTS_WRONG;
    if (result != ARGUMENTS_RUN) return result;
    translate(options);
    return check(options, parser);
}

arguments_result options_parse(separate_options *options, int argc, char **argv)
{
    demucs_error why;
    *options = (separate_options){.tracks = memory_new((size_t)argc + 1, sizeof *options->tracks),
                                  .loudness = OPTIONS_LOUDNESS};
    if (demucs_settings_create(&options->settings, &why) != DEMUCS_OK) {
        say(stderr, "error: %s", why.message);
        return ARGUMENTS_WRONG;
    }
    argument rows[ROWS];
    memcpy(rows, table, sizeof rows);
    setting_flags_complete(rows, ROWS, FIELD(given));
    char *version = memory_text("demucs %s", demucs_version());
    const argument_parser parser = {.program = "demucs",
                                    .description = "Separate the sources (drums, bass, vocals, ...) of given tracks.",
                                    .version = version,
                                    .options = rows,
                                    .options_count = ROWS,
                                    .positional = "tracks",
                                    .positional_help =
                                        "Audio or video files to separate, or folders of them; - is standard input.",
                                    .epilog = epilog};
    const arguments_result result = parse(options, &parser, argc, argv);
    setting_flags_release(rows, ROWS);
    free(version);
    return result;
}

void options_free(separate_options *options)
{
    demucs_settings_free(options->settings);
    for (int row = 0; row < ROWS; row++)
        if (table[row].repeats) free((char *)options->given[row]);
    free(options->video_folder);
    free(options->video_pattern);
    free(options->tracks);
}
