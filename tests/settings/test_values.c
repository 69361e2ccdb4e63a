/* test_values.c - settings without files: what values there are, which source wins, presets, and the structs they go
 * into. */
#include "demucs_settings.h"

#include "tracks.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static demucs_settings *fresh(void)
{
    demucs_settings *settings = NULL;
    demucs_error error;
    if (demucs_settings_create(&settings, &error) != DEMUCS_OK) abort();
    return settings;
}

static bool set(demucs_settings *settings, demucs_settings_source source, const char *key, const char *value)
{
    demucs_error error;
    const bool done = demucs_settings_set(settings, source, key, value, NULL, &error) == DEMUCS_OK;
    if (!done) printf("%s\n", error.message);
    return done;
}

static bool is(const demucs_settings *settings, const char *key, const char *value)
{
    const char *got = demucs_settings_get(settings, key);
    if (got != NULL && strcmp(got, value) == 0) return true;
    printf("%s is '%s' and not '%s'\n", key, got != NULL ? got : "NULL", value);
    return false;
}

/* The stronger source wins, in whatever order they come; what is taken back no longer counts. */
static void test_sources(void)
{
    demucs_settings *s = fresh();
    char origin[100];
    CHECK(is(s, "shifts", "1") && demucs_settings_origin(s, "shifts", origin, sizeof origin) == DEMUCS_SETTINGS_DEFAULT,
          "default");
    CHECK(strcmp(origin, "default") == 0, "%s", origin);
    CHECK(set(s, DEMUCS_SETTINGS_VARIABLE, "shifts", "4") && is(s, "shifts", "4"), "variable");
    CHECK(set(s, DEMUCS_SETTINGS_USER, "shifts", "2") && is(s, "shifts", "4"), "user");
    CHECK(set(s, DEMUCS_SETTINGS_PROJECT, "shifts", "3") && is(s, "shifts", "4"), "project");
    CHECK(demucs_settings_set(s, DEMUCS_SETTINGS_PROGRAM, "shifts", "5", "--shifts", NULL) == DEMUCS_OK &&
              is(s, "shifts", "5"),
          "program");
    CHECK(demucs_settings_origin(s, "shifts", origin, sizeof origin) == DEMUCS_SETTINGS_PROGRAM &&
              strcmp(origin, "--shifts") == 0,
          "%s", origin);
    CHECK(demucs_settings_origin(s, "shifts", origin, 4) == DEMUCS_SETTINGS_PROGRAM && strcmp(origin, "--s") == 0, "%s",
          origin);
    CHECK(strcmp(demucs_settings_get_from(s, DEMUCS_SETTINGS_PROJECT, "shifts"), "3") == 0, "of the project");
    CHECK(demucs_settings_get_from(s, DEMUCS_SETTINGS_PROJECT, "seed") == NULL, "nothing of the project");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "shifts", NULL) && is(s, "shifts", "4"), "taken back");
    demucs_settings_free(s);
}

