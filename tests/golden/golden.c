/* golden.c - see golden.h */
#include "golden.h"

#include "base/alloc.h"
#include "cpu/ops.h"
#include "cpu/upload.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

const char *golden_path(const char *name) { return test_path(name); }

static bool open_run(golden_run *run, const char *path, int64_t frames, dmx_cpu_level level, int threads, bool bf16)
{
    demucs_error error = {DEMUCS_OK, ""};
    dmx_checkpoint *checkpoint = NULL;
    dmx_warnings warnings = {0};
    *run = (golden_run){.frames = frames};
    if (dmx_checkpoint_open(&checkpoint, path, &dmx_families, &error) == DEMUCS_OK)
        dmx_network_load(&run->network, checkpoint, &dmx_cpu_upload, &warnings, &error);
    dmx_checkpoint_close(checkpoint);
    dmx_warnings_clear(&warnings);
    if (run->network == NULL || dmx_thread_pool_create(&run->exec.pool, threads, &error) != DEMUCS_OK) {
        fprintf(stderr, "%s\n", error.message);
        return false;
    }
    run->exec.ops = &dmx_cpu_ops;
    run->exec.kernels = dmx_kernels_get(level);
    run->exec.bf16 = bf16;
    if (bf16 && !dmx_network_add_bf16(run->network, run->exec.kernels)) return false;
    bool wanted[DMX_MAX_SOURCES];
    memset(wanted, true, sizeof wanted);
    run->exec.planning = true;
    dmx_network_run(run->network, &run->exec, NULL, frames, wanted, NULL);
    run->exec.planning = false;
    const size_t bytes = run->exec.arena.peak;
    run->exec.arena = (dmx_arena){.block = dmx_alloc(bytes, 1), .size = bytes};
    run->exec.scratch = dmx_alloc((size_t)threads * run->exec.scratch_floats, sizeof(float));
    return run->exec.arena.block != NULL && run->exec.scratch != NULL;
}

bool golden_open(golden_run *run, const char *path, int64_t frames, dmx_cpu_level level, int threads)
{
    return open_run(run, path, frames, level, threads, false);
}

bool golden_open_bf16(golden_run *run, const char *path, int64_t frames, dmx_cpu_level level, int threads)
{
    return open_run(run, path, frames, level, threads, true);
}

void golden_close(golden_run *run)
{
    dmx_network_free(run->network);
    dmx_thread_pool_free(run->exec.pool);
    dmx_free(run->exec.arena.block);
    dmx_free(run->exec.scratch);
}

void golden_forward(golden_run *run, const float *mix, float *stems)
{
    bool wanted[DMX_MAX_SOURCES];
    memset(wanted, true, sizeof wanted);
    dmx_network_run(run->network, &run->exec, mix, run->frames, wanted, stems);
}

bool golden_separate(const demucs_model *model, const demucs_options *options, const float *mix, size_t frames,
                     float *stems)
{
    demucs_error error = {DEMUCS_OK, ""};
    demucs_separator *separator = NULL;
    const float *mix_planes[DMX_MAX_CHANNELS];
    float *stem_planes[DMX_MAX_SOURCES * DMX_MAX_CHANNELS];
    const int channels = demucs_model_channels(model), sources = demucs_model_sources(model);
    for (int c = 0; c < channels; c++) mix_planes[c] = mix + (size_t)c * frames;
    for (int p = 0; p < sources * channels; p++) stem_planes[p] = stems + (size_t)p * frames;
    demucs_status status = demucs_separator_create(&separator, model, options, &error);
    if (status == DEMUCS_OK) status = demucs_separate(separator, mix_planes, frames, stem_planes, &error);
    demucs_separator_free(separator);
    if (status != DEMUCS_OK) fprintf(stderr, "%s\n", error.message);
    return status == DEMUCS_OK;
}
