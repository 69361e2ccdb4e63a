/* test_nfft.c - any nfft that the official classes take, as far as its prime factors go; else a sentence with the
 * file's name. */
#include "cpu/upload.h"
#include "support/made_checkpoint.h"
#include "support/test.h"

#include <string.h>

static demucs_status load(const char *class_name, const char *arguments, demucs_error *error)
{
    char path[] = "the_file";
    dmx_checkpoint checkpoint;
    dmx_network *network = NULL;
    dmx_warnings warnings = {0};
    *error = (demucs_error){.status = DEMUCS_OK};
    demucs_status status = made_begin(&checkpoint, path, class_name, arguments, error);
    if (status == DEMUCS_OK) status = made_add_tensors(&checkpoint, NULL, NULL, error);
    if (status == DEMUCS_OK) status = dmx_network_load(&network, &checkpoint, &dmx_cpu_upload, &warnings, error);
    dmx_network_free(network);
    dmx_warnings_clear(&warnings);
    made_clear(&checkpoint);
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
