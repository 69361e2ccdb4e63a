/* test_key.c - the key of a result has all that changes its bytes, and nothing else.
 *
 * The tables below name every field of every struct that a request is made of, as "in the key" or as harmless, with a
 * change to it. A field that is in no table leaves a gap, which is a failure: whoever adds one has to decide. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

typedef enum effect { KEY, HARMLESS } effect;

/* What is changed: a request with the structs that it points to. */
typedef struct subject {
    demucs_tracks_request request;
    demucs_stream_options separation;
    demucs_tracks_target targets[2];
} subject;

typedef struct field {
    const char *name;
    size_t offset, size;
    effect effect;
    void (*change)(subject *it);
} field;

static bool on_segment(const demucs_progress *progress, void *user)
{
    (void)progress, (void)user;
    return false;
}
static void on_stage(const char *stage, double flops, void *user) { (void)stage, (void)flops, (void)user; }

static demucs_tracks_batch *batch;
static demucs_tracks_cancel *cancel;
static demucs_engine *other_engine;
static const char *const two_stems[] = {"drums", "vocals"};
static const char *const two_mixes[] = {"a=drums+bass", "b=mix-0.5*vocals"};
static const int offsets[] = {100, 200};
static const bool wanted_sources[TRACKS_STEMS] = {true};

/* ---- the request ---- */

#define CHANGE(name, statement)                                                                                        \
    static void name(subject *it) { statement; }
CHANGE(request_size, it->request.struct_size = offsetof(demucs_tracks_request, cache))
CHANGE(request_engine, it->request.engine = other_engine)
CHANGE(request_separation, it->request.separation = NULL)
CHANGE(request_input, it->request.input = "other.wav")
CHANGE(request_stream, it->request.stream = 1)
CHANGE(request_folder, it->request.folder = "elsewhere")
CHANGE(request_pattern, it->request.pattern = "{stem}-{track}.wav")
CHANGE(request_stem, it->request.stem = "vocals")
CHANGE(request_other, (it->request.stem = "vocals", it->request.other = DEMUCS_TRACKS_OTHER_MINUS))
CHANGE(request_wanted, (it->request.wanted = two_stems, it->request.wanted_count = 2))
CHANGE(request_wanted_count, (it->request.wanted = two_stems, it->request.wanted_count = 1))
CHANGE(request_mixes, (it->request.mixes = two_mixes, it->request.mixes_count = 2))
CHANGE(request_mixes_count, (it->request.mixes = two_mixes, it->request.mixes_count = 1))
CHANGE(request_targets, (it->request.targets = it->targets, it->request.targets_count = 2))
CHANGE(request_targets_count, (it->request.targets = it->targets, it->request.targets_count = 1))
CHANGE(request_container, it->request.container = DEMUCS_TRACKS_FLAC)
CHANGE(request_sample, it->request.sample = DEMUCS_TRACKS_INT24)
CHANGE(request_bitrate, it->request.mp3_bitrate_kbps = 128)
CHANGE(request_quality, it->request.mp3_quality = 7)
CHANGE(request_clip, it->request.clip = DEMUCS_TRACKS_CLIP_CLAMP)
CHANGE(request_spool, it->request.spool_folder = "/tmp")
CHANGE(request_batch, it->request.batch = batch)
CHANGE(request_cancel, it->request.cancel = cancel)
CHANGE(request_event, it->request.event = tracks_on_event)
CHANGE(request_event_user, it->request.event_user = it)
CHANGE(request_folder_setting, it->request.folder_setting = "--out")
CHANGE(request_pattern_setting, it->request.pattern_setting = "--filename")
CHANGE(request_downmix, it->request.downmix = true)
CHANGE(request_output_rate, it->request.output_sample_rate_hz = 16000)
CHANGE(request_output_channels, it->request.output_channels = 1)
CHANGE(request_sum,
       (it->request.sum_to_mix = true, it->request.clip = DEMUCS_TRACKS_CLIP_NONE, it->request.targets = NULL))
