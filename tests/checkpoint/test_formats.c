/* test_formats.c - every form of a checkpoint gives the values and arguments that the official package reads. */
#include "support.h"
#include "support/test.h"

#include "checkpoint/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static dmx_checkpoint *open_good(const char *name)
{
    char path[128];
    dmx_checkpoint *checkpoint = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    snprintf(path, sizeof path, "good/%s", name);
    demucs_status status = dmx_checkpoint_open(&checkpoint, data_path(path), &dmx_families, &error);
    CHECK(status == DEMUCS_OK, "%s", error.message);
    return checkpoint;
}

static void test_values_are_the_official_ones(void)
{
    table t;
    REQUIRE(read_table(&t, data_path("good/index.tsv")), "no index");
    for (int i = 0; i < t.rows; i++) {
        char **row = t.cells[i];
        dmx_checkpoint *checkpoint = open_good(row[0]);
        if (checkpoint == NULL) continue;
        CHECK(strcmp(checkpoint->class->name, row[1]) == 0, "%s: %s", row[0], checkpoint->class->name);
        CHECK(checkpoint->tensor_count == strtoul(row[2], NULL, 10), "%s: %zu", row[0], checkpoint->tensor_count);
        uint32_t crc = values_crc(checkpoint);
        CHECK(crc == strtoul(row[3], NULL, 16), "%s: %08x", row[0], crc);
        dmx_checkpoint_close(checkpoint);
    }
    free(t.text);
}

static bool values_equal(const dmx_value *a, const dmx_value *b)
{
    if (a->kind != b->kind || a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        const dmx_value *other = a->kind == DMX_VALUE_DICT ? dmx_value_get(b, a->keys[i]) : &b->items[i];
        if (other == NULL || !values_equal(&a->items[i], other)) return false;
    }
    if (a->kind == DMX_VALUE_STRING) return strcmp(a->text, b->text) == 0;
    return a->boolean == b->boolean && a->integer == b->integer && a->denominator == b->denominator &&
           a->number == b->number;
}

static void check_same_arguments(const char *a_name, const char *b_name)
{
    dmx_checkpoint *a = open_good(a_name), *b = open_good(b_name);
    if (a != NULL && b != NULL) {
        CHECK(values_equal(&a->args, &b->args), "%s %s", a_name, b_name);
        CHECK(values_equal(&a->kwargs, &b->kwargs), "%s %s", a_name, b_name);
    }
    dmx_checkpoint_close(a);
    dmx_checkpoint_close(b);
}

static void test_arguments_are_the_same_in_every_form(void)
{
    check_same_arguments("409eef75-f587c11e.th", "409eef75.safetensors");
    check_same_arguments("409eef75-f587c11e.th", "legacy_nonzip.th");
    check_same_arguments("b72453dc-9f8cb998.th", "b72453dc.safetensors");
    check_same_arguments("fraction_ints.th", "f0cb5d54.safetensors");
    check_same_arguments("uniform.th", "legacy_protocol1.th");
    check_same_arguments("uniform.th", "legacy_protocol5.th");
}

