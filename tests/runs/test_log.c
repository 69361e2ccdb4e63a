/* test_log.c - the lines of the log: what they tell, what they do not tell, and that a record has every setting that
 * changes a result. */
#include "demucs_runs.h"
#include "demucs_settings.h"

#include "tracks.h"

#include "../audio/audio_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines, one after the other. */
typedef struct lines {
    const demucs_run *run;
    bool names;
    const char *lost; /* NULL, or a file that goes before the record of a track is made */
    char text[1 << 16];
} lines;

static bool on_line(const demucs_runs_event *event, void *user)
{
    lines *self = user;
    char line[16384], tight[4096] = "x";
    if (event->kind == DEMUCS_RUNS_EVENT_END && self->lost != NULL) unlink(self->lost);
    const size_t length = demucs_run_event_line(self->run, event, self->names, line, sizeof line);
    CHECK(length < sizeof line && strlen(line) == length, "%s", line);
    CHECK(length == 0 || (line[0] == '{' && line[length - 1] == '}'), "%s", line);
    const size_t needed = demucs_run_event_line(self->run, event, self->names, NULL, 0);
    CHECK((needed == 0) == (length == 0), "how long it is: %zu of %zu", needed, length);
    if (event->kind == DEMUCS_RUNS_EVENT_BEGIN) {
        CHECK(demucs_run_event_line(self->run, event, self->names, tight, length) == length && tight[0] == '\0',
              "there is no room for the end: %s", tight);
        CHECK(demucs_run_event_line(self->run, event, self->names, tight, length + 1) == length &&
                  strcmp(tight, line) == 0,
              "there is just enough room: %s", tight);
    }
    if (length > 0) strncat(self->text, line, sizeof self->text - strlen(self->text) - 1);
    return false;
}

static demucs_run *create(const demucs_tracks_request *request, const demucs_runs_list *list,
                          const demucs_runs_options *options)
{
    demucs_run *run = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(demucs_run_create(&run, request, list, options, &error) == DEMUCS_OK, "%s", error.message);
    return run;
}

static demucs_runs_list *list_of(const char *first, const char *second)
{
    demucs_runs_list *list = NULL;
    if (demucs_runs_list_create(&list, NULL) != DEMUCS_OK) abort();
    if (demucs_runs_list_add(list, first, NULL, NULL) != DEMUCS_OK) abort();
    if (second != NULL && demucs_runs_list_add(list, second, NULL, NULL) != DEMUCS_OK) abort();
    return list;
}

static void test_lines(void)
{
    const tracks_setup *setup = tracks_begin();
    static lines log;
    tracks_make("a.wav", 2, TRACKS_RATE_HZ, 9000, 0.1F);
    save_bytes("no music.wav", "no music", 8);
    demucs_runs_list *list = list_of("a.wav", "no music.wav");
    demucs_tracks_request request = tracks_request(setup, NULL);
    demucs_quality_options limits;
    demucs_quality_options_init(&limits, sizeof limits);
    limits.limits[DEMUCS_QUALITY_SILENCE] = -1;
    request.quality = &limits;
    for (int names = 0; names <= 1; names++) {
        demucs_runs_options options;
        demucs_runs_options_init(&options, sizeof options);
        options.event = on_line;
        options.event_user = &log;
        options.model_name = names == 1 ? "models/mine.th" : "mine";
        demucs_run *run = create(&request, list, &options);
        log = (lines){.run = run, .names = names == 1};
        CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK, "it ends");
        static const char *const parts[] = {"\"event\":\"begin\",\"track\":1,\"tracks\":2",
                                            "\"percent\":100",
                                            "\"outcome\":\"done\"",
                                            "\"cache_hit\":null",
                                            "\"error\":\"DEMUCS_ERROR_FORMAT\"",
                                            "\"kind\":\"outlier\"",
                                            "\"quality\":{\"version\":1,\"track\":null,",
                                            "\"figure\":\"silence\",\"stem\":\"drums\"",
                                            "\"quality\":null}"};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            CHECK(strstr(log.text, names == 1 && i == 8 ? "\"quality\":null,\"path\"" : parts[i]) != NULL,
                  "%s is not in %s", parts[i], log.text);
        CHECK((strstr(log.text, "no music") != NULL) == (names == 1), "names: %s", log.text);
        CHECK(strstr(log.text, names == 1 ? "\"name\":\"models/mine.th\"" : "\"name\":\"mine\"") != NULL, "%s",
              log.text);
        options.model_name = "models/mine.th";
        demucs_run *other = create(&request, list, &options);
        const demucs_runs_event end = {.kind = DEMUCS_RUNS_EVENT_END, .row = demucs_run_row(other, 0)};
        demucs_run_event_line(other, &end, false, log.text, sizeof log.text);
        CHECK(strstr(log.text, "\"name\":null") != NULL && strstr(log.text, "mine") == NULL, "%s", log.text);
        const demucs_runs_event fewer = {.kind = DEMUCS_RUNS_EVENT_FEWER, .row = end.row, .text = "no room for a.wav"};
        demucs_run_event_line(other, &fewer, names == 1, log.text, sizeof log.text);
        CHECK(strstr(log.text, "\"kind\":\"fewer at once\"") != NULL &&
                  (strstr(log.text, "no room for a.wav") != NULL) == (names == 1),
              "%s", log.text);
        demucs_run_free(other);
        demucs_run_free(run);
    }
    CHECK(demucs_run_event_line(NULL, NULL, false, log.text, sizeof log.text) == 0, "nothing");
    demucs_runs_list_free(list);
}

