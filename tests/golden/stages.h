/* stages.h - a forward pass stage by stage against the official one: the first stage that is wrong is named, which is
 * where to look. The engine announces its stages by PyTorch's names (dmx_grid_trace).
 *
 * The official activations are channels first, and of big ones only some positions of the last axis were kept. One
 * stage differs in meaning: our decoders add into the skip connection, so what a decoder leaves is its output plus the
 * encoder's output one level up. */
#ifndef DEMUCS_TESTS_GOLDEN_STAGES_H
#define DEMUCS_TESTS_GOLDEN_STAGES_H

#include "base/cpu.h"

typedef struct golden_stages {
    const char *model, *input; /* below tests/data; input is a case's, see cases.h */
    const char *file;          /* .npz of activations by stage, below tests/data */
    int frames;
    int depth, time_depth;    /* decoders in each branch */
    const char *const *names; /* [count] in the order in which the pass comes by */
    int count;
    double bound_db; /* of every stage */
} golden_stages;

void golden_run_stages(const golden_stages *stages, dmx_cpu_level level);

#endif
