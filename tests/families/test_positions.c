/* test_positions.c - a table of positions (t_emb "scaled") has to reach over the segment that a model runs on, which a
 * bag may make shorter than its own. */
#include "demucs.h"
#include "support/made_checkpoint.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME "a0b0c0d0"

static bool write_bag(const char *path, const char *segment)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) return false;
    fprintf(file, "models: [" NAME "]\n%s", segment);
    return fclose(file) == 0;
}

static void check_load(const char *path, bool right)
{
    demucs_model *model = NULL;
    demucs_error error = {.status = DEMUCS_OK};
    const demucs_status status = demucs_model_load(&model, path, &error);
    if (right)
        CHECK(status == DEMUCS_OK, "%s", error.message);
    else
        CHECK(status == DEMUCS_ERROR_FORMAT && strstr(error.message, "t_max_positions") != NULL, "%s: %s", path,
              error.message);
    demucs_member_info info = {.struct_size = sizeof info};
    if (model != NULL) CHECK(demucs_model_member_info(model, 0, &info, &error) == DEMUCS_OK, "%s", error.message);
    demucs_model_free(model);
}

/* A model with these arguments beside others. */
static void write_model(char *path, const char *arguments)
{
    char text[512];
    dmx_checkpoint checkpoint;
    demucs_error error = {.status = DEMUCS_OK};
    snprintf(text, sizeof text, "{\"sources\":[\"a\",\"b\"],\"channels\":8,\"depth\":2,\"segment\":1,\"t_heads\":2,%s}",
             arguments);
    demucs_status status = made_begin(&checkpoint, path, "demucs.htdemucs.HTDemucs", text, &error);
    if (status == DEMUCS_OK) status = made_add_tensors(&checkpoint, NULL, NULL, &error);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(&checkpoint, path, &error);
    made_clear(&checkpoint);
    CHECK(status == DEMUCS_OK, "%s: %s", arguments, error.message);
}

/* The time branch has 2,757 frames of a second left, and 276 of a tenth. */
static void test_segments(void)
{
    char path[] = NAME ".safetensors";
    write_model(path, "\"t_layers\":1,\"t_emb\":\"scaled\",\"t_max_positions\":1000");
    REQUIRE(write_bag("positions_short.yaml", "segment: 0.1\n") && write_bag("positions_own.yaml", ""), "no bags");
    check_load(path, false);
    check_load("positions_own.yaml", false);
    check_load("positions_short.yaml", true);
    unlink(path);
    unlink("positions_short.yaml");
    unlink("positions_own.yaml");
}

/* A table that just reaches over the segment, one that does not, and those that nobody reads. */
static void test_tables(void)
{
    static const struct {
        const char *arguments;
        bool right;
    } cases[] = {{"\"t_layers\":1,\"t_emb\":\"scaled\",\"t_max_positions\":2757", true},
                 {"\"t_layers\":1,\"t_emb\":\"scaled\",\"t_max_positions\":2756", false},
                 {"\"t_layers\":2,\"t_emb\":\"scaled\",\"t_max_positions\":1", false},
                 {"\"t_layers\":0,\"t_emb\":\"scaled\",\"t_max_positions\":1", true},
                 {"\"t_layers\":1,\"t_emb\":\"sin\",\"t_max_positions\":1", true},
                 {"\"t_layers\":1,\"t_emb\":\"cape\",\"t_max_positions\":1", true}};
    char path[] = "positions_table.safetensors";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_model(path, cases[i].arguments);
        check_load(path, cases[i].right);
        unlink(path);
    }
}

TEST_MAIN(test_segments, test_tables)