static void test_argument_kinds(void)
{
    dmx_checkpoint *c = open_good("f0cb5d54.safetensors");
    double number = 0;
    if (c == NULL) return;
    const dmx_value *segment = dmx_value_get(&c->kwargs, "segment"), *sources = dmx_value_get(&c->kwargs, "sources");
    REQUIRE(segment != NULL && segment->kind == DMX_VALUE_FRACTION, "segment");
    CHECK(segment->integer == 2 && segment->denominator == 5, "%lld", (long long)segment->integer);
    CHECK(dmx_value_to_double(segment, &number) && number == 0.4, "%g", number);
    REQUIRE(sources != NULL && sources->kind == DMX_VALUE_LIST && sources->count == 4, "sources");
    CHECK(strcmp(sources->items[3].text, "vocals") == 0, "%s", sources->items[3].text);
    CHECK(dmx_value_get(&c->kwargs, "channels_time")->kind == DMX_VALUE_NONE, "None");
    CHECK(dmx_value_get(&c->kwargs, "cac")->kind == DMX_VALUE_BOOL, "bool");
    CHECK(dmx_value_get(&c->kwargs, "t_hidden_scale")->kind == DMX_VALUE_FLOAT, "float");
    CHECK(dmx_value_get(&c->kwargs, "nothing") == NULL, "a key that is not there");
    dmx_checkpoint_close(c);
    c = open_good("positional_sources.th");
    if (c == NULL) return;
    CHECK(c->args.count == 1 && c->args.items[0].count == 4, "%zu", c->args.count);
    CHECK(dmx_value_get(&c->kwargs, "sources") == NULL, "sources are positional");
    dmx_checkpoint_close(c);
}

static void test_plain_tensors_stay_in_the_file(void)
{
    const char *const names[] = {"409eef75-f587c11e.th", "409eef75.safetensors", "legacy_nonzip.th"};
    for (int k = 0; k < 3; k++) {
        dmx_checkpoint *c = open_good(names[k]);
        for (size_t i = 0; c != NULL && i < c->tensor_count; i++) {
            const dmx_tensor *t = &c->tensors[i];
            CHECK(t->owned == NULL && t->data == NULL && t->at > 0 && t->at < c->size_bytes, "%s", names[k]);
        }
        CHECK(c == NULL || c->bytes == NULL, "%s is in memory", names[k]);
        dmx_checkpoint_close(c);
    }
}

static void release_all(dmx_checkpoint *c)
{
    for (size_t i = 0; i < c->tensor_count; i++) dmx_checkpoint_release(c, &c->tensors[i]);
}

/* Released tensors read the same again. Only who promises not to loses what lies outside of the file. */
static void test_release(void)
{
    const char *const names[] = {"409eef75.safetensors", "shared_storage.th", "strided.th", "uniform.th"};
    for (int k = 0; k < 4; k++) {
        dmx_checkpoint *c = open_good(names[k]);
        if (c == NULL) continue;
        const uint32_t before = values_crc(c);
        release_all(c);
        CHECK(values_crc(c) == before, "%s", names[k]);
        size_t owned = 0, left = 0;
        for (size_t i = 0; i < c->tensor_count; i++) owned += c->tensors[i].owned != NULL;
        c->read_once = true;
        release_all(c);
        for (size_t i = 0; i < c->tensor_count; i++) left += c->tensors[i].data != NULL;
        CHECK(left == 0 && (owned > 0) == (k >= 2), "%s: %zu of %zu", names[k], left, owned);
        dmx_checkpoint_close(c);
    }
}

static void check_refused_path(const char *path, const char *reason)
{
    dmx_checkpoint *c = (dmx_checkpoint *)1;
    demucs_error error = {.status = DEMUCS_OK};
    demucs_status status = dmx_checkpoint_open(&c, path, &dmx_families, &error);
    CHECK(is_refusal(status, &error, path) && c == NULL, "%s", error.message);
    CHECK(strstr(error.message, reason) != NULL, "%s", error.message);
}

static void test_what_is_no_file(void)
{
    char pipe_path[64];
    check_refused_path("/nowhere/model.th", "opened");
    check_refused_path("/", "folder");
    check_refused_path("/dev/null", "device");
    snprintf(pipe_path, sizeof pipe_path, "test_formats.%ld.pipe", (long)getpid());
    REQUIRE(mkfifo(pipe_path, 0600) == 0, "cannot make a pipe");
    check_refused_path(pipe_path, "pipe"); /* and does not wait for a writer */
    unlink(pipe_path);
}

/* ------------------------------------------------------------------------------------------------- parameters -- */

