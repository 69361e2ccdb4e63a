/* test_quantised.c - a quantised state has no names: the list that a family makes of its arguments must name exactly
 * the tensors that the model has, whatever the arguments are. */
#include "cpu/upload.h"
#include "quantised.h"
#include "support.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* Arguments of an HTDemucs, and the words in the names of the tensors that the official class does not have with them.
 */
static const struct quantised_case {
    const char *args, *changed, *dropped[4];
} cases[] = {
    {"[]", "", {NULL}},
    {"[]", "\"t_norm_out\":2", {"norm_out", NULL}}, /* norm_first & norm_out: an even number counts as false */
    {"[]", "\"t_norm_out\":0", {"norm_out", NULL}},
    {"[]", "\"t_norm_out\":false", {"norm_out", NULL}},
    {"[]", "\"t_norm_first\":false", {"norm_out", NULL}},
    {"[]", "\"t_norm_in\":null", {"norm_in.", "norm_in_t.", NULL}},
    {"[]", "\"t_norm_in\":false,\"t_norm_in_group\":2", {NULL}},
    {"[]", "\"t_layer_scale\":null", {"gamma_1", "gamma_2", NULL}},
    {"[]", "\"freq_emb\":null", {"freq_emb", NULL}},
    {"[]", "\"freq_emb\":0", {"freq_emb", NULL}},
    {"[]", "\"freq_emb\":-0.5", {NULL}},
    {"[]", "\"rewrite\":null", {".rewrite.", NULL}},
    {"[]", "\"rewrite\":0", {".rewrite.", NULL}},
    {"[]", "\"dconv_depth\":-2", {NULL}},
    {"[]", "\"dconv_mode\":7", {NULL}}, /* the lowest two bits count */
    {"[[\"drums\",\"bass\",\"other\",\"vocals\"]]", "", {NULL}},
    {"[[\"drums\",\"bass\",\"other\",\"vocals\"],2,4,null,2]", "", {NULL}},
};

static dmx_checkpoint *open_source(void)
{
    dmx_checkpoint *source = NULL; /* a pickle keeps PyTorch's order */
    dmx_checkpoint_open(&source, data_path("good/fraction_ints.th"), &dmx_families, NULL);
    return source;
}

/* Read a quantised file and build its network. */
static demucs_status load(const unsigned char *bytes, size_t size, size_t *tensors, demucs_error *error)
{
    dmx_checkpoint *checkpoint = NULL;
    dmx_network *network = NULL;
    dmx_warnings warnings = {0};
    *error = (demucs_error){.status = DEMUCS_OK};
    demucs_status status = dmx_checkpoint_parse(&checkpoint, "quantised", bytes, size, &dmx_families, error);
    if (status == DEMUCS_OK) {
        *tensors = checkpoint->tensor_count;
        status = dmx_network_load(&network, checkpoint, &dmx_cpu_upload, &warnings, error);
    }
    dmx_network_free(network);
    dmx_warnings_clear(&warnings);
    dmx_checkpoint_close(checkpoint);
    return status;
}

static void test_every_list_is_that_of_the_model(void)
{
    dmx_checkpoint *source = open_source();
    REQUIRE(source != NULL, "no source");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct quantised_case *c = &cases[i];
        size_t size, tensors = 0;
        demucs_error error;
        unsigned char *bytes = quantised_file(source, c->args, c->changed, c->dropped, &size);
        CHECK(load(bytes, size, &tensors, &error) == DEMUCS_OK, "%s %s: %s", c->args, c->changed, error.message);
        CHECK(tensors > 100 && (c->dropped[0] == NULL) == (tensors == source->tensor_count), "%s %s: %zu tensors",
              c->args, c->changed, tensors);
        free(bytes);
    }
    dmx_checkpoint_close(source);
}

/* Excluded parameters are kept as they are, whatever their size. */
static void test_exclude(void)
{
    static const struct {
        const char *exclude, *kept[4];
    } lists[] = {{"[\"weight\"]", {".weight", NULL}},
                 {"[\"bias\",\"*decoder.[12].rewri?e.*\"]", {"decoder.1.rewrite", "decoder.2.rewrite", NULL}},
                 {"[\"*coder.[!0].conv*\"]", {"coder.1.conv", "coder.2.conv", "coder.3.conv", NULL}},
                 {"[\"nothing\",\"eight\",\"weigh\",\"coder.0.conv.weight\"]", {NULL}}};
    dmx_checkpoint *source = open_source();
    REQUIRE(source != NULL, "no source");
    size_t plain_size, size, tensors = 0;
    free(quantised_file_without(source, "[]", lists[3].kept, &plain_size));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        demucs_error error;
        unsigned char *bytes = quantised_file_without(source, lists[i].exclude, lists[i].kept, &size);
        CHECK(load(bytes, size, &tensors, &error) == DEMUCS_OK && tensors == source->tensor_count, "%s: %s",
              lists[i].exclude, error.message);
        CHECK(lists[i].kept[0] == NULL || size > plain_size + 1000, "%s: nothing large was excluded", lists[i].exclude);
        free(bytes);
    }
    dmx_checkpoint_close(source);
}

/* Patterns of 1500 bytes together are taken, and no more: each parameter is compared with all of them. */
static void test_long_exclude(void)
{
    static const char *const none[] = {NULL};
    dmx_checkpoint *source = open_source();
    REQUIRE(source != NULL, "no source");
    for (int last = 150; last <= 151; last++) {
        char list[2048] = "[", pattern[160];
        size_t size, tensors;
        demucs_error error;
        for (int i = 0; i < 10; i++) {
            snprintf(pattern, sizeof pattern, "%s\"%0*d\"", i > 0 ? "," : "", i < 9 ? 150 : last, i);
            strcat(list, pattern);
        }
        strcat(list, "]");
        unsigned char *bytes = quantised_file_without(source, list, none, &size);
        const demucs_status status = load(bytes, size, &tensors, &error);
        CHECK(last == 150 ? status == DEMUCS_OK : is_refusal(status, &error, "1500 bytes"), "%d: %s", last,
              error.message);
        free(bytes);
    }
    dmx_checkpoint_close(source);
}

/* The list has the bounds of the model, and its sentences. */
static void test_bounds_are_those_of_the_model(void)
{
    static const char *const bad[][2] = {{"\"depth\":11", "depth should be a number from 1 to 10"},
                                         {"\"t_layers\":65", "t_layers should be a number from 0 to 64"},
                                         {"\"kernel_size\":65", "kernel_size should be a number from 1 to 64"},
                                         {"\"channels\":null", "channels should be a number"},
                                         {"\"segment\":0", "segment should be"},
                                         {"\"dconv_comp\":100", "leaves no channels inside DConv"}};
    static const char *const none[] = {NULL};
    dmx_checkpoint *source = open_source();
    REQUIRE(source != NULL, "no source");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t size, tensors;
        demucs_error error;
        unsigned char *bytes = quantised_file(source, "[]", bad[i][0], none, &size);
        const demucs_status status = load(bytes, size, &tensors, &error);
        CHECK(is_refusal(status, &error, bad[i][1]), "%s: %s", bad[i][0], error.message);
        free(bytes);
    }
    dmx_checkpoint_close(source);
}

TEST_MAIN(test_every_list_is_that_of_the_model, test_exclude, test_long_exclude, test_bounds_are_those_of_the_model)