/* What is refused, with a sentence that says what is allowed. Nothing changes. */
static void test_wrong(void)
{
    static const char *const wrong[][3] = {
        {"shift", "1", "there is no setting 'shift'; there are model, repo, preset"},
        {"", "1", "there is no setting ''"},
        {"shifts", "x", "shifts is 'x', but should be a whole number from 0 to 1"},
        {"shifts", "", "shifts is ''"},
        {"shifts", "1.5", "a whole number"},
        {"shifts", " 1", "a whole number"},
        {"shifts", "-1", "from 0 to 100000"},
        {"shifts", "99999999999999999999", "from 0 to 100000"},
        {"overlap", "1", "overlap is '1', but should be a number from 0 to 0.99"},
        {"overlap", "nan", "a number"},
        {"overlap", "0x0.1p0", "a number"},
        {"overlap", "0,5", "a number"},
        {"overlap", ".", "a number"},
        {"split", "maybe", "split is 'maybe', but should be on or off"},
        {"output_format", "wma", "should be one of wav, flac, mp3"},
        {"output_format", "wav, flac", "should be one of wav, flac, mp3"},
        {"output_format", "", "should be one of wav, flac, mp3"},
        {"mp3_preset", "1", "should be one of 2, 3, 4, 5, 6, 7"},
        {"mp3_bitrate", "loud", "a whole number from 0 to 320"},
        {"preset", "nice", "there is no preset 'nice'; there are draft, standard"},
        {"model", "", "the name of the model is empty"},
        {"filename", "{song}", "unknown variable {song}"},
        {"stems", "a,,b", "names with commas between them"},
        {"stems", ",", "names with commas between them"},
        {"max_memory", "much", "max_memory is 'much', but should be a size, such as"},
        {"max_memory", "0", "a size"},
        {"tracks_at_once", "65", "a whole number from 0 to 64"}};
    demucs_settings *s = fresh();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        demucs_error error = {DEMUCS_OK, ""};
        const demucs_status status =
            demucs_settings_set(s, DEMUCS_SETTINGS_USER, wrong[i][0], wrong[i][1], NULL, &error);
        CHECK(tracks_failed(status, &error, DEMUCS_ERROR_ARGUMENT, wrong[i][2]), "%s = '%s': %s", wrong[i][0],
              wrong[i][1], error.message);
        CHECK(demucs_settings_get_from(s, DEMUCS_SETTINGS_USER, wrong[i][0]) == NULL, "%s was set", wrong[i][0]);
    }
    CHECK(demucs_settings_set(s, DEMUCS_SETTINGS_DEFAULT, "shifts", "1", NULL, NULL) == DEMUCS_ERROR_ARGUMENT,
          "defaults stay");
    CHECK(demucs_settings_set(s, (demucs_settings_source)9, "shifts", "1", NULL, NULL) == DEMUCS_ERROR_ARGUMENT,
          "no source");
    CHECK(demucs_settings_set(NULL, DEMUCS_SETTINGS_USER, "shifts", "1", NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "NULL");
    CHECK(demucs_settings_set(s, DEMUCS_SETTINGS_USER, NULL, "1", NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "no key");
    CHECK(demucs_settings_get(s, "shift") == NULL && demucs_settings_get(s, NULL) == NULL, "no such key");
    CHECK(demucs_settings_create(NULL, NULL) == DEMUCS_ERROR_ARGUMENT, "nowhere to put it");
    demucs_settings_free(s);
    demucs_settings_free(NULL);
}

/* Values that are taken, and the form in which they are given back. */
static void test_forms(void)
{
    static const char *const right[][3] = {{"split", "No", "off"},
                                           {"split", "TRUE", "on"},
                                           {"shifts", "007", "7"},
                                           {"mp3_bitrate", "5000", "320"},
                                           {"mp3_bitrate", "-7", "0"},
                                           {"jobs", "-1", "0"},
                                           {"overlap", ".5", ".5"},
                                           {"overlap", "5e-1", "5e-1"},
                                           {"stems", "a , b", "a, b"},
                                           {"stems", "vocals", "vocals"},
                                           {"bitrate", "", ""},
                                           {"output_dir", "a\nb", "a\nb"},
                                           {"two_stems", "", ""},
                                           {"segment", "", ""},
                                           {"seed", "4294967295", "4294967295"},
                                           {"max_memory", "1.5GB", "1.5GB"},
                                           {"max_memory", "", ""}};
    demucs_settings *s = fresh();
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        CHECK(set(s, DEMUCS_SETTINGS_USER, right[i][0], right[i][1]) && is(s, right[i][0], right[i][2]), "%s = '%s'",
              right[i][0], right[i][1]);
        CHECK(set(s, DEMUCS_SETTINGS_USER, right[i][0], NULL), "taken back");
    }
    demucs_settings_free(s);
}

/* A preset is stronger than weaker sources, weaker than all that its source says, and alone. */
static void test_presets(void)
{
    demucs_settings *s = fresh();
    char origin[100];
    CHECK(set(s, DEMUCS_SETTINGS_USER, "output_format", "wav") && set(s, DEMUCS_SETTINGS_USER, "seed", "3") &&
              set(s, DEMUCS_SETTINGS_PROJECT, "preset", "archive") &&
              set(s, DEMUCS_SETTINGS_PROJECT, "bit_depth", "int16"),
          "set");
    CHECK(is(s, "model", "htdemucs_ft") && is(s, "output_format", "flac") && is(s, "bit_depth", "int16") &&
              is(s, "seed", "3"),
          "archive");
    demucs_settings_origin(s, "model", origin, sizeof origin);
    CHECK(strcmp(origin, "preset archive (project file)") == 0, "%s", origin);
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "preset", "karaoke") && is(s, "preset", "karaoke"), "another preset");
    CHECK(is(s, "model", "htdemucs") && is(s, "output_format", "mp3") && is(s, "bit_depth", "int16") &&
              is(s, "stems", "no_vocals"),
          "it takes the place of the other");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "output_format", "flac") && is(s, "output_format", "flac"), "a flag wins");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "preset", "") && is(s, "stems", "") && is(s, "model", "htdemucs"), "none");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "preset", NULL) && is(s, "model", "htdemucs_ft"), "back to the project's");
    demucs_settings_free(s);
    for (size_t i = 0; i < demucs_settings_presets(); i++) {
        const demucs_settings_preset *preset = demucs_settings_preset_at(i);
        s = fresh();
        CHECK(set(s, DEMUCS_SETTINGS_USER, "preset", preset->name) && preset->time > 0, "%s", preset->name);
        for (size_t j = 0; j < preset->values_count; j++)
            CHECK(is(s, preset->values[j].key, preset->values[j].value), "%s", preset->name);
        demucs_settings_free(s);
    }
    CHECK(demucs_settings_preset_at(demucs_settings_presets()) == NULL &&
              demucs_settings_key_at(demucs_settings_keys()) == NULL,
          "beyond the ends");
}

