/* asked.c - see asked.h
 *
 * tests/runs/test_log.c goes through all settings: one that changes a result has its name and its value here. */
#include "tracks/runs/asked.h"

#include "base/options.h"

static json_t *name_of(const void *object, size_t i)
{
    const char *const *names = object;
    return dmx_json_text(names[i]);
}

static json_t *offset_of(const void *object, size_t i)
{
    const int *offsets = object;
    return json_integer(offsets[i]);
}

static json_t *names_or_null(const char *const *names, size_t count)
{
    return names != NULL ? dmx_json_list(name_of, names, count) : json_null();
}

static json_t *positive_or_null(double number) { return number > 0 ? json_real(number) : json_null(); }

/* Which files. */
static json_t *stems_of(const demucs_tracks_request *r)
{
    static const char *const others[] = {
        [DEMUCS_TRACKS_OTHER_ADD] = "add", [DEMUCS_TRACKS_OTHER_MINUS] = "minus", [DEMUCS_TRACKS_OTHER_NONE] = "none"};
    return json_pack("{s:o, s:s, s:o, s:o, s:i, s:b, s:f, s:f}", "two_stems", dmx_json_text(r->stem), "other_method",
                     others[r->other], "stems", names_or_null(r->wanted, r->wanted_count), "mix",
                     names_or_null(r->mixes, r->mixes_count), "stream", r->stream, "downmix", r->downmix, "start",
                     r->start_seconds, "duration", r->duration_seconds);
}

/* How they are written. */
static json_t *files_of(const demucs_tracks_request *r, demucs_tracks_container container)
{
    static const char *const formats[] = {[DEMUCS_TRACKS_WAV] = "wav",
                                          [DEMUCS_TRACKS_FLAC] = "flac",
                                          [DEMUCS_TRACKS_MP3] = "mp3",
                                          [DEMUCS_TRACKS_OGG] = "ogg",
                                          [DEMUCS_TRACKS_OPUS] = "opus",
                                          [DEMUCS_TRACKS_AAC] = "m4a",
                                          [DEMUCS_TRACKS_ALAC] = "alac",
                                          [DEMUCS_TRACKS_AIFF] = "aiff",
                                          [DEMUCS_TRACKS_STEMS_AAC] = "stem.mp4",
                                          [DEMUCS_TRACKS_STEMS_ALAC] = "stem.alac"};
    static const char *const depths[] = {
        [DEMUCS_TRACKS_INT16] = "int16", [DEMUCS_TRACKS_INT24] = "int24", [DEMUCS_TRACKS_FLOAT32] = "float32"};
    static const char *const clips[] = {[DEMUCS_TRACKS_CLIP_RESCALE] = "rescale",
                                        [DEMUCS_TRACKS_CLIP_CLAMP] = "clamp",
                                        [DEMUCS_TRACKS_CLIP_NONE] = "none",
                                        [DEMUCS_TRACKS_CLIP_COMMON] = "rescale"};
    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:b, s:i, s:o, s:i, s:i, s:i}", "output_format",
                     r->video != NULL ? "video" : formats[container], "bit_depth", depths[r->sample], "keep_rate",
                     (r->keep & DEMUCS_TRACKS_KEEP_RATE) != 0, "keep_depth", (r->keep & DEMUCS_TRACKS_KEEP_DEPTH) != 0,
                     "keep_tags", (r->keep & DEMUCS_TRACKS_KEEP_TAGS) != 0, "clip_mode", clips[r->clip], "gain",
                     r->clip == DEMUCS_TRACKS_CLIP_COMMON ? "common" : "each", "sum_to_mix", r->sum_to_mix,
                     "mp3_bitrate", r->mp3_bitrate_kbps, "bitrate",
                     r->bitrate_kbps > 0 ? json_integer(r->bitrate_kbps) : json_null(), "mp3_preset", r->mp3_quality,
                     "asr_rate", r->output_sample_rate_hz, "output_channels", r->output_channels);
}

/* How they are separated. */
static json_t *separation_of(const demucs_stream_options *asked)
{
    demucs_stream_options o;
    demucs_default_stream_options(&o, sizeof o);
    if (asked != NULL && !dmx_options_take(&o, sizeof o, asked, asked->struct_size)) return json_object(); /* refused */
    return json_pack("{s:i, s:f, s:f, s:o, s:b, s:b, s:I, s:o}", "shifts", o.shifts, "overlap", o.overlap,
                     "transition_power", o.transition_power, "segment", positive_or_null(o.segment_seconds), "split",
                     o.split, "normalize", o.normalize, "seed", (json_int_t)o.seed, "shift_offsets",
                     o.shift_offsets != NULL ? dmx_json_list(offset_of, o.shift_offsets, o.shift_offsets_count)
                                             : json_null());
}

json_t *dmx_runs_asked(const demucs_tracks_request *request, demucs_tracks_container container)
{
    json_t *all = stems_of(request), *files = files_of(request, container),
           *separation = separation_of(request->separation);
    const bool done = all != NULL && json_object_update(all, files) == 0 && json_object_update(all, separation) == 0;
    json_decref(files);
    json_decref(separation);
    if (done) return all;
    json_decref(all);
    return NULL;
}
