/* settings.c - see settings.h: values by source, and which of them holds. */
#include "tracks/settings/settings.h"

#include "base/alloc.h"
#include "tracks/settings/presets.h"

#include <stdio.h>
#include <string.h>

static demucs_status no_memory(demucs_error *error)
{
    return dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the settings");
}

static void clear_all(dmx_settings_value *values)
{
    for (size_t key = 0; key < demucs_settings_keys(); key++) dmx_settings_value_clear(&values[key]);
}

demucs_status demucs_settings_create(demucs_settings **settings, demucs_error *error)
{
    dmx_error_clear(error);
    if (settings == NULL) return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "settings is NULL");
    *settings = dmx_alloc(1, sizeof **settings);
    if (*settings == NULL) return no_memory(error);
    for (size_t key = 0; key < demucs_settings_keys(); key++) {
        const dmx_settings_row *row = dmx_settings_row_at(key);
        dmx_settings_value *value = &(*settings)->given[DEMUCS_SETTINGS_DEFAULT][key];
        if (dmx_settings_row_read(row, value, row->key.initial, error)) continue;
        demucs_settings_free(*settings);
        *settings = NULL;
        return no_memory(error);
    }
    return DEMUCS_OK;
}

void demucs_settings_free(demucs_settings *self)
{
    if (self == NULL) return;
    for (int source = 0; source < DMX_SETTINGS_SOURCES; source++) {
        clear_all(self->given[source]);
        dmx_free(self->paths[source]);
    }
    clear_all(self->preset);
    for (int i = 0; i < self->warnings_count; i++) dmx_free(self->warnings[i]);
    dmx_free(self);
}

/* ------------------------------------------------------------------------------------------------ which holds ---- */

/* How strong a value is: that of a source beats that of a preset which the same source named. */
static int strength(demucs_settings_source source, bool explicit) { return 2 * (int)source + explicit; }

/* The strongest value of one key, groups aside. */
static const dmx_settings_value *strongest(const demucs_settings *self, int key, int *how_strong)
{
    for (int source = DEMUCS_SETTINGS_PROGRAM; source > DEMUCS_SETTINGS_DEFAULT; source--) {
        *how_strong = strength((demucs_settings_source)source, true);
        if (self->given[source][key].text != NULL) return &self->given[source][key];
        *how_strong = strength((demucs_settings_source)source, false);
        if ((int)self->preset_source == source && self->preset[key].text != NULL) return &self->preset[key];
    }
    *how_strong = 0;
    return &self->given[DEMUCS_SETTINGS_DEFAULT][key];
}

static bool is_default(const demucs_settings *self, int key, const dmx_settings_value *value)
{
    return strcmp(value->text, self->given[DEMUCS_SETTINGS_DEFAULT][key].text) == 0;
}

/* The value that holds. One that another of its group excludes, by being set to more than its default and more
 * strongly, gives way to the default. */
static const dmx_settings_value *holding(const demucs_settings *self, int key, int *how_strong)
{
    const dmx_settings_value *value = strongest(self, key, how_strong);
    const int group = dmx_settings_row_at((size_t)key)->group;
    for (int other = 0; group != 0 && other < (int)demucs_settings_keys(); other++) {
        int rival = 0;
        if (other == key || dmx_settings_row_at((size_t)other)->group != group) continue;
        const dmx_settings_value *theirs = strongest(self, other, &rival);
        if (rival <= *how_strong || is_default(self, other, theirs)) continue;
        *how_strong = 0;
        return &self->given[DEMUCS_SETTINGS_DEFAULT][key];
    }
    return value;
}

const char *demucs_settings_get(const demucs_settings *self, const char *key)
{
    int how_strong;
    const int number = dmx_settings_find(key, NULL);
    return self == NULL || number < 0 ? NULL : holding(self, number, &how_strong)->text;
}

