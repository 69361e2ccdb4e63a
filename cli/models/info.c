/* info.c - `demucs-models info` and `convert`: looking into a model, and writing it in the form that starts fastest. */
#include "base/error.h"
#include "commands.h"
#include "common/memory.h"
#include "common/say.h"
#include "demucs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static double file_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (double)status.st_size : 0;
}

/* ------------------------------------------------------------------------------------------------------- info ---- */

/* The rate, channels and stems of a bag's members are the same, and so are told once, with the bag; what a member runs
 * on by default is its own. */
static void print_longest_segment(double seconds)
{
    if (isinf(seconds))
        printf("longest     any segment\n");
    else
        printf("longest     %g s a segment\n", seconds);
}

static void print_member(const demucs_model *model, int number)
{
    demucs_member_info info = {.struct_size = sizeof info};
    if (demucs_model_member_info(model, number, &info, NULL) != DEMUCS_OK) return;
    printf("\n");
    say(stdout, "member %d    %s", number + 1, info.path);
    printf("class       %s\n", info.class_name);
    printf("parameters  %zu\n", info.parameters);
    printf("segment     %g s\n", info.segment_seconds);
    printf("on disk     %.1f MB\n", file_bytes(info.path) / 1e6);
    printf("arithmetic  %.3g GFLOP a second of audio\n", info.segment_flops / info.segment_seconds / 1e9);
    printf("weights    ");
    for (int i = 0; i < demucs_model_sources(model); i++)
        say_part(stdout, " %s %g", demucs_model_source_name(model, i), info.weights[i]);
    printf("\n");
}

static void print_model(const demucs_model *model, const char *path)
{
    say(stdout, "file        %s", path);
    printf("sources    ");
    for (int i = 0; i < demucs_model_sources(model); i++) say_part(stdout, " %s", demucs_model_source_name(model, i));
    printf("\nchannels    %d\n", demucs_model_channels(model));
    printf("rate        %d Hz\n", demucs_model_sample_rate_hz(model));
    print_longest_segment(demucs_model_max_segment_seconds(model));
    printf("members     %d\n", demucs_model_members(model));
    for (int i = 0; i < demucs_model_members(model); i++) print_member(model, i);
}

static demucs_model *load(const char *path, demucs_error *why)
{
    demucs_model *model = NULL;
    if (demucs_model_load(&model, path, why) != DEMUCS_OK) return NULL;
    for (int i = 0; i < demucs_model_warnings(model); i++) say(stderr, "warning: %s", demucs_model_warning(model, i));
    return model;
}

int models_info(const models_options *options)
{
    demucs_error why = {0};
    char *path = models_find(options, options->names[0], &why);
    demucs_model *model = path != NULL ? load(path, &why) : NULL;
    if (model != NULL)
        print_model(model, path);
    else
        fprintf(stderr, "error: %s\n", why.message);
    bool done = model != NULL;
    demucs_model_free(model);
    free(path);
    return !done;
}

/* ---------------------------------------------------------------------------------------------------- convert ---- */

/* The checkpoint behind a bag of one, such as htdemucs; NULL for larger bags. To be freed with free(). */
static char *only_member(const char *path, const char *name, demucs_error *why)
{
    demucs_member_info info = {.struct_size = sizeof info};
    demucs_model *model = load(path, why);
    char *member = NULL;
    if (model == NULL) return NULL;
    if (demucs_model_members(model) > 1)
        dmx_fail(why, DEMUCS_ERROR_ARGUMENT,
                 "%s is a bag of %d models: convert them one by one, 'demucs-models info %s' shows their files", name,
                 demucs_model_members(model), name);
    else if (demucs_model_member_info(model, 0, &info, why) == DEMUCS_OK)
        member = memory_text("%s", info.path);
    demucs_model_free(model);
    return member;
}

bool models_has_suffix(const char *text, const char *suffix)
{
    size_t length = strlen(text), suffix_length = strlen(suffix);
    return length > suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

int models_convert(const models_options *options)
{
    demucs_error why = {0};
    const char *name = options->names[0], *target = options->names[1];
    char *path = models_find(options, name, &why), *source = path;
    if (path != NULL && models_has_suffix(path, ".yaml")) source = only_member(path, name, &why);
    bool done = source != NULL && demucs_convert(source, target, &why) == DEMUCS_OK;
    if (done)
        say(stdout, "%s: %.1f MB", target, file_bytes(target) / 1e6);
    else
        fprintf(stderr, "error: %s\n", why.message);
    if (source != path) free(source);
    free(path);
    return !done;
}
