/* mixes.c - see mixes.h */
#include "tracks/mixes.h"

#include "base/alloc.h"
#include "tracks/expression.h"
#include "tracks/names.h"

#include <string.h>

bool dmx_mix_split(const char *mix, char **name, const char **expression, demucs_error *error)
{
    const char *begin = mix != NULL ? mix + strspn(mix, " \t") : "";
    size_t length = strcspn(begin, "=");
    *name = NULL;
    *expression = begin + length + (begin[length] == '=');
    *expression += strspn(*expression, " \t");
    while (length > 0 && strchr(" \t", begin[length - 1]) != NULL) length--;
    if (strchr(begin, '=') == NULL || !dmx_is_plain_name(begin, length))
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "the mix \"%.160s\" should be NAME=EXPRESSION, as in karaoke=mix-vocals, with a name that a "
                         "file can have",
                         begin);
    *name = dmx_strndup(begin, length);
    return *name != NULL || !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the mixes of a track");
}

/* Whether one of the first `count` mixes has this name. */
static bool is_taken(const demucs_tracks_request *request, size_t count, const char *name, demucs_error *error)
{
    for (size_t i = 0; i < count; i++) {
        char *other;
        const char *expression;
        if (!dmx_mix_split(request->mixes[i], &other, &expression, error)) return true;
        const bool same = strcmp(name, other) == 0;
        dmx_free(other);
        if (same) return !!dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "two mixes are called \"%.160s\"", name);
    }
    return false;
}

static bool check_expression(const char *name, const char *expression, const demucs_model *model, demucs_error *error)
{
    demucs_tracks_kind kind;
    demucs_error why = {DEMUCS_OK, ""};
    const size_t sources = model != NULL ? (size_t)demucs_model_sources(model) : 0;
    if (model != NULL && dmx_name_find(model, name, strlen(name), &kind) >= 0)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                         "a mix cannot be called \"%.160s\": that is what a file of a stem is called", name);
    float *weights = dmx_alloc(1 + sources, sizeof *weights);
    if (weights == NULL) return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the mixes of a track");
    const bool done = dmx_expression_read(expression, model, weights, &why) ||
                      !dmx_fail(error, why.status, "the mix %.160s: %s", name, why.message);
    dmx_free(weights);
    return done;
}

bool dmx_mixes_check(const demucs_tracks_request *request, const demucs_model *model, demucs_error *error)
{
    bool done = true;
    for (size_t i = 0; done && i < request->mixes_count; i++) {
        char *name;
        const char *expression;
        done = dmx_mix_split(request->mixes[i], &name, &expression, error) && !is_taken(request, i, name, error) &&
               check_expression(name, expression, model, error);
        dmx_free(name);
    }
    return done;
}
