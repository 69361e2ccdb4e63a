/* plans.c - see plans.h */
#include "plans.h"

#include "support/made_checkpoint.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static demucs_error error;

demucs_fit_plan plans_for(demucs_model *model, const demucs_fit_options *how, int jobs,
                          demucs_stream_options *separation)
{
    demucs_fit_plan plan = {.struct_size = sizeof plan};
    demucs_engine_options options;
    demucs_engine *engine = NULL;
    demucs_default_engine_options(&options, sizeof options);
    options.threads = 4;
    options.jobs = jobs;
    CHECK(demucs_fit_engine(&engine, model, &options, separation, how, &plan, &error) == DEMUCS_OK, "%s",
          error.message);
    CHECK(engine != NULL && demucs_engine_jobs(engine) == plan.jobs, "the engine has %d jobs, the plan %d",
          demucs_engine_jobs(engine), plan.jobs);
    demucs_engine_free(engine);
    return plan;
}

bool plans_are_exact(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

demucs_stream_options plans_streams(void)
{
    demucs_stream_options separation;
    demucs_default_stream_options(&separation, sizeof separation);
    return separation;
}

demucs_fit_options plans_options(uint64_t max_memory_bytes, int tracks_at_once)
{
    demucs_fit_options how;
    demucs_fit_options_init(&how, sizeof how);
    how.max_memory_bytes = max_memory_bytes;
    how.tracks_at_once = tracks_at_once;
    how.tracks = 100;
    how.max_memory_setting = "--max-memory";
    return how;
}

/* Models of some size, in a folder that is removed with them: what a process has in memory changes by a megabyte from
 * one call to the next, and tiny models would not show beside that. */
static char folder[] = "/tmp/demucs-fit-XXXXXX";

static const char *path_in_folder(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", folder, name);
    return path;
}

/* A waveform network, whose weights are zeros. */
static bool make_model(const char *name, const char *arguments)
{
    char path[128];
    dmx_checkpoint checkpoint;
    path_in_folder(path, name);
    demucs_status status = made_begin(&checkpoint, path, "demucs.demucs.Demucs", arguments, &error);
    if (status == DEMUCS_OK) status = made_add_tensors(&checkpoint, NULL, NULL, &error);
    if (status == DEMUCS_OK) status = dmx_checkpoint_write_safetensors(&checkpoint, path, &error);
    made_clear(&checkpoint);
    CHECK(status == DEMUCS_OK, "%s: %s", name, error.message);
    return status == DEMUCS_OK;
}

static void remove_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) printf("%s stays\n", folder);
}

/* "long" has segments of a minute, whose memory follows their length; "bag" has four members of some megabytes. */
static void make_models(void)
{
    char path[128];
    REQUIRE(mkdtemp(folder) != NULL, "no folder");
    atexit(remove_folder);
    make_model("long.safetensors",
               "{\"sources\":[\"a\",\"b\"],\"channels\":16,\"depth\":2,\"samplerate\":8000,\"segment\":60}");
    FILE *bag = fopen(path_in_folder(path, "bag.yaml"), "w");
    REQUIRE(bag != NULL, "no bag");
    fputs("models: ['b0000000', 'b0000001', 'b0000002', 'b0000003']\n", bag);
    fclose(bag);
    for (int m = 0; m < 4; m++) {
        char name[] = "b0000000.safetensors";
        name[7] = (char)('0' + m);
        make_model(name, "{\"sources\":[\"a\",\"b\"],\"channels\":48,\"depth\":4,\"samplerate\":8000,\"segment\":1}");
    }
}

demucs_model *plans_load(const char *name)
{
    static bool made;
    char path[128];
    demucs_model *model = NULL;
    if (!made) make_models();
    made = true;
    CHECK(demucs_fit_load(&model, path_in_folder(path, name), NULL, &error) == DEMUCS_OK, "%s", error.message);
    return model;
}