static void check_shape(const char *file, const dmx_parameter *parameter, const char *line)
{
    char expected[256];
    size_t at = (size_t)snprintf(expected, sizeof expected, "%s ", parameter->name);
    for (int i = 0; i < parameter->rank; i++)
        at += (size_t)snprintf(expected + at, sizeof expected - at, "%s%lld", i > 0 ? "x" : "",
                               (long long)parameter->shape[i]);
    CHECK(strcmp(line, expected) == 0, "%s: %s, expected %s", file, expected, line);
}

/* The file: class and arguments, then a line a parameter. */
static void check_parameters(const char *file)
{
    char path[128];
    size_t size, count = 0;
    dmx_checkpoint c = {.path = (char *)file};
    dmx_parameters list = {.count = 0};
    demucs_error error = {.status = DEMUCS_OK};
    snprintf(path, sizeof path, "parameters/%s", file);
    char *text = (char *)read_file(data_path(path), &size);
    REQUIRE(text != NULL, "%s", file);
    char *line = strtok(text, "\n"), *space = strchr(line, ' ');
    *space = '\0';
    c.class = dmx_classes_find(&dmx_families, line, strlen(line));
    REQUIRE(c.class != NULL, "%s", line);
    dmx_json_parse(&c.kwargs, space + 1, strlen(space + 1), file, "kwargs", &error);
    dmx_json_decode_fractions(&c.kwargs, file, "kwargs", &error);
    CHECK(dmx_families.list_parameters(&list, &c, &error) == DEMUCS_OK, "%s", error.message);
    while ((line = strtok(NULL, "\n")) != NULL && count < list.count) check_shape(file, &list.items[count++], line);
    CHECK(line == NULL && count == list.count, "%s: %zu of %zu", file, count, list.count);
    dmx_parameters_clear(&list);
    dmx_value_clear(&c.kwargs);
    free(text);
}

static void test_parameters_of_each_class(void)
{
    const char *const files[] = {"hd_multi.txt", "hd_freqonly.txt", "hd_wiener.txt", "ht_opts.txt",
                                 "dm_lstm.txt",  "dm_relu.txt",     "dm_plain.txt"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) check_parameters(files[i]);
}

/* A pickle keeps the order of state_dict(). */
static void test_parameters_of_files(void)
{
    const char *const files[] = {"fraction_ints.th", "409eef75-f587c11e.th", "positional_sources.th"};
    for (int k = 0; k < 3; k++) {
        dmx_checkpoint *c = open_good(files[k]);
        dmx_parameters list = {.count = 0};
        if (c == NULL) continue;
        CHECK(dmx_families.list_parameters(&list, c, NULL) == DEMUCS_OK, "%s", files[k]);
        CHECK(list.count == c->tensor_count, "%s: %zu", files[k], list.count);
        for (size_t i = 0; i < list.count && i < c->tensor_count; i++)
            CHECK(strcmp(list.items[i].name, c->tensors[i].name) == 0, "%s %s", list.items[i].name, c->tensors[i].name);
        dmx_parameters_clear(&list);
        dmx_checkpoint_close(c);
    }
}

/* The official package still loads models of a class that was renamed. */
static void test_old_class_names(void)
{
    const char old[] = "demucs.wdemucs.WDemucs", cut[] = "demucs.wdemucs.WDem";
    const dmx_class *class = dmx_classes_find(&dmx_families, old, sizeof old - 1);
    CHECK(class != NULL && strcmp(class->python_names[0], "demucs.hdemucs.HDemucs") == 0, "%s", old);
    CHECK(dmx_classes_find(&dmx_families, cut, sizeof cut - 1) == NULL, "%s", cut);
}

TEST_MAIN(test_values_are_the_official_ones, test_arguments_are_the_same_in_every_form, test_argument_kinds,
          test_plain_tensors_stay_in_the_file, test_release, test_what_is_no_file, test_parameters_of_each_class,
          test_parameters_of_files, test_old_class_names)
