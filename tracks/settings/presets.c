/* presets.c - the table of presets; see demucs_settings.h. docs/settings.md says how the times were measured. */
#include "tracks/settings/presets.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define VALUES(...)                                                                                                    \
    .values = (const demucs_settings_pair[]){__VA_ARGS__},                                                             \
    .values_count = sizeof(const demucs_settings_pair[]){__VA_ARGS__} / sizeof(demucs_settings_pair)

static const demucs_settings_preset table[] = {
    {"draft", "A first listen: small files, and one run.",
     VALUES({"model", "htdemucs"}, {"shifts", "1"}, {"overlap", "0.25"}, {"output_format", "mp3"},
            {"mp3_bitrate", "320"}),
     .time = 1.2},
    {"standard", "Everyday work: two shifts, wav.",
     VALUES({"model", "htdemucs"}, {"shifts", "2"}, {"output_format", "wav"}), .time = 2.0},
    {"highest", "The best stems, for a night or a large machine.",
     VALUES({"model", "htdemucs_ft"}, {"shifts", "5"}, {"overlap", "0.5"}, {"output_format", "wav"},
            {"bit_depth", "float32"}),
     .time = 29.0},
    {"low-memory", "The least memory for four stems: one segment at a time. Small files.",
     VALUES({"model", "htdemucs"}, {"overlap", "0.1"}, {"jobs", "1"}, {"output_format", "mp3"}), .time = 0.9},
    {"asr", "The voice alone, for speech recognition (with asr_rate 16000: mono, at that rate).",
     VALUES({"stems", "vocals"}, {"output_format", "wav"}), .time = 1.0},
    {"karaoke", "Everything but the voice.",
     VALUES({"stems", "no_vocals"}, {"output_format", "mp3"}, {"mp3_bitrate", "320"}), .time = 1.1},
    {"fast-batch", "Voice and accompaniment of many tracks, in small files.",
     VALUES({"model", "mdx_extra_q"}, {"two_stems", "vocals"}, {"output_format", "mp3"}, {"mp3_bitrate", "192"}),
     .time = 1.9},
    {"detailed", "Six stems: guitar and piano too.", VALUES({"model", "htdemucs_6s"}), .time = 0.8},
    {"archive", "To keep: the fine-tuned models, without loss.",
     VALUES({"model", "htdemucs_ft"}, {"output_format", "flac"}, {"bit_depth", "int24"}), .time = 4.2},
};

enum { COUNT = sizeof table / sizeof *table };

size_t demucs_settings_presets(void) { return COUNT; }

const demucs_settings_preset *demucs_settings_preset_at(size_t index) { return index < COUNT ? &table[index] : NULL; }

const demucs_settings_preset *dmx_settings_find_preset(const char *name, demucs_error *error)
{
    char list[320] = "", shown[80];
    size_t used = 0;
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(table[i].name, name) == 0) return &table[i];
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", table[i].name);
        assert(used < sizeof list);
    }
    dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "there is no preset '%s'; there are %s",
             dmx_printable(shown, sizeof shown, name, strlen(name)), list);
    return NULL;
}
