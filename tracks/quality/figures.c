/* figures.c - see figures.h */
#include "tracks/quality/figures.h"

#include "base/alloc.h"

dmx_figures *dmx_figures_new(int stems)
{
    const size_t count = (size_t)stems;
    dmx_figures *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    /* each stem may have four outliers of its own and one with each other stem; and the track one */
    const size_t most = 4 * count + count * (count - 1) / 2 + 1;
    self->stem_list = dmx_alloc(count, sizeof *self->stem_list);
    self->stems = dmx_alloc(count, sizeof *self->stems);
    self->correlation = dmx_alloc(count * count, sizeof *self->correlation);
    self->outlier_list = dmx_alloc(most, sizeof *self->outlier_list);
    self->outliers = dmx_alloc(most, sizeof *self->outliers);
    self->texts = dmx_alloc(most, sizeof *self->texts);
    if (self->stem_list == NULL || self->stems == NULL || self->correlation == NULL || self->outlier_list == NULL ||
        self->outliers == NULL || self->texts == NULL) {
        demucs_quality_free(&self->shown);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) self->stem_list[i] = &self->stems[i];
    for (size_t i = 0; i < most; i++) self->outlier_list[i] = &self->outliers[i];
    self->shown.stems = self->stem_list;
    self->shown.stems_count = count;
    self->shown.correlation = self->correlation;
    self->shown.outliers = self->outlier_list;
    return self;
}

void demucs_quality_free(demucs_quality *quality)
{
    dmx_figures *self = (dmx_figures *)quality;
    if (self == NULL) return;
    for (size_t i = 0; i < self->shown.stems_count; i++) dmx_free((char *)self->stems[i].name);
    dmx_free(self->stem_list);
    dmx_free(self->stems);
    dmx_free(self->correlation);
    dmx_free(self->outlier_list);
    dmx_free(self->outliers);
    dmx_free(self->texts);
    dmx_free(self);
}
