/* test_family.c - a family is one folder and one row: the Mixer, which the engine knows nothing of, is read from every
 * form of a checkpoint and separates. */
#include "mixer/mixer.h"

#include "cpu/upload.h"
#include "demucs.h"
#include "models/bag.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOURCES = 2, CHANNELS = 2, PLANES = SOURCES * CHANNELS, FRAMES = 7001 };

/* The row, beside those of the engine. */
static const dmx_class *rows[8] = {&mixer_family.class};
static const dmx_classes families = {.rows = rows, .list_parameters = dmx_network_list_parameters};

/* make_mixer.py's numbers. */
static float number(int level) { return (float)level / 255 * 2 - 1; }

static float expected(int plane, float left, float right)
{
    static const int weight[PLANES][CHANNELS] = {{255, 0}, {17, 240}, {90, 133}, {128, 222}};
    static const int bias[PLANES] = {128, 100, 255, 3}, scale[PLANES] = {200, 60, 255, 128};
    return number(scale[plane]) *
           (number(weight[plane][0]) * left + number(weight[plane][1]) * right + number(bias[plane]));
}

static const char *data_path(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/families/%s", DEMUCS_TEST_DATA, name);
    return path;
}

static demucs_model *load(const char *path, size_t resident_bytes)
{
    const dmx_loading loading = {.classes = &families, .upload = &dmx_cpu_upload, .resident_bytes = resident_bytes};
    demucs_model *model = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(dmx_model_load(&model, path, &loading, &error) == DEMUCS_OK, "%s", error.message);
    return model;
}

/* Separate noise in segments and hold all stems against the formula. */
static void check_model(const demucs_model *model, const char *what, float tolerance)
{
    if (model == NULL) return;
    demucs_error error = {DEMUCS_OK, ""};
    demucs_separator *separator = NULL;
    demucs_options options;
    demucs_default_options(&options, sizeof options);
    options.normalize = false;
    options.shifts = 0;
    float *data = calloc((CHANNELS + PLANES) * FRAMES, sizeof *data), *planes[PLANES];
    const float *mix[CHANNELS] = {data, data + FRAMES};
    for (int i = 0; i < CHANNELS * FRAMES; i++) data[i] = sinf((float)i * (float)i * 0.001f);
    for (int p = 0; p < PLANES; p++) planes[p] = data + (CHANNELS + p) * FRAMES;
    CHECK(demucs_separator_create(&separator, model, &options, &error) == DEMUCS_OK &&
              demucs_separate(separator, mix, FRAMES, planes, &error) == DEMUCS_OK,
          "%s: %s", what, error.message);
    float worst = 0;
    for (int p = 0; p < PLANES; p++)
        for (int t = 0; t < FRAMES; t++) worst = fmaxf(worst, fabsf(planes[p][t] - expected(p, mix[0][t], mix[1][t])));
    CHECK(worst <= tolerance, "%s: %g off", what, (double)worst);
    demucs_separator_free(separator);
    free(data);
}

static void check_file(const char *path, float tolerance)
{
    demucs_model *model = load(path, SIZE_MAX);
    check_model(model, path, tolerance);
    if (model != NULL) {
        const dmx_network *network = model->members[0].network;
        CHECK(network->family == &mixer_family && network->parameters == 16, "%zu numbers", network->parameters);
        CHECK(demucs_model_find_source(model, "right") == 1 && demucs_model_warnings(model) == 0, "%s", path);
    }
    demucs_model_free(model);
}

static void test_every_form(void)
{
    char path[64];
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    check_file(data_path("mixer.th"), 1e-5f);
    check_file(data_path("mixer_quantised.th"), 1e-5f);
    snprintf(path, sizeof path, "test_family.%ld.safetensors", (long)getpid());
    REQUIRE(dmx_checkpoint_open(&checkpoint, data_path("mixer.th"), &families, &error) == DEMUCS_OK, "%s",
            error.message);
    CHECK(dmx_checkpoint_write_safetensors(checkpoint, path, &error) == DEMUCS_OK, "%s", error.message);
    dmx_checkpoint_close(checkpoint);
    check_file(path, 2e-3f); /* such files hold float16 */
    unlink(path);
}

/* A member whose weights were dropped is read again when its turn comes. */
static void test_bag(void)
{
    demucs_model *model = load(data_path("bag.yaml"), 0);
    CHECK(model != NULL && !model->members[0].resident, "its weights were kept");
    check_model(model, "bag.yaml", 1e-5f);
    demucs_model_free(model);
}

/* What the family asks for with other arguments. */
static void test_list(void)
{
    static const char *const names[] = {"scale", "mix.weight", "mix.bias"};
    dmx_checkpoint *checkpoint = NULL;
    dmx_parameters list = {.count = 0};
    demucs_error error = {DEMUCS_OK, ""};
    REQUIRE(dmx_checkpoint_open(&checkpoint, data_path("mixer.th"), &families, &error) == DEMUCS_OK, "%s",
            error.message);
    for (int without = 0; without < 2; without++) {
        for (size_t i = 0; i < checkpoint->kwargs.count; i++)
            if (strcmp(checkpoint->kwargs.keys[i], "scaled") == 0) checkpoint->kwargs.items[i].boolean = !without;
        CHECK(families.list_parameters(&list, checkpoint, &error) == DEMUCS_OK, "%s", error.message);
        CHECK(list.count == (size_t)(3 - without), "%zu tensors", list.count);
        for (size_t i = 0; i < list.count; i++)
            CHECK(strcmp(list.items[i].name, names[i + (size_t)without]) == 0, "%s", list.items[i].name);
        dmx_parameters_clear(&list);
    }
    dmx_checkpoint_close(checkpoint);
}

/* Who hands over other classes gets neither this one nor its names. */
static void test_only_the_classes_that_are_told(void)
{
    static const char other[] = DEMUCS_TEST_DATA "/cli/models/f0cb5d54.safetensors";
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {DEMUCS_OK, ""};
    CHECK(dmx_checkpoint_open(&checkpoint, data_path("mixer.th"), &dmx_families, &error) != DEMUCS_OK &&
              strstr(error.message, "'toys.mixer.Mixer', which no Demucs model needs") != NULL,
          "%s", error.message);
    error = (demucs_error){DEMUCS_OK, ""};
    CHECK(dmx_checkpoint_open(&checkpoint, other, &families, &error) != DEMUCS_OK &&
              strstr(error.message, "'demucs.htdemucs.HTDemucs' is not one of toys.mixer.Mixer.") != NULL,
          "%s", error.message);
    rows[1] = dmx_families.rows[0];
    rows[2] = dmx_families.rows[2];
    CHECK(dmx_checkpoint_open(&checkpoint, other, &families, &error) == DEMUCS_OK, "%s", error.message);
    dmx_checkpoint_close(checkpoint);
    rows[1] = rows[2] = NULL;
}

TEST_MAIN(test_every_form, test_bag, test_list, test_only_the_classes_that_are_told)