/* The input is summed up once: the cache does it, and the record has it where the file is gone by then. */
static void test_sum(void)
{
    const tracks_setup *setup = tracks_begin();
    static lines log;
    demucs_error error;
    demucs_runs_options options;
    tracks_make("a.wav", 2, TRACKS_RATE_HZ, 9000, 0.1F);
    demucs_tracks_request request = tracks_request(setup, "a.wav");
    demucs_tracks_result *plain = tracks_separate(&request);
    CHECK(plain->input_sha256 == NULL, "nobody asked for it");
    demucs_tracks_result_free(plain);
    REQUIRE(demucs_cache_open(&request.cache, "cache", NULL, &error) == DEMUCS_OK, "%s", error.message);
    demucs_runs_list *list = list_of("a.wav", NULL);
    demucs_runs_options_init(&options, sizeof options);
    options.event = on_line;
    options.event_user = &log;
    for (int hit = 0; hit < 2; hit++) {
        demucs_run *run = create(&request, list, &options);
        log = (lines){.run = run, .lost = "a.wav"};
        tracks_make("a.wav", 2, TRACKS_RATE_HZ, 9000, 0.1F);
        CHECK(demucs_run_separate(run, NULL) == DEMUCS_OK, "it ends");
        const char *sum = demucs_run_row(run, 0)->result->input_sha256;
        CHECK(sum != NULL && strlen(sum) == 64 && strstr(log.text, sum) != NULL, "%s", log.text);
        CHECK(strstr(log.text, hit == 1 ? "\"cache_hit\":true" : "\"cache_hit\":false") != NULL, "%s", log.text);
        demucs_run_free(run);
    }
    demucs_runs_list_free(list);
    demucs_cache_free(request.cache);
}

/* ---- settings ---- */

/* Another value than the default. */
static void other_value(char *out, size_t size, const demucs_settings_key *key)
{
    static const char *const texts[][2] = {{"two_stems", "vocals"},
                                           {"stems", "drums, no_vocals"},
                                           {"mix", "soft=drums+0.5*bass"},
                                           {"filename", "{stem}.{ext}"}};
    snprintf(out, size, "elsewhere");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(key->name, texts[i][0]) == 0) snprintf(out, size, "%s", texts[i][1]);
    if (key->choices != NULL) {
        const char *at = key->choices;
        size_t length = strcspn(at, ",");
        if (strlen(key->initial) == length && strncmp(at, key->initial, length) == 0) {
            at += length + 2;
            length = strcspn(at, ",");
        }
        snprintf(out, size, "%.*s", (int)length, at);
    } else if (key->type == DEMUCS_SETTINGS_SWITCH)
        snprintf(out, size, "%s", strcmp(key->initial, "on") == 0 ? "off" : "on");
    else if (key->type == DEMUCS_SETTINGS_INTEGER)
        snprintf(out, size, "%d", (int)key->minimum + 40);
    else if (key->type == DEMUCS_SETTINGS_SIZE)
        snprintf(out, size, "20GB");
    else if (strcmp(key->name, "quality_limits") == 0)
        snprintf(out, size, "leak=-20");
    else if (key->type == DEMUCS_SETTINGS_NUMBER)
        snprintf(out, size, "%g", key->minimum + 0.125);
}

