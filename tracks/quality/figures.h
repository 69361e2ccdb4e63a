/* figures.h - a demucs_quality under construction. */
#ifndef DMX_QUALITY_FIGURES_H
#define DMX_QUALITY_FIGURES_H

#include "demucs_quality.h"

#include <stdbool.h>

enum { DMX_QUALITY_TEXT = 320 }; /* bytes of a sentence, with the zero */

/* What a caller sees first. Stems and outliers are listed by pointers, so that their structs may grow. */
typedef struct dmx_figures {
    demucs_quality shown;
    const demucs_quality_stem **stem_list;       /* [stems] */
    demucs_quality_stem *stems;                  /* [stems] */
    double *correlation;                         /* [stems][stems] */
    const demucs_quality_outlier **outlier_list; /* [most_outliers]; NULL once judged, as texts is: */
    demucs_quality_outlier *outliers;            /* then both lie behind the outliers, in one block */
    char (*texts)[DMX_QUALITY_TEXT];
} dmx_figures;

/* For so many stems; NULL without memory. Names are NULL and have to be set, with dmx_strdup. */
dmx_figures *dmx_figures_new(int stems);

/* Compare all figures with their limits. */
void dmx_figures_judge(dmx_figures *self, const demucs_quality_options *options);

/* Copy a caller's options over the defaults and check them. NULL: the defaults. */
bool dmx_quality_options_read(demucs_quality_options *options, const demucs_quality_options *given,
                              demucs_error *error);

#endif
