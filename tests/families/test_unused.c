/* test_unused.c - arguments that the official constructor never looks at, because others switch off what they are for,
 * may be anything. */
#include "checkpoint/parameters.h"
#include "support/made_checkpoint.h"
#include "support/test.h"

#include <string.h>

/* The tensors of a small model with these named arguments, or -1 with a sentence when they are refused. */
static int tensors_of(const char *arguments, demucs_error *error)
{
    char path[] = "x", all[1024];
    dmx_parameters list = {0};
    dmx_checkpoint checkpoint;
    *error = (demucs_error){.status = DEMUCS_OK};
    snprintf(all, sizeof all, "{\"sources\":[\"a\",\"b\"],\"channels\":8,\"segment\":1,%s}", arguments);
    demucs_status status = made_begin(&checkpoint, path, "demucs.htdemucs.HTDemucs", all, error);
    if (status == DEMUCS_OK) status = dmx_network_list_parameters(&list, &checkpoint, error);
    const int count = status == DEMUCS_OK ? (int)list.count : -1;
    dmx_parameters_clear(&list);
    made_clear(&checkpoint);
    return count;
}

/* Each has the tensors of the model without what is not used. */
static void test_unused(void)
{
    static const char *const cases[][2] = {
        {"\"t_norm_first\":false,\"t_norm_out\":3", "\"t_norm_first\":false"},
        {"\"t_norm_in_group\":3", "\"t_norm_in\":true"},
        {"\"multi_freqs\":[0.3],\"multi_freqs_depth\":0,\"kernel_size\":6", "\"kernel_size\":6"},
        {"\"multi_freqs\":[2],\"multi_freqs_depth\":-1", "\"depth\":4"},
        {"\"t_layers\":0,\"t_heads\":3,\"t_emb\":\"no\",\"t_sparse_self_attn\":true", "\"t_layers\":0"},
        {"\"t_layers\":0,\"channels_time\":12,\"depth\":6,\"bottom_channels\":16",
         "\"t_layers\":0,\"depth\":6,\"bottom_channels\":16"}};
    demucs_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int expected = tensors_of(cases[i][1], &error), count = tensors_of(cases[i][0], &error);
        CHECK(expected > 100 && count == expected, "%s: %d tensors instead of %d. %s", cases[i][0], count, expected,
              error.message);
    }
}

/* Where they are used they still have to be right. */
static void test_used(void)
{
    static const char *const cases[][2] = {
        {"\"t_norm_out\":3", "norms"},
        {"\"t_norm_in\":false,\"t_norm_in_group\":3", "norms"},
        {"\"multi_freqs\":[2]", "multi_freqs"},
        {"\"t_heads\":3", "heads"},
        {"\"channels_time\":12,\"bottom_channels\":16", "two branches"},
        {"\"growth\":1.5,\"norm_starts\":9,\"depth\":6,\"t_layers\":0,\"bottom_channels\":16", "channels do not fit"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        demucs_error error;
        const int count = tensors_of(cases[i][0], &error);
        CHECK(count == -1 && strstr(error.message, cases[i][1]) != NULL, "%s: %d, %s", cases[i][0], count,
              error.message);
    }
}

TEST_MAIN(test_unused, test_used)