CHANGE(request_start, it->request.start_seconds = 0.1)
CHANGE(request_duration, it->request.duration_seconds = 0.2)
CHANGE(request_descriptor, it->request.descriptor = -2) /* none either: with one there is no key */
CHANGE(request_keep, it->request.keep = DEMUCS_TRACKS_KEEP_RATE)
CHANGE(request_downmix_setting, it->request.downmix_setting = "--downmix")
CHANGE(request_collision, it->request.collision = DEMUCS_TRACKS_COLLISION_SKIP)
CHANGE(request_cache, it->request.cache = NULL)
CHANGE(request_cache_links, it->request.cache_links = true)
CHANGE(request_skip, it->request.skip_existing = true)
CHANGE(request_lossy_bitrate, it->request.bitrate_kbps = 96)
static demucs_quality_options quality_limits;
CHANGE(request_figures,
       (demucs_quality_options_init(&quality_limits, sizeof quality_limits), it->request.quality = &quality_limits))

static demucs_video_options copied;
CHANGE(request_video, (demucs_video_options_init(&copied, sizeof copied), it->request.video = &copied))

#define FIELD(type, name, effect, change)                                                                              \
    {                                                                                                                  \
#type "." #name, offsetof(type, name), sizeof(((type *)0)->name), effect, change                               \
    }
#define REQUEST(name, effect, change) FIELD(demucs_tracks_request, name, effect, change)
static const field request_fields[] = {
    REQUEST(struct_size, HARMLESS, request_size),
    REQUEST(engine, KEY, request_engine),
    REQUEST(separation, KEY, request_separation),
    REQUEST(input, KEY, request_input),
    REQUEST(stream, KEY, request_stream),
    REQUEST(folder, HARMLESS, request_folder),
    REQUEST(pattern, HARMLESS, request_pattern),
    REQUEST(stem, KEY, request_stem),
    REQUEST(other, KEY, request_other),
    REQUEST(wanted, KEY, request_wanted),
    REQUEST(wanted_count, KEY, request_wanted_count),
    REQUEST(targets, KEY, request_targets),
    REQUEST(targets_count, KEY, request_targets_count),
    REQUEST(container, KEY, request_container),
    REQUEST(sample, KEY, request_sample),
    REQUEST(mp3_bitrate_kbps, KEY, request_bitrate),
    REQUEST(mp3_quality, KEY, request_quality),
    REQUEST(clip, KEY, request_clip),
    REQUEST(spool_folder, HARMLESS, request_spool),
    REQUEST(batch, HARMLESS, request_batch),
    REQUEST(cancel, HARMLESS, request_cancel),
    REQUEST(event, HARMLESS, request_event),
    REQUEST(event_user, HARMLESS, request_event_user),
    REQUEST(folder_setting, HARMLESS, request_folder_setting),
    REQUEST(pattern_setting, HARMLESS, request_pattern_setting),
    REQUEST(downmix, KEY, request_downmix),
    REQUEST(sum_to_mix, KEY, request_sum),
    REQUEST(downmix_setting, HARMLESS, request_downmix_setting),
    REQUEST(collision, HARMLESS, request_collision),
    REQUEST(bitrate_kbps, KEY, request_lossy_bitrate),
    REQUEST(cache, HARMLESS, request_cache),
    REQUEST(skip_existing, HARMLESS, request_skip),
    REQUEST(output_sample_rate_hz, KEY, request_output_rate),
    REQUEST(output_channels, KEY, request_output_channels),
    REQUEST(quality, HARMLESS, request_figures),
    REQUEST(start_seconds, KEY, request_start),
    REQUEST(duration_seconds, KEY, request_duration),
    REQUEST(descriptor, HARMLESS, request_descriptor),
    REQUEST(mixes, KEY, request_mixes),
    REQUEST(mixes_count, KEY, request_mixes_count),
    REQUEST(keep, KEY, request_keep),
    REQUEST(video, HARMLESS, request_video), /* with it there is no cache */
    REQUEST(cache_links, HARMLESS, request_cache_links),
};

/* ---- the options of the stream ---- */

CHANGE(option_size, it->separation.struct_size = offsetof(demucs_stream_options, stage))
CHANGE(option_shifts, it->separation.shifts = 3)
CHANGE(option_overlap, it->separation.overlap = 0.1)
CHANGE(option_power, it->separation.transition_power = 2)
CHANGE(option_segment, it->separation.segment_seconds = 0.25)
CHANGE(option_split, it->separation.split = false)
CHANGE(option_normalize, it->separation.normalize = false)
CHANGE(option_seed, it->separation.seed = 5)
CHANGE(option_offsets, (it->separation.shift_offsets = offsets, it->separation.shift_offsets_count = 2))
CHANGE(option_offsets_count, (it->separation.shift_offsets = offsets, it->separation.shift_offsets_count = 1))
CHANGE(option_wanted, it->separation.wanted = wanted_sources)
CHANGE(option_progress, it->separation.progress = on_segment)
CHANGE(option_progress_user, it->separation.progress_user = it)
CHANGE(option_stage, it->separation.stage = on_stage)
CHANGE(option_stage_user, it->separation.stage_user = it)

