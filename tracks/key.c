/* key.c - see key.h */
#include "tracks/key.h"

#include "base/alloc.h"
#include "base/dates.h"
#include "base/growing.h"
#include "base/options.h"
#include "digest/digest.h"
#include "tracks/paths.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Raised when tracks/ or audio/ write other bytes than before for the same stems, or read other samples from the same
 * file. What the network computes has a version of its own, demucs_numerics_version. */
enum { FILES_VERSION = 3 };

enum { PIECE_BYTES = 1 << 18 };

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to look for the track in the cache");
}

/* ------------------------------------------------------------------------------------------------ the input ---- */

bool dmx_key_possible(const demucs_tracks_request *request)
{
    struct stat info;
    return stat(request->input, &info) == 0 && S_ISREG(info.st_mode);
}

bool dmx_key_still_true(const dmx_key *self, const demucs_tracks_request *request)
{
    const struct stat *was = &self->was;
    struct stat is;
    return stat(request->input, &is) == 0 && is.st_dev == was->st_dev && is.st_ino == was->st_ino &&
           is.st_size == was->st_size && dmx_date_compare(dmx_date_of_content(&is), dmx_date_of_content(was)) == 0 &&
           dmx_date_compare(dmx_date_of_status(&is), dmx_date_of_status(was)) == 0;
}

static bool cannot_read(const dmx_watch *watch, int failure, demucs_error *error)
{
    char reason[DMX_REASON];
    return !dmx_refuse(watch->request->input, error, DEMUCS_ERROR_IO, "cannot read: %s", dmx_reason(reason, failure));
}

