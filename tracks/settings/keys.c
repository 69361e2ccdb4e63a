/* keys.c - see keys.h
 *
 * A setting is a row here and nothing else: the files, the variables, the program's flags (their ranges, choices,
 * defaults and help) and the documentation go by the table. */
#include "tracks/settings/keys.h"

#include "tracks/settings/presets.h"

#include <assert.h>
#include <string.h>

typedef const dmx_settings_goals goals;
typedef const dmx_settings_value given;

enum { GROUP_STEMS = 1, GROUP_SPLIT, GROUP_BITRATE, GROUP_RATE };

/* --------------------------------------------------------------------------------------- where values go ---- */

static const char *text_or_null(given *value) { return value->text[0] != '\0' ? value->text : NULL; }

static void put_two_stems(goals *to, given *value) { to->request->stem = text_or_null(value); }

static void put_other_method(goals *to, given *value)
{
    static const demucs_tracks_other others[] = {DEMUCS_TRACKS_OTHER_NONE, DEMUCS_TRACKS_OTHER_ADD,
                                                 DEMUCS_TRACKS_OTHER_MINUS};
    to->request->other = others[value->choice];
}

static void put_stems(goals *to, given *value)
{
    const bool none = value->list_count == 1 && strcmp(value->list[0], "none") == 0;
    to->request->wanted = value->list;
    to->request->wanted_count = none ? 0 : value->list_count;
}

static void put_mix(goals *to, given *value)
{
    to->request->mixes = value->list;
    to->request->mixes_count = value->list_count;
}

static void put_output_format(goals *to, given *value)
{
    static const demucs_tracks_container containers[] = {
        DEMUCS_TRACKS_WAV, DEMUCS_TRACKS_FLAC, DEMUCS_TRACKS_MP3,  DEMUCS_TRACKS_OGG,       DEMUCS_TRACKS_OPUS,
        DEMUCS_TRACKS_AAC, DEMUCS_TRACKS_ALAC, DEMUCS_TRACKS_AIFF, DEMUCS_TRACKS_STEMS_AAC, DEMUCS_TRACKS_STEMS_ALAC};
    to->request->container = containers[value->choice];
}

static void put_bit_depth(goals *to, given *value)
{
    static const demucs_tracks_sample samples[] = {DEMUCS_TRACKS_INT16, DEMUCS_TRACKS_INT24, DEMUCS_TRACKS_FLOAT32};
    to->request->sample = samples[value->choice];
}

static void put_clip_mode(goals *to, given *value)
{
    static const demucs_tracks_clip clips[] = {DEMUCS_TRACKS_CLIP_RESCALE, DEMUCS_TRACKS_CLIP_CLAMP,
                                               DEMUCS_TRACKS_CLIP_NONE};
    to->request->clip = clips[value->choice];
}

/* A way to rescale; that row comes before. */
static void rescale_alike(goals *to)
{
    if (to->request->clip == DEMUCS_TRACKS_CLIP_RESCALE) to->request->clip = DEMUCS_TRACKS_CLIP_COMMON;
}

static void put_gain(goals *to, given *value)
{
    if (value->choice == 1) rescale_alike(to);
}

static void put_sum_to_mix(goals *to, given *value)
{
    to->request->sum_to_mix = value->on;
    if (value->on) rescale_alike(to);
}

static void put_on_collision(goals *to, given *value)
{
    static const demucs_tracks_collision collisions[] = {DEMUCS_TRACKS_COLLISION_RENAME, DEMUCS_TRACKS_COLLISION_SKIP,
                                                         DEMUCS_TRACKS_COLLISION_OVERWRITE,
                                                         DEMUCS_TRACKS_COLLISION_FAIL};
    to->request->collision = collisions[value->choice];
}

static void put_precision(goals *to, given *value)
{
    static const demucs_precision precisions[] = {DEMUCS_PRECISION_EXACT, DEMUCS_PRECISION_FAST};
    to->engine->precision = precisions[value->choice];
}

/* Recognisers of speech take one channel. */
static void put_asr_rate(goals *to, given *value)
{
    to->request->output_sample_rate_hz = (int)value->integer;
    to->request->output_channels = value->integer > 0;
}

/* An empty folder is the working folder, as an empty path of Python. */
static void put_output_dir(goals *to, given *value)
{
    to->request->folder = value->text[0] != '\0' ? value->text : ".";
}