/* Keys that exclude each other: in one source refused, else the stronger wins. */
static void test_groups(void)
{
    demucs_settings *s = fresh();
    demucs_error error;
    CHECK(set(s, DEMUCS_SETTINGS_USER, "two_stems", "drums") && is(s, "two_stems", "drums"), "alone");
    CHECK(tracks_failed(demucs_settings_set(s, DEMUCS_SETTINGS_USER, "stems", "bass", NULL, &error), &error,
                        DEMUCS_ERROR_ARGUMENT, "stems and two_stems exclude each other"),
          "%s", error.message);
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "preset", "asr") && is(s, "stems", "vocals") && is(s, "two_stems", ""),
          "the preset of a stronger source");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "two_stems", "bass") && is(s, "stems", "") && is(s, "two_stems", "bass"),
          "a flag beside it");
    CHECK(set(s, DEMUCS_SETTINGS_USER, "split", "off") && set(s, DEMUCS_SETTINGS_PROJECT, "segment", "5") &&
              is(s, "split", "on") && is(s, "segment", "5"),
          "segment over split");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "split", "on") && is(s, "segment", "5"), "a default excludes nothing");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "split", "off") && is(s, "segment", ""), "no-split over segment");
    demucs_settings_free(s);
}

/* Every value arrives where it should. */
static void test_apply(void)
{
    static const char *const values[][2] = {{"two_stems", "drums"},
                                            {"other_method", "minus"},
                                            {"output_dir", "there"},
                                            {"filename", "{stem}.{ext}"},
                                            {"output_format", "mp3"},
                                            {"bit_depth", "float32"},
                                            {"clip_mode", "none"},
                                            {"mp3_bitrate", "192"},
                                            {"mp3_preset", "7"},
                                            {"asr_rate", "16000"},
                                            {"shifts", "3"},
                                            {"overlap", "0.5"},
                                            {"split", "off"},
                                            {"seed", "4294967295"},
                                            {"precision", "fast"},
                                            {"threads", "7"},
                                            {"jobs", "2"},
                                            {"stream", "4"},
                                            {"downmix", "on"},
                                            {"on_collision", "skip"},
                                            {"cache_links", "on"},
                                            {"skip_existing", "on"}};
    demucs_settings *s = fresh();
    demucs_tracks_request r;
    demucs_engine_options e;
    demucs_stream_options o;
    demucs_tracks_request_init(&r, sizeof r);
    demucs_default_engine_options(&e, sizeof e);
    demucs_default_stream_options(&o, sizeof o);
    demucs_tracks_request r0 = r;
    demucs_engine_options e0 = e;
    demucs_stream_options o0 = o;
    demucs_settings_apply(s, &r, &e, &o);
    CHECK(strcmp(r.folder, "separated") == 0 && strcmp(r.pattern, r0.pattern) == 0 &&
              r.collision == DEMUCS_TRACKS_COLLISION_RENAME,
          "folder, pattern, collisions");
    r.folder = r0.folder, r.pattern = r0.pattern, r.collision = r0.collision;
    CHECK(memcmp(&r, &r0, sizeof r) == 0 && memcmp(&e, &e0, sizeof e) == 0 && memcmp(&o, &o0, sizeof o) == 0,
          "the defaults are those of the structs");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        CHECK(set(s, DEMUCS_SETTINGS_USER, values[i][0], values[i][1]), "%s", values[i][0]);
    demucs_settings_apply(s, &r, &e, &o);
    CHECK(strcmp(r.stem, "drums") == 0 && r.other == DEMUCS_TRACKS_OTHER_MINUS && strcmp(r.folder, "there") == 0 &&
              strcmp(r.pattern, "{stem}.{ext}") == 0 && r.container == DEMUCS_TRACKS_MP3 &&
              r.sample == DEMUCS_TRACKS_FLOAT32 && r.clip == DEMUCS_TRACKS_CLIP_NONE && r.mp3_bitrate_kbps == 192 &&
              r.mp3_quality == 7 && r.output_sample_rate_hz == 16000 && r.output_channels == 1 && r.stream == 4 &&
              r.downmix && r.cache_links,
          "request");
    CHECK(e.threads == 7 && e.jobs == 2 && e.precision == DEMUCS_PRECISION_FAST, "engine");
    CHECK(o.shifts == 3 && o.overlap == 0.5 && !o.split && o.seed == 4294967295U && o.segment_seconds == 0, "stream");
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "stems", "bass,no_drums") && set(s, DEMUCS_SETTINGS_PROGRAM, "segment", "2"),
          "stems");
    demucs_settings_apply(s, &r, NULL, &o);
    CHECK(r.stem == NULL && r.wanted_count == 2 && strcmp(r.wanted[0], "bass") == 0 &&
              strcmp(r.wanted[1], "no_drums") == 0 && o.segment_seconds == 2 && o.split,
          "stems instead");
    static const int rates[][2] = {{0, 128}, {5, 8}, {8, 8}, {320, 320}};
    for (int i = 0; i < 4; i++) {
        char text[8];
        snprintf(text, sizeof text, "%d", rates[i][0]);
        CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "mp3_bitrate", text), "a bit rate");
        demucs_settings_apply(s, &r, NULL, NULL);
        CHECK(r.mp3_bitrate_kbps == rates[i][1], "%d kbit/s of %s", r.mp3_bitrate_kbps, text);
    }
    static const char *const formats[] = {"wav", "flac", "mp3", "ogg", "opus", "m4a", "alac", "aiff"};
    for (int i = 0; i < 8; i++) {
        CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "output_format", formats[i]), "%s", formats[i]);
        demucs_settings_apply(s, &r, NULL, NULL);
        CHECK(r.container == (demucs_tracks_container)i, "%s", formats[i]);
    }
    CHECK(set(s, DEMUCS_SETTINGS_PROGRAM, "mp3_bitrate", NULL) && set(s, DEMUCS_SETTINGS_PROGRAM, "bitrate", "500"),
          "a bit rate of all formats");
    demucs_settings_apply(s, &r, NULL, NULL);
    CHECK(r.bitrate_kbps == 500 && r.mp3_bitrate_kbps == 320, "%d, %d", r.bitrate_kbps, r.mp3_bitrate_kbps);
    demucs_settings_apply(s, NULL, NULL, NULL);
    demucs_settings_free(s);
}

