/* names.c - see names.h */
#include "tracks/names.h"

#include <stdio.h>
#include <string.h>

const char *dmx_name_prefix(demucs_tracks_kind kind)
{
    return kind == DEMUCS_TRACKS_OTHERS ? "no_" : kind == DEMUCS_TRACKS_REST ? "minus_" : "";
}

/* The stem of this very name, or -1. */
static int find_stem(const demucs_model *model, const char *name, size_t length)
{
    for (int source = 0; source < demucs_model_sources(model); source++) {
        const char *stem = demucs_model_source_name(model, source);
        if (strlen(stem) == length && memcmp(stem, name, length) == 0) return source;
    }
    return -1;
}

int dmx_name_find(const demucs_model *model, const char *name, size_t length, demucs_tracks_kind *kind)
{
    for (int beside = DEMUCS_TRACKS_STEM; beside <= DEMUCS_TRACKS_REST; beside++) {
        *kind = (demucs_tracks_kind)beside;
        const char *prefix = dmx_name_prefix(*kind);
        const size_t front = strlen(prefix);
        if (length < front || memcmp(name, prefix, front) != 0) continue;
        const int source = find_stem(model, name + front, length - front);
        if (source >= 0) return source;
    }
    return -1;
}

const char *dmx_name_list(char out[DMX_NAMES_LIST], const demucs_model *model)
{
    size_t used = 0;
    out[0] = '\0';
    for (int source = 0; source < demucs_model_sources(model) && used < DMX_NAMES_LIST; source++)
        used += (size_t)snprintf(out + used, DMX_NAMES_LIST - used, "%s%s", source > 0 ? ", " : "",
                                 demucs_model_source_name(model, source));
    return out;
}
