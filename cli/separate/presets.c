/* presets.c - see presets.h */
#include "presets.h"

#include "common/arguments_help.h"
#include "common/memory.h"
#include "demucs_settings.h"

#include <stdlib.h>

enum { TEXT_COLUMN = 20 };

/* "model htdemucs, shifts 1" */
static char *values_of(const demucs_settings_preset *preset)
{
    char *text = memory_text("Sets ");
    for (size_t i = 0; i < preset->values_count; i++) {
        char *longer =
            memory_text("%s%s%s %s", text, i > 0 ? ", " : "", preset->values[i].key, preset->values[i].value);
        free(text);
        text = longer;
    }
    char *sentence = memory_text("%s.", text);
    free(text);
    return sentence;
}

void presets_print(void)
{
    printf("%-*s%s\n", TEXT_COLUMN, "preset      time", "what it is for, and what it sets");
    for (size_t i = 0; i < demucs_settings_presets(); i++) {
        const demucs_settings_preset *preset = demucs_settings_preset_at(i);
        char *values = values_of(preset);
        printf("\n%-11s %4.*f    ", preset->name, preset->time < 10 ? 1 : 0, preset->time);
        arguments_print_wrapped(stdout, preset->summary, TEXT_COLUMN, TEXT_COLUMN);
        printf("%*s", TEXT_COLUMN, "");
        arguments_print_wrapped(stdout, values, TEXT_COLUMN, TEXT_COLUMN);
        free(values);
    }
    putchar('\n');
    arguments_print_wrapped(stdout,
                            "time: how long a track takes, as a multiple of the time without a preset, as measured on "
                            "one computer. What is given beside a preset wins over it: demucs --preset archive "
                            "--shifts 2 song.wav",
                            0, 0);
}