const char *demucs_settings_get_from(const demucs_settings *self, demucs_settings_source source, const char *key)
{
    const int number = dmx_settings_find(key, NULL);
    const bool known = (int)source >= 0 && (int)source < DMX_SETTINGS_SOURCES;
    return self == NULL || number < 0 || !known ? NULL : self->given[source][number].text;
}

static void describe(const dmx_settings_value *value, demucs_settings_source source, char *out, size_t size)
{
    static const char *const names[] = {"default", "user file", "project file", "variable", "program"};
    const char *where = value->where != NULL ? value->where : names[source];
    if (value->line > 0)
        snprintf(out, size, "%s, line %d", where, value->line);
    else
        snprintf(out, size, "%s", where);
}

demucs_settings_source demucs_settings_origin(const demucs_settings *self, const char *key, char *out, size_t size)
{
    const int number = dmx_settings_find(key, NULL);
    int how_strong = 0;
    if (out != NULL && size > 0) out[0] = '\0';
    if (self == NULL || number < 0) return DEMUCS_SETTINGS_DEFAULT;
    const dmx_settings_value *value = holding(self, number, &how_strong);
    const demucs_settings_source source = (demucs_settings_source)(how_strong / 2);
    if (out == NULL || size == 0) return source;
    if (how_strong == 0 || how_strong % 2 == 1) {
        describe(value, source, out, size);
        return source;
    }
    char named[160];
    const int preset = dmx_settings_find("preset", NULL);
    describe(&self->given[source][preset], source, named, sizeof named);
    snprintf(out, size, "preset %s (%s)", self->given[source][preset].text, named);
    return source;
}

/* ------------------------------------------------------------------------------------------------------ set ---- */

/* Read the values of a preset into `values`, which are empty. */
static bool read_preset(const demucs_settings_preset *preset, dmx_settings_value *values, demucs_error *error)
{
    for (size_t i = 0; i < preset->values_count; i++) {
        const int key = dmx_settings_find(preset->values[i].key, error);
        const dmx_settings_row *row = key >= 0 ? dmx_settings_row_at((size_t)key) : NULL;
        if (row == NULL || !dmx_settings_row_read(row, &values[key], preset->values[i].value, error)) return false;
    }
    return true;
}

/* Take over the values of the preset that the strongest source names. On failure all is as before. */
static bool renew_preset(demucs_settings *self, demucs_error *error)
{
    dmx_settings_value fresh[DMX_SETTINGS_MOST] = {{.text = NULL}};
    int how_strong;
    const char *name = strongest(self, dmx_settings_find("preset", NULL), &how_strong)->text;
    const demucs_settings_preset *preset = name[0] != '\0' ? dmx_settings_find_preset(name, error) : NULL;
    if (preset != NULL && !read_preset(preset, fresh, error)) {
        clear_all(fresh);
        return false;
    }
    clear_all(self->preset);
    memcpy(self->preset, fresh, sizeof fresh);
    self->preset_source = (demucs_settings_source)(how_strong / 2);
    return true;
}

/* Whether a source says more than the default of another key of the group. */
static bool is_excluded(const demucs_settings *self, demucs_settings_source source, int key,
                        const dmx_settings_value *value, demucs_error *error)
{
    const dmx_settings_row *row = dmx_settings_row_at((size_t)key);
    for (int other = 0; row->group != 0 && other < (int)demucs_settings_keys(); other++) {
        const dmx_settings_value *theirs = &self->given[source][other];
        if (other == key || dmx_settings_row_at((size_t)other)->group != row->group || theirs->text == NULL) continue;
        if (!is_default(self, other, theirs) && !is_default(self, key, value))
            return !!dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s and %s exclude each other", row->key.name,
                              dmx_settings_row_at((size_t)other)->key.name);
    }
    return false;
}