/* Nothing is written beyond the struct of an older caller. */
static void test_old_caller(void)
{
    demucs_settings *s = fresh();
    struct {
        demucs_tracks_request request;
        unsigned char after[8];
    } place;
    const size_t old = offsetof(demucs_tracks_request, clip);
    memset(&place, 0xa5, sizeof place);
    demucs_tracks_request_init(&place.request, old);
    CHECK(set(s, DEMUCS_SETTINGS_USER, "mp3_bitrate", "96") && set(s, DEMUCS_SETTINGS_USER, "asr_rate", "8000"), "set");
    demucs_settings_apply(s, &place.request, NULL, NULL);
    const unsigned char *byte = (const unsigned char *)&place;
    CHECK(place.request.mp3_bitrate_kbps == 96 && place.request.struct_size == old, "what it knows");
    for (size_t i = old; i < sizeof place; i++)
        if (byte[i] != 0xa5) CHECK(false, "byte %zu of a struct of %zu was written", i, old);
    demucs_settings_free(s);
}

/* What a plan is made by. */
static void test_apply_fit(void)
{
    demucs_settings *s = fresh();
    demucs_fit_options fit;
    demucs_fit_options_init(&fit, sizeof fit);
    fit.tracks = 7;
    demucs_settings_apply_fit(s, &fit);
    CHECK(fit.tracks_at_once == 0 && fit.max_memory_bytes == 0 && fit.tracks == 7, "%d tracks at once of %zu",
          fit.tracks_at_once, fit.tracks);
    CHECK(set(s, DEMUCS_SETTINGS_USER, "max_memory", "1.5GB") && set(s, DEMUCS_SETTINGS_USER, "tracks_at_once", "3"),
          "not set");
    demucs_settings_apply_fit(s, &fit);
    CHECK(fit.tracks_at_once == 3 && fit.max_memory_bytes == 1500000000, "%d tracks at once in %llu bytes",
          fit.tracks_at_once, (unsigned long long)fit.max_memory_bytes);
    demucs_settings_apply_fit(s, NULL);
    demucs_settings_free(s);
}

TRACKS_MAIN(test_sources, test_wrong, test_forms, test_presets, test_groups, test_apply, test_apply_fit,
            test_old_caller)