/* 0 is the encoder's own choice in the official program, which is 128. */
static void put_mp3_bitrate(goals *to, given *value)
{
    const int given_kbps = (int)value->integer;
    to->request->mp3_bitrate_kbps = given_kbps == 0 ? 128 : given_kbps < 8 ? 8 : given_kbps;
}

static void put_mp3_preset(goals *to, given *value) { to->request->mp3_quality = (int)value->integer; }
/* Of all formats, mp3 too: that row comes before. */
static void put_bitrate(goals *to, given *value)
{
    to->request->bitrate_kbps = (int)value->integer;
    if (value->integer > 0) to->request->mp3_bitrate_kbps = value->integer < 320 ? (int)value->integer : 320;
}

static void put_filename(goals *to, given *value) { to->request->pattern = value->text; }
static void keep(goals *to, given *value, unsigned what)
{
    to->request->keep = value->on ? to->request->keep | what : to->request->keep & ~what;
}

static void put_keep_rate(goals *to, given *value) { keep(to, value, DEMUCS_TRACKS_KEEP_RATE); }
static void put_keep_depth(goals *to, given *value) { keep(to, value, DEMUCS_TRACKS_KEEP_DEPTH); }
static void put_keep_tags(goals *to, given *value) { keep(to, value, DEMUCS_TRACKS_KEEP_TAGS); }
static void put_stream(goals *to, given *value) { to->request->stream = (int)value->integer; }
static void put_downmix(goals *to, given *value) { to->request->downmix = value->on; }
static void put_skip_existing(goals *to, given *value) { to->request->skip_existing = value->on; }
static void put_cache_links(goals *to, given *value) { to->request->cache_links = value->on; }
static void put_shifts(goals *to, given *value) { to->separation->shifts = (int)value->integer; }
static void put_overlap(goals *to, given *value) { to->separation->overlap = value->number; }
static void put_segment(goals *to, given *value) { to->separation->segment_seconds = value->number; }
static void put_split(goals *to, given *value) { to->separation->split = value->on; }
static void put_seed(goals *to, given *value) { to->separation->seed = (uint64_t)value->integer; }
static void put_threads(goals *to, given *value) { to->engine->threads = (int)value->integer; }
static void put_jobs(goals *to, given *value) { to->engine->jobs = (int)value->integer; }
static void put_tracks_at_once(goals *to, given *value) { to->fit->tracks_at_once = (int)value->integer; }
static void put_max_memory(goals *to, given *value) { to->fit->max_memory_bytes = (uint64_t)value->integer; }

/* --------------------------------------------------------------------------- what values may be, besides ---- */

static bool check_model(const demucs_settings_key *key, given *value, demucs_error *error)
{
    return value->text[0] != '\0' || !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the name of the %s is empty", key->name);
}

static bool check_preset(const demucs_settings_key *key, given *value, demucs_error *error)
{
    (void)key;
    return value->text[0] == '\0' || dmx_settings_find_preset(value->text, error) != NULL;
}

/* What the library says of a request with this value alone. */
static bool check_request(void (*put)(goals *to, given *value), given *value, demucs_error *error)
{
    demucs_tracks_request request;
    demucs_error why;
    demucs_tracks_request_init(&request, sizeof request);
    put(&(goals){.request = &request}, value);
    return demucs_tracks_check(&request, NULL, &why) == DEMUCS_OK || !dmx_fail(error, why.status, "%s", why.message);
}

static bool check_filename(const demucs_settings_key *key, given *value, demucs_error *error)
{
    (void)key;
    return check_request(put_filename, value, error);
}

static bool check_mix(const demucs_settings_key *key, given *value, demucs_error *error)
{
    (void)key;
    return check_request(put_mix, value, error);
}

static bool check_quality_limits(const demucs_settings_key *key, given *value, demucs_error *error)
{
    demucs_quality_options options;
    demucs_error why;
    (void)key;
    demucs_quality_options_init(&options, sizeof options);
    return demucs_quality_options_parse(&options, value->text, &why) == DEMUCS_OK ||
           !dmx_fail(error, why.status, "%s", why.message);
}

/* ------------------------------------------------------------------------------------------------- the table ---- */

