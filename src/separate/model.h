/* model.h - what a demucs_model is: the members of a bag and how much each counts. A single checkpoint is a bag of one.
 */
#ifndef DMX_SEPARATE_MODEL_H
#define DMX_SEPARATE_MODEL_H

#include "models/network.h"

typedef struct dmx_member {
    char *path;
    dmx_network *network;
    double *weights; /* [sources] */
} dmx_member;

struct demucs_model {
    dmx_member *members; /* [count] */
    int count;
    int source_count, channels, sample_rate_hz; /* which all members share */
    double *totals;                             /* [sources] sums of the members' weights */
    dmx_warnings warnings;
};

demucs_status dmx_model_load(demucs_model **model, const char *path, demucs_error *error);
void dmx_model_free(demucs_model *model);

#endif
