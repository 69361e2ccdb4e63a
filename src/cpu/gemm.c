/* gemm.c - see gemm.h
 *
 * An item is a block of rows times a share of the panels. Many rows: blocks of rows, each with all panels, so that a
 * row block of A is gathered once. Few rows (the deepest layers, the transformer's time branch): the panels are split
 * too, so that many cores have work: with R rows and P panels there are ceil(R / 96) * ceil(P / 16) items at most. */
#include "cpu/gemm.h"

enum {
    ITEM_ROWS = 96,    /* about this many rows an item */
    ENOUGH_ITEMS = 64, /* with fewer row blocks than this, panels are split as well */
    LEAST_PANELS = 16  /* panels an item gets at least when they are split */
};

typedef struct gemm_job {
    const dmx_exec *exec;
    const dmx_gemm *g;
    size_t rows, item_rows;
    size_t panels, item_panels, panel_items;
} gemm_job;

size_t dmx_gemm_panels(size_t columns) { return (columns + DMX_PANEL - 1) / DMX_PANEL; }

size_t dmx_gemm_packed_floats(size_t k, size_t columns) { return dmx_gemm_panels(columns) * k * DMX_PANEL; }

size_t dmx_gemm_item_rows(const dmx_exec *exec)
{
    const dmx_kernels *kernels = exec->kernels;
    size_t tile = (size_t)(exec->bf16 && kernels->bf16_rows > 0 ? kernels->bf16_rows : kernels->gemm_rows);
    return (ITEM_ROWS + tile - 1) / tile * tile;
}

void dmx_gemm_compute(const dmx_exec *exec, const dmx_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin,
                      size_t panel_end, float *scratch)
{
    const bool bf16 = exec->bf16 && g->b_bf16 != NULL;
    (bf16 ? exec->kernels->gemm_bf16 : exec->kernels->gemm_f32)(g, row_begin, row_end, panel_begin, panel_end, scratch);
}

size_t dmx_gemm_scratch_floats(const dmx_exec *exec, size_t rows, size_t k)
{
    const size_t f32 = exec->kernels->gemm_scratch(rows, k);
    const size_t bf16 = exec->bf16 ? exec->kernels->gemm_bf16_scratch(rows, k) : 0;
    return bf16 > f32 ? bf16 : f32;
}

static void gemm_item(void *context, size_t item, int worker)
{
    const gemm_job *job = context;
    size_t row = item / job->panel_items * job->item_rows;
    size_t panel = item % job->panel_items * job->item_panels;
    size_t row_end = row + job->item_rows < job->rows ? row + job->item_rows : job->rows;
    size_t panel_end = panel + job->item_panels < job->panels ? panel + job->item_panels : job->panels;
    dmx_gemm_compute(job->exec, job->g, row, row_end, panel, panel_end, dmx_exec_scratch(job->exec, worker));
}

/* Groups end tiles early, so they go where rows lie evenly across them: a sequence (one row a group), a grid without
 * margins. */
static dmx_gemm join_groups(const dmx_gemm *g, size_t rows)
{
    dmx_gemm joined = *g;
    const ptrdiff_t count = (ptrdiff_t)g->group_rows;
    if (count == 1) {
        joined.a_row_stride = g->a_group_stride;
        joined.c_row_stride = g->c_group_stride;
        joined.residual_row_stride = g->residual_group_stride;
    } else if (g->a_group_stride != count * g->a_row_stride || g->c_group_stride != count * g->c_row_stride ||
               (g->residual != NULL && g->residual_group_stride != count * g->residual_row_stride)) {
        return joined;
    }
    joined.group_rows = rows;
    return joined;
}

void dmx_gemm_run(dmx_exec *exec, const dmx_gemm *gemm, size_t rows)
{
    const dmx_gemm joined = join_groups(gemm, rows), *g = &joined;
    gemm_job job = {.exec = exec, .g = g, .rows = rows, .panels = dmx_gemm_panels((size_t)g->columns)};
    job.item_rows = dmx_gemm_item_rows(exec);
    size_t row_items = (rows + job.item_rows - 1) / job.item_rows;
    size_t most_panel_items = (job.panels + LEAST_PANELS - 1) / LEAST_PANELS;
    size_t wanted = row_items >= ENOUGH_ITEMS ? 1 : (ENOUGH_ITEMS + row_items - 1) / (row_items > 0 ? row_items : 1);
    job.panel_items = wanted < most_panel_items ? wanted : most_panel_items;
    job.item_panels = (job.panels + job.panel_items - 1) / job.panel_items;
    job.panel_items = (job.panels + job.item_panels - 1) / job.item_panels;
    size_t scratch = dmx_gemm_scratch_floats(exec, job.item_rows, (size_t)g->taps * (size_t)g->depth);
    exec->flops += 2.0 * (double)rows * (double)(g->taps * g->depth) * g->columns;
    dmx_exec_run(exec, row_items * job.panel_items, scratch, gemm_item, &job);
}
