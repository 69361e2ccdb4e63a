/* test_docs.c - docs/settings.md has a row for each setting and each preset, and no others. */
#include "demucs_settings.h"

#include "support/test.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *read_page(void)
{
    static char text[1 << 17];
    FILE *file = fopen(DEMUCS_DOCS "/settings.md", "rb");
    const size_t size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL) fclose(file);
    text[size] = '\0';
    return text;
}

/* "off" of "on, off", a range, or what the type allows. */
static void describe_values(char *out, size_t size, const demucs_settings_key *key)
{
    static const char *const types[] = {"text", "path", "whole number", "number", "on, off", "names", "size"};
    int used = snprintf(out, size, "%s", key->choices != NULL ? key->choices : types[key->type]);
    if (key->minimum != 0 || key->maximum != 0)
        used += snprintf(out + used, size - (size_t)used, ", %.15g to %.15g", key->minimum, key->maximum);
    if (key->unit != NULL) snprintf(out + used, size - (size_t)used, " %s", key->unit);
}

static void key_row(char *out, size_t size, const demucs_settings_key *key)
{
    char values[200], initial[300];
    describe_values(values, sizeof values, key);
    if (key->initial[0] == '\0')
        snprintf(initial, sizeof initial, "%s", key->meaning);
    else if (key->meaning != NULL)
        snprintf(initial, sizeof initial, "`%s`: %s", key->initial, key->meaning);
    else
        snprintf(initial, sizeof initial, "`%s`", key->initial);
    snprintf(out, size, "| `%s` | %s | %s | %s |\n", key->name, values, initial, key->help);
}

static void preset_row(char *out, size_t size, const demucs_settings_preset *preset)
{
    int used = snprintf(out, size, "| `%s` | ", preset->name);
    for (size_t i = 0; i < preset->values_count; i++)
        used += snprintf(out + used, size - (size_t)used, "%s`%s = %s`", i > 0 ? ", " : "", preset->values[i].key,
                         preset->values[i].value);
    snprintf(out + used, size - (size_t)used, " | %.*f | %s |\n", preset->time < 10 ? 1 : 0, preset->time,
             preset->summary);
}

static int count_rows(const char *page)
{
    int rows = 0;
    for (const char *at = page; (at = strstr(at, "\n| `")) != NULL; at++) rows++;
    return rows;
}

/* What is missing is printed as it has to stand there. */
static void test_rows(void)
{
    const char *page = read_page();
    char row[2048];
    for (size_t i = 0; i < demucs_settings_keys(); i++) {
        key_row(row, sizeof row, demucs_settings_key_at(i));
        CHECK(strstr(page, row) != NULL, "docs/settings.md lacks:\n%s", row);
    }
    for (size_t i = 0; i < demucs_settings_presets(); i++) {
        preset_row(row, sizeof row, demucs_settings_preset_at(i));
        CHECK(strstr(page, row) != NULL, "docs/settings.md lacks:\n%s", row);
    }
    const int rows = (int)(demucs_settings_keys() + demucs_settings_presets());
    CHECK(count_rows(page) == rows, "%d rows, where there should be %d", count_rows(page), rows);
}

/* A name stays within what a file, a variable and a flag can be called; a key without a default says what that means.
 */
static void test_names(void)
{
    for (size_t i = 0; i < demucs_settings_keys(); i++) {
        const demucs_settings_key *key = demucs_settings_key_at(i);
        for (const char *at = key->name; *at != '\0'; at++)
            CHECK(islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '_', "%s", key->name);
        CHECK(key->initial[0] != '\0' || key->meaning != NULL, "%s: what is it where nothing is set?", key->name);
        /* variables that had their meaning before there were settings */
        CHECK(strcmp(key->name, "cache") != 0 && strcmp(key->name, "cpu") != 0, "DEMUCS_%s means something else",
              key->name);
    }
}

TEST_MAIN(test_rows, test_names)
