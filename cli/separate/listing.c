/* listing.c - see listing.h */
#include "listing.h"

#include "base/error.h"
#include "common/output.h"
#include "common/say.h"
#include "folder.h"
#include "hub/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void print_entries(const char *title, const hub_entry *entries, size_t count, bool bags)
{
    printf("%s\n", title);
    for (size_t i = 0; i < count; i++)
        if (entries[i].bag == bags) say(stdout, "    %s", entries[i].name);
}

int listing_models(const char *repo)
{
    size_t count = 0;
    demucs_error error;
    hub_entry *entries = hub_list(repo, &count, &error);
    if (entries == NULL) {
        fprintf(stderr, "error: %s\n", error.message);
        return 1;
    }
    print_entries("Bag of models:", entries, count, true);
    print_entries("Single models:", entries, count, false);
    free(entries);
    return 0;
}

void listing_describe(const demucs_model *model, const char *path)
{
    say_part(stderr, "Model %s: %d Hz, %d channels, stems", path, demucs_model_sample_rate_hz(model),
             demucs_model_channels(model));
    for (int source = 0; source < demucs_model_sources(model); source++)
        say_part(stderr, "%s %s", source > 0 ? "," : "", demucs_model_source_name(model, source));
    fputc('\n', stderr);
    for (int member = 0; member < demucs_model_members(model); member++) {
        demucs_member_info info = {.struct_size = sizeof info};
        if (demucs_model_member_info(model, member, &info, NULL) != DEMUCS_OK) continue;
        say(stderr, "    %s: %s, %.1f million parameters, segments of %g s", info.path, info.class_name,
            (double)info.parameters / 1e6, info.segment_seconds);
    }
}

/* All that is on Hugging Face is a bag there, and htdemucs is one also where its ONNX export stands for it. */
static bool is_bag(const char *name, const char *path)
{
    return strcasecmp(folder_extension(path), "yaml") == 0 || strncmp(name, "hf://", 5) == 0 ||
           (strcasecmp(folder_extension(path), "onnx") == 0 && hub_is_bag(name));
}

void listing_announce_bag(const separate_options *options, const demucs_model *model, const char *path)
{
    if (!is_bag(options->name, path)) return;
    printf("Selected model is a bag of %d models. You will see that many progress bars per track.\n",
           demucs_model_members(model));
    output_flush();
}

/* A number as Python prints it: as few digits as give it back, and always a point. */
static void print_number(char *out, size_t size, double value)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    if (strpbrk(out, ".en") != NULL) return;
    size_t used = strlen(out);
    snprintf(out + used, size - used, ".0");
}

bool listing_check_segment(const separate_options *options, const demucs_model *model, demucs_error *why)
{
    const double maximum = demucs_model_max_segment_seconds(model);
    if (options->separation.segment_seconds <= maximum) return true;
    char number[40];
    print_number(number, sizeof number, maximum);
    return !dmx_fail(why, DEMUCS_ERROR_ARGUMENT,
                     "Cannot use a Transformer model with a longer segment than it was trained for. Maximum segment "
                     "is: %s",
                     number);
}

bool listing_check_stem(const separate_options *options, const demucs_model *model, demucs_error *why)
{
    const char *stem = options->request.stem;
    if (stem == NULL || demucs_model_find_source(model, stem) >= 0) return true;
    char list[1024] = "";
    for (int source = 0; source < demucs_model_sources(model); source++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", source > 0 ? ", " : "",
                 demucs_model_source_name(model, source));
    }
    return !dmx_fail(why, DEMUCS_ERROR_ARGUMENT, "stem \"%s\" is not in selected model. STEM must be one of %s.", stem,
                     list);
}