#define OPTION(name, effect, change) FIELD(demucs_stream_options, name, effect, change)
static const field option_fields[] = {
    OPTION(struct_size, HARMLESS, option_size),
    OPTION(shifts, KEY, option_shifts),
    OPTION(overlap, KEY, option_overlap),
    OPTION(transition_power, KEY, option_power),
    OPTION(segment_seconds, KEY, option_segment),
    OPTION(split, KEY, option_split),
    OPTION(normalize, KEY, option_normalize),
    OPTION(seed, KEY, option_seed),
    OPTION(shift_offsets, KEY, option_offsets),
    OPTION(shift_offsets_count, KEY, option_offsets_count),
    OPTION(wanted, HARMLESS, option_wanted),
    OPTION(progress, HARMLESS, option_progress),
    OPTION(progress_user, HARMLESS, option_progress_user),
    OPTION(stage, HARMLESS, option_stage),
    OPTION(stage_user, HARMLESS, option_stage_user),
};

/* ---- a target; the request that is compared with has two ---- */

CHANGE(target_kind, it->targets[1].kind = DEMUCS_TRACKS_REST)
CHANGE(target_stem, it->targets[1].stem = "other")
CHANGE(target_path, it->targets[1].path = "elsewhere/y.wav")

#define TARGET(name, effect, change) FIELD(demucs_tracks_target, name, effect, change)
static const field target_fields[] = {TARGET(kind, KEY, target_kind), TARGET(stem, KEY, target_stem),
                                      TARGET(path, HARMLESS, target_path)};

/* ---- going through them ---- */

typedef struct key {
    char hex[65];
} key;

/* A request, with targets if asked to, after a change if there is one. */
static key key_of(const tracks_setup *setup, bool targets, void (*change)(subject *it))
{
    subject it = {.request = tracks_request(setup, "song.mka"), .separation = setup->separation};
    demucs_error error = {DEMUCS_OK, ""};
    key is = {""};
    it.request.separation = &it.separation;
    it.targets[0] = (demucs_tracks_target){DEMUCS_TRACKS_STEM, "drums", "x.wav"};
    it.targets[1] = (demucs_tracks_target){DEMUCS_TRACKS_STEM, "bass", "y.wav"};
    if (targets) request_targets(&it);
    if (change != NULL) change(&it);
    CHECK(demucs_tracks_cache_key(&it.request, is.hex, &error) == DEMUCS_OK, "%s", error.message);
    return is;
}

static bool same(key a, key b) { return strcmp(a.hex, b.hex) == 0; }

static size_t aligned(size_t offset, size_t size)
{
    const size_t unit = size < sizeof(void *) ? size : sizeof(void *);
    return (offset + unit - 1) / unit * unit;
}

/* Every byte of a struct belongs to a field of the table, but for what aligns them. */
static bool is_complete(const field *fields, size_t count, size_t size)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].offset != aligned(end, fields[i].size)) return false;
        end = fields[i].offset + fields[i].size;
    }
    return aligned(end, sizeof(void *)) == size;
}

static void go_through(const field *fields, size_t count, size_t size, bool targets)
{
    const tracks_setup *setup = tracks_begin();
    CHECK(is_complete(fields, count, size),
          "a field is missing in the table of %.20s...: is it in the key (tracks/key.c), or harmless?", fields[0].name);
    CHECK(!is_complete(fields, count - 1, size), "a table without its last field looks complete");
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    tracks_make("other.wav", 2, TRACKS_RATE_HZ, 5000, 0.4F);
    REQUIRE(rename("song.wav", "song.mka") == 0, "rename"); /* the content decides what it is */
    const key plain = key_of(setup, targets, NULL);
    for (size_t i = 0; i < count; i++)
        CHECK(same(plain, key_of(setup, targets, fields[i].change)) == (fields[i].effect == HARMLESS), "%s is %s",
              fields[i].name, fields[i].effect == KEY ? "not in the key" : "in the key");
}