/* "name":VALUE, as JSON has it. */
static void as_json(char *out, size_t size, const demucs_settings_key *key, const char *value)
{
    size_t used = (size_t)snprintf(out, size, "\"%s\":", key->name);
    switch (key->type) {
    case DEMUCS_SETTINGS_SWITCH: snprintf(out + used, size - used, "%s", value[1] == 'n' ? "true" : "false"); break;
    case DEMUCS_SETTINGS_INTEGER:
    case DEMUCS_SETTINGS_NUMBER: snprintf(out + used, size - used, "%s", value); break;
    case DEMUCS_SETTINGS_LIST:
        used += (size_t)snprintf(out + used, size - used, "[\"");
        for (const char *at = value; *at != '\0'; at++)
            if (*at == ',')
                used += (size_t)snprintf(out + used, size - used, "\",\"");
            else if (*at != ' ')
                used += (size_t)snprintf(out + used, size - used, "%c", *at);
        snprintf(out + used, size - used, "\"]");
        break;
    default: snprintf(out + used, size - used, "\"%s\"", value);
    }
}

/* What a request with these settings gives: the key of its result, and its record. */
typedef struct outcome {
    char key[65], record[4096];
} outcome;

static outcome outcome_of(const tracks_setup *setup, const demucs_runs_list *list, const demucs_settings *settings)
{
    demucs_stream_options separation = setup->separation;
    demucs_tracks_request request = tracks_request(setup, "song.wav");
    outcome is = {"", ""};
    demucs_error error = {DEMUCS_OK, ""};
    request.separation = &separation;
    demucs_settings_apply(settings, &request, NULL, &separation);
    CHECK(demucs_tracks_cache_key(&request, is.key, &error) == DEMUCS_OK, "%s", error.message);
    demucs_run *run = create(&request, list, NULL);
    const demucs_runs_event end = {.kind = DEMUCS_RUNS_EVENT_END, .row = demucs_run_row(run, 0)};
    const size_t length = demucs_run_event_line(run, &end, false, is.record, sizeof is.record);
    CHECK(length > 0 && length < sizeof is.record, "a record of %zu bytes", length);
    demucs_run_free(run);
    return is;
}

/* Each setting that changes the key of a result is in the record, by its name; `two_stems` gives some of them a
 * meaning.
 */
static void test_settings(void)
{
    const tracks_setup *setup = tracks_begin();
    static outcome plain, changed;
    int changing = 0;
    tracks_make("song.wav", 2, TRACKS_RATE_HZ, 5000, 0.5F);
    demucs_runs_list *list = list_of("song.wav", NULL);
    for (size_t i = 0; i < 2 * demucs_settings_keys(); i++) {
        const demucs_settings_key *key = demucs_settings_key_at(i / 2);
        demucs_settings *settings = NULL;
        char value[80], wanted[160];
        demucs_error error = {DEMUCS_OK, ""};
        if (strcmp(key->name, "preset") == 0 || strcmp(key->name, i % 2 == 1 ? "stems" : "") == 0) continue;
        REQUIRE(demucs_settings_create(&settings, &error) == DEMUCS_OK, "%s", error.message);
        if (i % 2 == 1) demucs_settings_set(settings, DEMUCS_SETTINGS_PROGRAM, "two_stems", "drums", NULL, NULL);
        plain = outcome_of(setup, list, settings);
        other_value(value, sizeof value, key);
        REQUIRE(demucs_settings_set(settings, DEMUCS_SETTINGS_PROGRAM, key->name, value, NULL, &error) == DEMUCS_OK,
                "%s", error.message);
        changed = outcome_of(setup, list, settings);
        as_json(wanted, sizeof wanted, key, value);
        if (strcmp(plain.key, changed.key) != 0) {
            changing++;
            CHECK(strstr(changed.record, wanted) != NULL && strstr(plain.record, wanted) == NULL,
                  "%s changes the result, and the record has no %s: %s", key->name, wanted, changed.record);
        }
        demucs_settings_free(settings);
    }
    CHECK(changing > 30, "%d settings change a result", changing);
    demucs_runs_list_free(list);
}

TRACKS_MAIN(test_lines, test_sum, test_settings)
