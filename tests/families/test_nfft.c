/* test_nfft.c - any nfft that the official classes take, as far as its prime factors go; else a sentence with the
 * file's name. */
#include "base/alloc.h"
#include "checkpoint/json.h"
#include "checkpoint/parameters.h"
#include "checkpoint/reader.h"
#include "cpu/upload.h"
#include "models/network.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* All tensors of the checkpoint's class and arguments, zeros. */
static demucs_status add_zeros(dmx_checkpoint *checkpoint, demucs_error *error)
{
    dmx_parameters list = {0};
    demucs_status status = checkpoint->classes->list_parameters(&list, checkpoint, error);
    for (size_t i = 0; status == DEMUCS_OK && i < list.count; i++) {
        const dmx_parameter *p = &list.items[i];
        float *zeros = dmx_alloc(p->count, sizeof *zeros);
        dmx_tensor tensor = {.dtype = DMX_F32, .rank = p->rank, .count = p->count, .data = zeros, .owned = zeros};
        memcpy(tensor.shape, p->shape, sizeof p->shape);
        status = dmx_checkpoint_add(checkpoint, p->name, strlen(p->name), &tensor, error);
    }
    dmx_parameters_clear(&list);
    return status;
}

static demucs_status load(const char *class_name, const char *arguments, demucs_error *error)
{
    char path[] = "the_file";
    dmx_network *network = NULL;
    dmx_warnings warnings = {0};
    dmx_checkpoint checkpoint = {.path = path, .classes = &dmx_families, .args = {.kind = DMX_VALUE_LIST}};
    *error = (demucs_error){.status = DEMUCS_OK};
    demucs_status status = dmx_checkpoint_set_class(&checkpoint, class_name, strlen(class_name), error);
    if (status == DEMUCS_OK)
        status = dmx_json_parse(&checkpoint.kwargs, arguments, strlen(arguments), path, "kwargs", error);
    if (status == DEMUCS_OK) status = add_zeros(&checkpoint, error);
    if (status == DEMUCS_OK) status = dmx_network_load(&network, &checkpoint, &dmx_cpu_upload, &warnings, error);
    dmx_network_free(network);
    dmx_warnings_clear(&warnings);
    for (size_t i = 0; i < checkpoint.tensor_count; i++) {
        dmx_free(checkpoint.tensors[i].name);
        dmx_free(checkpoint.tensors[i].owned);
    }
    dmx_free(checkpoint.tensors);
    dmx_value_clear(&checkpoint.kwargs);
    return status;
}

#define HTDEMUCS(nfft)                                                                                                 \
    "{\"sources\":[\"a\",\"b\"],\"channels\":8,\"depth\":1,\"segment\":1,\"t_layers\":0,\"nfft\":" #nfft "}"
#define HDEMUCS(nfft)                                                                                                  \
    "{\"sources\":[\"a\",\"b\"],\"channels\":8,\"depth\":1,\"segment\":1,\"hybrid\":false,\"stride\":2,"               \
    "\"nfft\":" #nfft "}"

static void test_any_factor(void)
{
    static const char *const cases[][2] = {{"demucs.htdemucs.HTDemucs", HTDEMUCS(448)},
                                           {"demucs.htdemucs.HTDemucs", HTDEMUCS(7168)},
                                           {"demucs.hdemucs.HDemucs", HDEMUCS(100)}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        demucs_error error;
        CHECK(load(cases[i][0], cases[i][1], &error) == DEMUCS_OK, "%s: %s", cases[i][1], error.message);
    }
}

static void test_refused(void)
{
    demucs_error error;
    const demucs_status status = load("demucs.htdemucs.HTDemucs", HTDEMUCS(8072), &error);
    CHECK(status == DEMUCS_ERROR_UNSUPPORTED && strstr(error.message, "8072") != NULL, "%s", error.message);
    CHECK(strncmp(error.message, "the_file: ", 10) == 0, "%s", error.message);
}

TEST_MAIN(test_any_factor, test_refused)