bool dmx_settings_put(demucs_settings *self, demucs_settings_source source, int key, const char *text,
                      const char *where, int line, demucs_error *error)
{
    dmx_settings_value value = {.text = NULL};
    if (text != NULL) {
        if (!dmx_settings_row_read(dmx_settings_row_at((size_t)key), &value, text, error)) return false;
        value.line = line;
        value.where = where != NULL ? dmx_strdup(where) : NULL;
        if (where != NULL && value.where == NULL) no_memory(error);
        if ((where != NULL && value.where == NULL) || is_excluded(self, source, key, &value, error)) {
            dmx_settings_value_clear(&value);
            return false;
        }
    }
    dmx_settings_value before = self->given[source][key];
    self->given[source][key] = value;
    const bool done = key != dmx_settings_find("preset", NULL) || renew_preset(self, error);
    if (!done) self->given[source][key] = before;
    dmx_settings_value_clear(done ? &before : &value);
    return done;
}

bool dmx_settings_forget(demucs_settings *self, demucs_settings_source source, demucs_error *error)
{
    clear_all(self->given[source]);
    return renew_preset(self, error);
}

demucs_status demucs_settings_set(demucs_settings *self, demucs_settings_source source, const char *key,
                                  const char *value, const char *where, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    if (self == NULL || key == NULL || (int)source <= DEMUCS_SETTINGS_DEFAULT || (int)source >= DMX_SETTINGS_SOURCES) {
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "there are no settings, no key or no such source");
    } else {
        const int number = dmx_settings_find(key, &why);
        if (number >= 0) dmx_settings_put(self, source, number, value, where, 0, &why);
    }
    if (error != NULL) *error = why;
    return why.status;
}

/* Callers may know shorter structs than ours: work on whole ones, and give back what they know. */
static void take(void *whole, size_t size, const size_t *given)
{
    if (given != NULL) memcpy(whole, given, *given < size ? *given : size);
}

static void give(size_t *given, const void *whole, size_t size)
{
    if (given != NULL) memcpy(given, whole, *given < size ? *given : size);
}

static void apply_all(const demucs_settings *self, const dmx_settings_goals *goals)
{
    for (int key = 0; self != NULL && key < (int)demucs_settings_keys(); key++) {
        int how_strong;
        const dmx_settings_row *row = dmx_settings_row_at((size_t)key);
        if (row->apply != NULL) row->apply(goals, holding(self, key, &how_strong));
    }
}

void demucs_settings_apply(const demucs_settings *self, demucs_tracks_request *request, demucs_engine_options *engine,
                           demucs_stream_options *separation)
{
    demucs_tracks_request whole_request = {0};
    demucs_engine_options whole_engine = {0};
    demucs_stream_options whole_separation = {0};
    demucs_fit_options none = {0};
    const dmx_settings_goals goals = {&whole_request, &whole_engine, &whole_separation, &none};
    take(&whole_request, sizeof whole_request, (size_t *)request);
    take(&whole_engine, sizeof whole_engine, (size_t *)engine);
    take(&whole_separation, sizeof whole_separation, (size_t *)separation);
    apply_all(self, &goals);
    give((size_t *)request, &whole_request, sizeof whole_request);
    give((size_t *)engine, &whole_engine, sizeof whole_engine);
    give((size_t *)separation, &whole_separation, sizeof whole_separation);
}

void demucs_settings_apply_fit(const demucs_settings *self, demucs_fit_options *fit)
{
    demucs_tracks_request request = {0};
    demucs_engine_options engine = {0};
    demucs_stream_options separation = {0};
    demucs_fit_options whole = {0};
    const dmx_settings_goals goals = {&request, &engine, &separation, &whole};
    take(&whole, sizeof whole, (size_t *)fit);
    apply_all(self, &goals);
    give((size_t *)fit, &whole, sizeof whole);
}

int demucs_settings_warnings(const demucs_settings *self) { return self != NULL ? self->warnings_count : 0; }

const char *demucs_settings_warning(const demucs_settings *self, int warning)
{
    return self != NULL && warning >= 0 && warning < self->warnings_count ? self->warnings[warning] : NULL;
}

const char *demucs_settings_path(const demucs_settings *self, demucs_settings_source source)
{
    return self != NULL && (int)source >= 0 && (int)source < DMX_SETTINGS_SOURCES ? self->paths[source] : NULL;
}