static void test_request(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error;
    demucs_engine_options options;
    demucs_default_engine_options(&options, sizeof options);
    options.cpu = "scalar";
    REQUIRE(demucs_tracks_batch_create(&batch, &error) == DEMUCS_OK &&
                demucs_tracks_cancel_create(&cancel, &error) == DEMUCS_OK &&
                demucs_engine_create(&other_engine, setup->model, &options, &error) == DEMUCS_OK,
            "%s", error.message);
    go_through(request_fields, sizeof request_fields / sizeof *request_fields, sizeof(demucs_tracks_request), false);
    demucs_tracks_batch_free(batch);
    demucs_tracks_cancel_free(cancel);
    demucs_engine_free(other_engine);
}

static void test_options(void)
{
    go_through(option_fields, sizeof option_fields / sizeof *option_fields, sizeof(demucs_stream_options), false);
}

static void test_targets(void)
{
    go_through(target_fields, sizeof target_fields / sizeof *target_fields, sizeof(demucs_tracks_target), true);
}

/* Of a mix its weights are in the key, and neither its name nor how it was written. */
static void test_mixes(void)
{
    const tracks_setup *setup = tracks_begin();
    static const char *const forms[][1] = {
        {"a=drums - 0.5*bass"}, {"b=-0.25*bass+drums+-0.25*bass"}, {"a=drums - 0.51*bass"}, {"a=drums-0.5*other"}};
    char keys[4][65];
    demucs_error error = {DEMUCS_OK, ""};
    tracks_make("song.mka", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    for (int i = 0; i < 4; i++) {
        demucs_tracks_request request = tracks_request(setup, "song.mka");
        request.mixes = forms[i];
        request.mixes_count = 1;
        CHECK(demucs_tracks_cache_key(&request, keys[i], &error) == DEMUCS_OK, "%s", error.message);
    }
    CHECK(strcmp(keys[0], keys[1]) == 0, "another name, the same sum");
    CHECK(strcmp(keys[0], keys[2]) != 0 && strcmp(keys[0], keys[3]) != 0, "other sums");
}

/* Jobs and threads change no bit. */
static void test_engine(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error;
    demucs_engine_options options;
    tracks_setup other = *setup;
    tracks_make("song.mka", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    demucs_default_engine_options(&options, sizeof options);
    options.threads = 3;
    options.jobs = 2;
    REQUIRE(demucs_engine_create(&other.engine, setup->model, &options, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(same(key_of(setup, false, NULL), key_of(&other, false, NULL)), "threads and jobs");
    demucs_engine_free(other.engine);
}

/* The name of the input plays no part, but for its ending: FFmpeg goes by it where the content says too little. */
static void test_input(void)
{
    const tracks_setup *setup = tracks_begin();
    demucs_error error = {DEMUCS_OK, ""};
    char keys[3][65];
    static const char *const names[3] = {"one.wav", "two.WAV", "three.mp3"};
    for (int i = 0; i < 3; i++) {
        tracks_make(names[i], 2, TRACKS_RATE_HZ, 5000, 0.5F);
        const demucs_tracks_request request = tracks_request(setup, names[i]);
        CHECK(demucs_tracks_cache_key(&request, keys[i], &error) == DEMUCS_OK, "%s", error.message);
    }
    CHECK(strcmp(keys[0], keys[1]) == 0 && strcmp(keys[0], keys[2]) != 0, "names and endings");
    const demucs_tracks_request missing = tracks_request(setup, "none.wav");
    CHECK(tracks_failed(demucs_tracks_cache_key(&missing, keys[0], &error), &error, DEMUCS_ERROR_IO, "none.wav"), "%s",
          error.message);
    CHECK(keys[0][0] == '\0', "no key after a failure");
    CHECK(demucs_tracks_cache_key(&missing, NULL, &error) == DEMUCS_ERROR_ARGUMENT, "no place");
    CHECK(demucs_tracks_cache_key(NULL, keys[0], &error) == DEMUCS_ERROR_ARGUMENT, "no request");
    CHECK(tracks_count(NULL) == 3, "something was written");
}

TRACKS_MAIN(test_request, test_options, test_targets, test_mixes, test_engine, test_input)
