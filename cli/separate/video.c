/* video.c - see video.h
 *
 * A video is one file of a track: its name is that of the track, or what -o says, if that ends as a video does. */
#include "video.h"

#include "common/memory.h"
#include "folder.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* A name as a pattern: with its braces doubled. */
static char *pattern_of(const char *name)
{
    char *pattern = memory_new(2 * strlen(name) + 1, 1), *to = pattern;
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '{' || *at == '}') *to++ = *at;
        *to++ = *at;
    }
    return pattern;
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* A dubbed track may be a file of sound. */
static bool is_sound_name(const char *path)
{
    static const char *const endings[] = {"wav", "flac", "mp3", "ogg", "opus", "m4a", "aiff", "aif"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(folder_extension(path), endings[i]) == 0) return true;
    return false;
}

/* -o names the file of the one track. */
static arguments_result name_file(separate_options *options, const argument_parser *parser)
{
    const char *out = options->request.folder, *slash = strrchr(out, '/');
    if (options->tracks_count != 1 || options->from != NULL || is_folder(options->tracks[0]))
        return arguments_error(parser,
                               "argument -o/--out: %s is one file, and there may be several tracks: name a "
                               "folder, or one track",
                               out);
    options->video_folder = slash == NULL  ? memory_text(".")
                            : slash == out ? memory_text("/")
                                           : memory_text("%.*s", (int)(slash - out), out);
    options->video_pattern = pattern_of(slash == NULL ? out : slash + 1);
    options->request.folder = options->video_folder;
    options->request.pattern = options->video_pattern;
    return ARGUMENTS_RUN;
}

/* Where nobody has chosen names, a copy has that of its video. */
static void name_files(separate_options *options)
{
    const bool chosen = demucs_settings_origin(options->settings, "filename", NULL, 0) != DEMUCS_SETTINGS_DEFAULT;
    if (!chosen) options->request.pattern = "{track}.{trackext}";
}

/* Settings that ask for other files than the video: refused when given beside it; those of a file give way. */
static arguments_result set_aside(separate_options *options, const argument_parser *parser)
{
    static const struct {
        const char *key, *flag;
    } others[] = {{"two_stems", "--two-stems"}, {"stems", "--stems"}, {"sum_to_mix", "--sum-to-mix"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (demucs_settings_get_from(options->settings, DEMUCS_SETTINGS_PROGRAM, others[i].key) != NULL)
            return arguments_error(parser, "argument %s: not allowed with argument --replace-audio or --dub",
                                   others[i].flag);
    if (options->start > 0 || options->duration > 0)
        return arguments_error(
            parser,
            "argument %s: not allowed with argument --replace-audio or --dub, since the picture is not "
            "cut",
            options->start > 0 ? "--start" : "--duration");
    options->request.stem = NULL;
    options->request.sum_to_mix = false;
    return ARGUMENTS_RUN;
}

/* The one file that the track becomes: the mix of that name, or the stem. */
static void choose_sound(separate_options *options)
{
    demucs_tracks_request *request = &options->request;
    const size_t length = strlen(options->replace_audio), mixes = request->mixes_count;
    request->wanted = &options->replace_audio;
    request->wanted_count = 1;
    request->mixes_count = 0;
    for (size_t i = 0; i < mixes; i++) {
        if (strncmp(request->mixes[i], options->replace_audio, length) != 0 || request->mixes[i][length] != '=')
            continue;
        request->mixes += i;
        request->mixes_count = 1;
        request->wanted_count = 0;
        break;
    }
}

arguments_result video_check(separate_options *options, const argument_parser *parser)
{
    if (options->loudness != OPTIONS_LOUDNESS && options->dub == NULL)
        return arguments_error(parser, "argument --loudness: only with argument --dub");
    if (options->dub != NULL && options->replace_audio == NULL) options->replace_audio = "no_vocals";
    if (options->drop_other_audio && options->replace_audio == NULL)
        return arguments_error(parser, "argument --drop-other-audio: only with argument --replace-audio or --dub");
    if (options->replace_audio == NULL) return ARGUMENTS_RUN;
    const arguments_result others = set_aside(options, parser);
    if (others != ARGUMENTS_RUN) return others;
    demucs_video_options_init(&options->video, sizeof options->video);
    options->video.drop_other_audio = options->drop_other_audio;
    options->video.narration = options->dub;
    options->video.loudness_lufs = options->loudness;
    /* a format that is usual for stems is none for a video; one that is given beside it is */
    if (demucs_settings_get_from(options->settings, DEMUCS_SETTINGS_PROGRAM, "output_format") != NULL)
        options->video.codec = (int)options->request.container;
    options->request.video = &options->video;
    choose_sound(options);
    if (demucs_video_is_name(options->request.folder) ||
        (options->dub != NULL && is_sound_name(options->request.folder)))
        return name_file(options, parser);
    name_files(options);
    return ARGUMENTS_RUN;
}

char *video_folder(const separate_options *options)
{
    return options->video_folder != NULL ? memory_text("%s", options->video_folder) : NULL;
}
