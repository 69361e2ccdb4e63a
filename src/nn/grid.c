/* grid.c - activations in the arena, and views of them; see grid.h */
#include "nn/grid.h"

#include "nn/apart.h"
#include "nn/audio.h"
#include "nn/norm.h"

#include <assert.h>
#include <stdio.h>

dmx_margin dmx_margin_max(dmx_margin a, dmx_margin b)
{
    return (dmx_margin){.bins_before = a.bins_before > b.bins_before ? a.bins_before : b.bins_before,
                        .bins_after = a.bins_after > b.bins_after ? a.bins_after : b.bins_after,
                        .steps = a.steps > b.steps ? a.steps : b.steps};
}

dmx_grid dmx_grid_create(dmx_exec *exec, int steps, int bins, int channels, dmx_margin margin)
{
    dmx_grid grid = {.steps = steps, .bins = bins, .channels = channels, .margin = margin};
    size_t step_floats = ((size_t)margin.bins_before + (size_t)bins + (size_t)margin.bins_after) * (size_t)channels;
    grid.step_stride = (ptrdiff_t)step_floats;
    size_t all_steps = (size_t)steps + 2 * (size_t)margin.steps;
    float *block = dmx_arena_carve(&exec->arena, all_steps, step_floats * sizeof(float));
    if (block == NULL) return grid;
    grid.data = block + (size_t)margin.steps * step_floats + (size_t)margin.bins_before * (size_t)channels;
    dmx_grid_clear_margins(exec, &grid);
    return grid;
}

dmx_grid dmx_grid_as_sequence(const dmx_grid *grid)
{
    assert(grid->steps == 1);
    int margin =
        grid->margin.bins_before < grid->margin.bins_after ? grid->margin.bins_before : grid->margin.bins_after;
    return (dmx_grid){.data = grid->data,
                      .steps = grid->bins,
                      .bins = 1,
                      .channels = grid->channels,
                      .step_stride = grid->channels,
                      .margin = {.steps = margin}};
}

dmx_grid dmx_grid_bins(const dmx_grid *grid, int first, int bins)
{
    dmx_grid part = *grid;
    part.bins = bins;
    part.margin = (dmx_margin){0};
    if (grid->data != NULL) part.data = grid->data + (ptrdiff_t)first * grid->channels;
    return part;
}

dmx_grid dmx_moments_create(dmx_exec *exec) { return dmx_grid_create(exec, 1, 1, DMX_MOMENTS, (dmx_margin){0}); }

dmx_grid dmx_planes_of_mix(int channels, int frames)
{
    return (dmx_grid){.steps = channels, .bins = frames, .channels = 1, .step_stride = frames};
}

dmx_grid dmx_planes_create(dmx_exec *exec, int channels, int frames)
{
    return dmx_grid_create(exec, channels, frames, 1, (dmx_margin){0});
}

dmx_grid dmx_bins_create(dmx_exec *own, const dmx_bins *bins, const dmx_grid *grid, dmx_margin margin)
{
    if (!bins->gather) return dmx_grid_bins(grid, bins->first, bins->bins);
    return dmx_grid_create(own, grid->steps, bins->bins, grid->channels, margin);
}

dmx_grid dmx_bins_fetch(dmx_exec *own, const dmx_bins *bins, const dmx_grid *grid, dmx_margin margin)
{
    const dmx_grid here = dmx_bins_create(own, bins, grid, margin),
                   there = dmx_grid_bins(grid, bins->first, bins->bins);
    if (bins->gather) dmx_grid_copy(own, &there, &here);
    return here;
}

void dmx_bins_store(dmx_exec *own, const dmx_bins *bins, const dmx_grid *here, const dmx_grid *grid)
{
    const dmx_grid there = dmx_grid_bins(grid, bins->first, bins->bins);
    if (bins->gather) dmx_grid_copy(own, here, &there);
}

void dmx_grid_trace(const dmx_exec *exec, const char *prefix, int index, const dmx_grid *grid)
{
    char stage[64];
    if (exec->trace == NULL) return;
    if (index < 0)
        snprintf(stage, sizeof stage, "%s", prefix);
    else
        snprintf(stage, sizeof stage, "%s.%d", prefix, index);
    exec->trace(exec->trace_context, stage, grid);
}