const dmx_settings_row dmx_settings_table[] = {
    {.key = {"model", .initial = "htdemucs",
             .help = "Model to use: a name or signature that --list-models shows, hf://[namespace/]name, or the path "
                     "of a file (.safetensors, .th, .yaml, .onnx)."},
     .check = check_model},
    {.key = {"repo", DEMUCS_SETTINGS_PATH, .initial = "", .meaning = "none",
             .help = "Folder where the model is looked for, as NAME.yaml, SIG.safetensors or SIG-CHECKSUM.th; nothing "
                     "is downloaded then."}},
    {.key = {"preset", .initial = "", .meaning = "none",
             .help = "Several settings under one name: --list-presets shows them. What is set beside it wins."},
     .check = check_preset},
    {.key = {"two_stems", .initial = "", .meaning = "all stems",
             .help = "Write only STEM, such as vocals, and the rest in one file."},
     .group = GROUP_STEMS,
     .apply = put_two_stems},
    {.key = {"other_method", .choices = "none, add, minus", .initial = "add",
             .help = "What the rest is beside one STEM: \"add\" writes no_STEM, the sum of the other stems; \"minus\" "
                     "writes minus_STEM, the track minus STEM; \"none\" writes STEM only. The last two leave out work "
                     "that only serves other stems."},
     .apply = put_other_method},
    {.key = {"stems", DEMUCS_SETTINGS_LIST, .initial = "", .meaning = "all stems",
             .help = "Write these and no others, with commas between them: names of stems, and no_STEM and minus_STEM "
                     "for the rest beside one; or none, for mixes alone. Work that only serves other stems is left "
                     "out."},
     .group = GROUP_STEMS,
     .apply = put_stems},
    {.key = {"mix", DEMUCS_SETTINGS_LIST, .initial = "", .meaning = "none",
             .help = "Also write a file NAME that is a sum of stems, of no_STEM and minus_STEM, and of mix, the track: "
                     "NAME=EXPRESSION, such as practice=drums+other-0.5*vocals or quiet=mix+-6dB*vocals; several with "
                     "commas between them."},
     .apply = put_mix,
     .check = check_mix},
    {.key = {"output_dir", DEMUCS_SETTINGS_PATH, .initial = "separated",
             .help = "Folder for the results, which go into a folder with the name of the model inside it. - is "
                     "standard output, for "
                     "one file of one track."},
     .apply = put_output_dir},
    {.key = {"filename", .initial = "{track}/{stem}.{ext}",
             .help = "Path of an output file inside the folder of the model. {track}, {trackext}, {stem} and {ext} "
                     "stand for the name of the track without extension, its extension, the stem and the extension of "
                     "the output, if need be with a width as in Python ({track:.30}); {{ and }} for braces."},
     .apply = put_filename,
     .check = check_filename},
    {.key = {"on_collision", .choices = "rename, skip, overwrite, fail", .initial = "rename",
             .help = "When two tracks would be written to the same place, as a/song.mp3 and b/song.wav: \"rename\" "
                     "writes the second to song-2, \"skip\" leaves it out, \"overwrite\" lets it replace the first, "
                     "\"fail\" separates nothing. It is said before the work. Results of earlier runs are always "
                     "replaced."},
     .apply = put_on_collision},
    {.key = {"output_format", .choices = "wav, flac, mp3, ogg, opus, m4a, alac, aiff, stem.mp4, stem.alac",
             .initial = "wav",
             .help =
                 "Write wav, flac, mp3, ogg, opus, m4a, alac or aiff files: \"ogg\" is Vorbis, \"m4a\" AAC, "
                 "\"alac\" the lossless one in .m4a; opus is at 48 kHz. Or \"stem.mp4\", one file for the track and "
                 "its four stems, for programs of DJs; \"stem.alac\" is the same without loss."},
     .apply = put_output_format},
    {.key = {"bit_depth", .choices = "int16, int24, float32", .initial = "int16",
             .help = "Samples of the files: int24 is for wav, flac, alac and aiff, float32 for wav and aiff."},
     .apply = put_bit_depth},
    {.key = {"keep_depth", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Write samples as the track has them: 16 bits, 24 bits or floats, as far as the format has them; "
                     "of a track coded with loss those that are asked for."},
     .apply = put_keep_depth},
    {.key = {"clip_mode", .choices = "rescale, clamp, none", .initial = "rescale",
             .help = "What happens to a stem that is too loud for its file: \"rescale\" turns it down as a whole, "
                     "\"clamp\" cuts its peaks off at 0.99, \"none\" leaves it as it is."},
     .apply = put_clip_mode},
    {.key = {"gain", .choices = "each, common", .initial = "each",
             .help =
                 "How \"rescale\" turns files down: \"each\" that is too loud by itself, or with \"common\" all files "
                 "of a track alike, so that their balance stays."},
     .apply = put_gain},
    {.key = {"sum_to_mix", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help =
                 "Let the files of a track add up to the track, within one step of the format; what the stems leave "
                 "of it is spread over them by their energy. For wav, flac, alac and aiff; turns files down alike."},
     .apply = put_sum_to_mix},
    {.key = {"mp3_bitrate", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 320, .nearest = true, .unit = "kbit/s",
             .initial = "320", .help = "Bit rate of mp3 files in kbit/s, the nearest from 8 to 320; 0 (or less): 128."},
     .group = GROUP_BITRATE,
     .apply = put_mp3_bitrate},
    {.key = {"bitrate", DEMUCS_SETTINGS_INTEGER, .minimum = 8, .maximum = 1024, .unit = "kbit/s", .initial = "",
             .meaning = "what sounds well: 320 (mp3), some 224 (ogg), 160 (opus), 256 (m4a)",
             .help = "Bit rate of mp3, ogg, opus and m4a files in kbit/s; what the format cannot do is refused."},
     .group = GROUP_BITRATE,
     .apply = put_bitrate},
    {.key = {"mp3_preset", DEMUCS_SETTINGS_INTEGER, .choices = "2, 3, 4, 5, 6, 7", .initial = "2",
             .help = "Effort of the mp3 encoder: 2 is best, 7 is fastest."},
     .apply = put_mp3_preset},
    {.key = {"asr_rate", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 768000, .unit = "Hz", .initial = "0",
             .meaning = "rate and channels of the model",
             .help = "For speech recognition: write files of one channel at this sample rate, 16000 for most."},
     .group = GROUP_RATE,
     .apply = put_asr_rate},
    {.key = {"keep_rate", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Write files at the sample rate of the track, with as many frames as it has. Opus stays at 48 "
                     "kHz; mp3 and m4a take the nearest rate that they have and, up to their highest, that loses "
                     "nothing."},
     .group = GROUP_RATE,
     .apply = put_keep_rate},
    {.key = {"keep_tags", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Write what the track says of itself into its files: title with the stem's name, artist, album, "
                     "numbers, date, genre, comment, cover and chapters."},
     .apply = put_keep_tags},
    {.key = {"result_cache", DEMUCS_SETTINGS_PATH, .initial = "", .meaning = "none",
             .help = "Keep the results in this folder, and take those that are there instead of computing them again: "
                     "by content, for the same input, model and settings, whatever names and folders are."}},
    {.key = {"cache_limit", DEMUCS_SETTINGS_SIZE, .initial = "", .meaning = "as large as the disk",
             .help =
                 "How large the cache may become, such as 500M or 20GB: what was not used for longest goes first."}},
    {.key = {"cache_links", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Share the bytes of stems with the cache by hard links: only if nothing will write into them."},
     .apply = put_cache_links},
    {.key = {"skip_existing", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Leave a track alone whose output files are all there, whole, and newer than the track."},
     .apply = put_skip_existing},
    {.key = {"shifts", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 100000, .initial = "1",
             .help = "How many times the track is separated, each time moved by up to half a second at random; the "
                     "results are averaged. More times give a slightly better result and take as many times as long. "
                     "0 separates once without moving it."},
     .apply = put_shifts},
    {.key = {"overlap", DEMUCS_SETTINGS_NUMBER, .minimum = 0, .maximum = 0.99, .initial = "0.25",
             .help = "How much of each segment the next one covers again, from 0 to 0.99 of its length. More hides "
                     "the seams between segments better and takes longer: 0.5 takes 1.5 times as long as 0.25."},
     .apply = put_overlap},
    {.key = {"split", DEMUCS_SETTINGS_SWITCH, .initial = "on",
             .help = "Separate the track in segments; without them memory grows with its length."},
     .group = GROUP_SPLIT,
     .apply = put_split},
    {.key = {"segment", DEMUCS_SETTINGS_NUMBER, .minimum = 0.01, .maximum = 86400, .unit = "seconds", .initial = "",
             .meaning = "the model's own, which is also the most that htdemucs and its kin take; less makes those "
                        "slower, and only others take less memory",
             .help = "Length in seconds of the segments in which the track is separated."},
     .group = GROUP_SPLIT,
     .apply = put_segment},
    {.key = {"seed", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 4294967295.0, .initial = "0",
             .help = "Number that the random shifts follow from; the same number gives the same output."},
     .apply = put_seed},
    {.key = {"precision", .choices = "exact, fast", .initial = "exact",
             .help =
                 "\"exact\" computes in float32. \"fast\" multiplies in bfloat16 where the CPU has instructions for "
                 "it: faster, and the stems differ by noise some 45 dB below them."},
     .apply = put_precision},
    {.key = {"device", .initial = "cpu",
             .help = "This program computes on the CPU. Another device, such as cuda, is accepted with a warning, and "
                     "it is said how long the CPU takes."}},
    {.key = {"threads", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 1024, .initial = "0",
             .meaning = "one for each core",
             .help = "How many threads compute, all jobs together; the output does not depend on it."},
     .apply = put_threads},
    {.key = {"jobs", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 1024, .nearest = true, .initial = "0",
             .meaning = "one for every 16 threads",
             .help = "How many segments are separated at the same time. More are faster on a computer with many "
                     "cores, and each takes memory of its own; the output is the same."},
     .apply = put_jobs},
    {.key = {"tracks_at_once", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 64, .initial = "0",
             .meaning = "1, and on a computer of 8 cores or more 2 or 3, if there is memory and progress is not shown "
                        "as by the official program",
             .help = "How many tracks are separated at the same time: some read or write while others compute. Each "
                     "takes memory and disk space of its own; the output is the same."},
     .apply = put_tracks_at_once},
    {.key = {"max_memory", DEMUCS_SETTINGS_SIZE, .initial = "", .meaning = "what the computer can spare",
             .help = "How much memory the program may take, such as 800M or 4GB. Where that is too little, fewer "
                     "tracks and segments run at once, then less of a bag is kept in memory, then segments get "
                     "shorter, unless segment is set; it is said."},
     .apply = put_max_memory},
    {.key = {"stream", DEMUCS_SETTINGS_INTEGER, .minimum = 0, .maximum = 1000, .initial = "0",
             .help = "Which audio stream of a file to separate, counted from 0."},
     .apply = put_stream},
    {.key = {"downmix", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Mix all channels of a track that has more than two, such as 5.1, whose voices are often in the "
                     "centre: centre and surrounds at -3 dB, without the bass channel. Otherwise the first two are "
                     "taken, as in the official program."},
     .apply = put_downmix},
    {.key = {"offline", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Never use the network; the model must be on this computer already."},
     .anything_is_on = true},
    {.key = {"progress", .choices = "bar, plain, json, none", .initial = "bar",
             .help = "How progress is shown on stderr: \"bar\", through a pipe as in the official program, which "
                     "other programs may read; \"plain\", through a pipe a few lines of words for a log; \"json\", a "
                     "line of JSON for each event; \"none\", nothing of it."}},
    {.key = {"log_level", .choices = "error, warning, info, debug", .initial = "info",
             .help = "What is said on stderr besides progress: \"error\", what failed; \"warning\", also what may not "
                     "be as it should; \"info\", also the device, what was decided, and how long each track took; "
                     "\"debug\", also the files of the model, memory and CPU."}},
    {.key = {"log", DEMUCS_SETTINGS_PATH, .initial = "", .meaning = "none",
             .help = "Append lines of JSON to this file: how far each track is, and a record of it at its end. "
                     "/dev/fd/N is an open file descriptor. Never audio, and no names of files."}},
    {.key = {"log_names", DEMUCS_SETTINGS_SWITCH, .initial = "off",
             .help = "Also write names of files into the lines of JSON."}},
    {.key = {"summary", DEMUCS_SETTINGS_PATH, .initial = "", .meaning = "none",
             .help = "Write to this file, at the end, what became of each track, as JSON."}},
    {.key = {"timeout", DEMUCS_SETTINGS_NUMBER, .minimum = 0, .maximum = 1e9, .unit = "seconds", .initial = "0",
             .meaning = "as long as it takes",
             .help = "How long a track may take. One that takes longer is given up after the segment under way, counts "
                     "as failed, and the next one begins."}},
    {.key = {"quality", .choices = "off, on, strict", .initial = "off",
             .help = "Measure the stems of each track as they are made, and say what is unusual: clipping, DC, stems "
                     "that are alike, stems that do not add up, and how much of each is left in the others. "
                     "\"strict\": end with status 3 when all went well but something is unusual."}},
    {.key = {"quality_limits", .initial = "",
             .meaning = "clipping 0.001, silence 1, dc 0.003, correlation 0.3, residual -20 dB, leak -15 dB",
             .help = "What counts as unusual, such as \"leak=-20,silence=0.9\" or \"dc=off\"."},
     .check = check_quality_limits},
};

const size_t dmx_settings_table_count = sizeof dmx_settings_table / sizeof *dmx_settings_table;
static_assert(sizeof dmx_settings_table / sizeof *dmx_settings_table <= DMX_SETTINGS_MOST, "room for all keys");