static bool sum_file(int file, digest_sum *sum, unsigned char *piece, dmx_watch *watch, demucs_error *error)
{
    for (;;) {
        if (!dmx_watch_progress(watch, 0, 0, NULL, error)) return false;
        const ssize_t got = read(file, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot_read(watch, errno, error);
        if (got == 0) return true;
        if (!digest_add(sum, piece, (size_t)got)) return no_memory(error);
    }
}

static bool sum_input(dmx_key *self, dmx_watch *watch, demucs_error *error)
{
    const int file = open(watch->request->input, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fstat(file, &self->was) != 0) {
        const int failure = errno;
        if (file >= 0) close(file);
        return cannot_read(watch, failure, error);
    }
    digest_sum *sum = digest_begin();
    unsigned char *piece = dmx_alloc(1, PIECE_BYTES);
    const bool done = sum != NULL && piece != NULL
                          ? sum_file(file, sum, piece, watch, error) && digest_end(sum, self->input)
                          : no_memory(error);
    digest_free(sum);
    dmx_free(piece);
    close(file);
    return done;
}

/* ------------------------------------------------------------------------------------------------- the text ---- */

/* With all its digits, and a point whatever the locale of the program is. */
static void add_number(dmx_growing *self, const char *name, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", value);
    char *point = text + strspn(text, "+-0123456789");
    if (*point != '\0' && *point != 'e') *point = '.';
    dmx_growing_print(self, "%s %s\n", name, text);
}

/* The ending of the input's name, in small letters: FFmpeg looks at it to tell what a file is. */
static void add_ending(dmx_growing *self, const char *input)
{
    char ending[16];
    snprintf(ending, sizeof ending, "%s", dmx_path_extension(input));
    for (char *at = ending; *at != '\0'; at++)
        *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '_';
    dmx_growing_print(self, "ending %s\n", ending);
}

static bool add_model(dmx_growing *self, const demucs_engine *engine, demucs_error *error)
{
    char digest[65];
    if (demucs_model_digest(demucs_engine_model(engine), digest, error) != DEMUCS_OK) return false;
    dmx_growing_print(self, "model %s\n", digest);
    dmx_growing_print(self, "cpu %s\n", demucs_engine_cpu(engine));
    dmx_growing_print(self, "precision %s\n",
                      demucs_engine_precision(engine) == DEMUCS_PRECISION_FAST ? "fast" : "exact");
    return true;
}

/* `wanted` follows from the files, and what is left out below tells of progress. */
static bool add_separation(dmx_growing *self, const demucs_stream_options *asked, demucs_error *error)
{
    demucs_stream_options o;
    demucs_default_stream_options(&o, sizeof o);
    if (asked != NULL && !dmx_options_take(&o, sizeof o, asked, asked->struct_size))
        return !dmx_options_unknown("demucs_default_stream_options", error);
    dmx_growing_print(self, "shifts %d\n", o.shifts);
    add_number(self, "overlap", o.overlap);
    add_number(self, "transition_power", o.transition_power);
    add_number(self, "segment_seconds", o.segment_seconds);
    dmx_growing_print(self, "split %d\n", o.split);
    dmx_growing_print(self, "normalize %d\n", o.normalize);
    dmx_growing_print(self, "seed %llu\n", (unsigned long long)o.seed);
    if (o.shift_offsets != NULL) dmx_growing_print(self, "shift_offsets");
    for (size_t i = 0; o.shift_offsets != NULL && i < o.shift_offsets_count; i++)
        dmx_growing_print(self, " %d", o.shift_offsets[i]);
    if (o.shift_offsets != NULL) dmx_growing_print(self, "\n");
    return true;
}

static void add_files(dmx_growing *self, const dmx_outputs *outputs)
{
    static const char *const containers[] = {[DEMUCS_TRACKS_WAV] = "wav",
                                             [DEMUCS_TRACKS_FLAC] = "flac",
                                             [DEMUCS_TRACKS_MP3] = "mp3",
                                             [DEMUCS_TRACKS_OGG] = "ogg",
                                             [DEMUCS_TRACKS_OPUS] = "opus",
                                             [DEMUCS_TRACKS_AAC] = "aac",
                                             [DEMUCS_TRACKS_ALAC] = "alac",
                                             [DEMUCS_TRACKS_AIFF] = "aiff",
                                             [DEMUCS_TRACKS_STEMS_AAC] = "stems_aac",
                                             [DEMUCS_TRACKS_STEMS_ALAC] = "stems_alac"};
    static const char *const samples[] = {
        [DEMUCS_TRACKS_INT16] = "int16", [DEMUCS_TRACKS_INT24] = "int24", [DEMUCS_TRACKS_FLOAT32] = "float32"};
    static const char *const kinds[] = {[DEMUCS_TRACKS_STEM] = "stem",
                                        [DEMUCS_TRACKS_OTHERS] = "others",
                                        [DEMUCS_TRACKS_REST] = "rest",
                                        [DEMUCS_TRACKS_MIX] = "mix",
                                        [DEMUCS_TRACKS_STEMS] = "stems"};
    static const char *const clips[] = {[DEMUCS_TRACKS_CLIP_RESCALE] = "rescale",
                                        [DEMUCS_TRACKS_CLIP_CLAMP] = "clamp",
                                        [DEMUCS_TRACKS_CLIP_NONE] = "none",
                                        [DEMUCS_TRACKS_CLIP_COMMON] = "common"};
    const demucs_tracks_request *request = outputs->request;
    dmx_growing_print(self, "clip %s\n", clips[request->clip]);
    dmx_growing_print(self, "sum_to_mix %d\n", request->sum_to_mix);
    dmx_growing_print(self, "sample %s\n", samples[request->sample]);
    dmx_growing_print(self, "mp3_bitrate_kbps %d\n", request->mp3_bitrate_kbps);
    dmx_growing_print(self, "bitrate_kbps %d\n", request->bitrate_kbps);
    dmx_growing_print(self, "mp3_quality %d\n", request->mp3_quality);
    dmx_growing_print(self, "output_sample_rate_hz %d\n", outputs->file_rate_hz);
    dmx_growing_print(self, "output_channels %d\n", outputs->file_channels);
    dmx_growing_print(self, "keep %u\n", request->keep);
    for (int k = 0; k < outputs->count; k++) {
        const dmx_output *item = &outputs->items[k];
        dmx_growing_print(self, "file %s %s", containers[item->container], kinds[item->kind]);
        if (item->source >= 0)
            dmx_growing_print(self, " %s\n",
                              demucs_model_source_name(demucs_engine_model(request->engine), item->source));
        else
            dmx_growing_print(self, "\n");
        for (int i = 0; item->kind == DEMUCS_TRACKS_MIX && i <= outputs->sources; i++)
            add_number(self, "weight", (double)item->weights[i]);
    }
}

static bool write_text(dmx_growing *self, const char *input_sum, const dmx_outputs *outputs, demucs_error *error)
{
    char versions[AUDIO_VERSIONS];
    const demucs_tracks_request *request = outputs->request;
    dmx_growing_print(self, "input %s\n", input_sum);
    add_ending(self, request->input);
    dmx_growing_print(self, "stream %d\n", request->stream);
    dmx_growing_print(self, "downmix %d\n", request->downmix);
    add_number(self, "start_seconds", request->start_seconds);
    add_number(self, "duration_seconds", request->duration_seconds);
    if (!add_model(self, request->engine, error) || !add_separation(self, request->separation, error)) return false;
    add_files(self, outputs);
    dmx_growing_print(self, "numerics %d\n", demucs_numerics_version());
    dmx_growing_print(self, "files %d\n", FILES_VERSION);
    dmx_growing_print(self, "libraries %s\n", audio_versions(versions));
    return !self->failed || no_memory(error);
}

bool dmx_key_make(dmx_key *self, const dmx_outputs *outputs, dmx_watch *watch, demucs_error *error)
{
    dmx_growing text = {0};
    *self = (dmx_key){0};
    if (!sum_input(self, watch, error)) return false;
    bool done = write_text(&text, self->input, outputs, error);
    digest_sum *sum = done ? digest_begin() : NULL;
    if (done)
        done =
            (sum != NULL && digest_add(sum, text.text, text.length) && digest_end(sum, self->sum)) || no_memory(error);
    digest_free(sum);
    if (done)
        self->text = text.text;
    else
        dmx_free(text.text);
    return done;
}
