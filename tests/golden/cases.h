/* cases.h - the lines of cases.tsv in tests/data/golden: what to run, on what, and what the official package made of
 * it. Other folders have the same: GOLDEN_FOLDER says which when a test is compiled, and how many cases there must be.
 *
 * Expected outputs are stored thinned: of each plane every N-th frame, where N is a prime, so that it shares no factor
 * with the strides of the networks and every phase of every layer is looked at. The planes start at different frames:
 * what is wrong in a place of three or four frames is seen in some of them. */
#ifndef DEMUCS_TESTS_GOLDEN_CASES_H
#define DEMUCS_TESTS_GOLDEN_CASES_H

#include "base/cpu.h"
#include "demucs.h"
#include "support/npy.h"

#ifndef GOLDEN_FOLDER
#define GOLDEN_FOLDER         "golden"
#define GOLDEN_FORWARD_CASES  30
#define GOLDEN_APPLY_CASES    15
#define GOLDEN_SEPARATE_CASES 3
#endif

enum { GOLDEN_MAX_OFFSETS = 16 };

/* Tolerance, in dB of SNR. `floor` of a case is what float32 costs the official package itself: its float32 forward
 * pass against the same in float64. An other order of the same float32 sums lands near that floor; 10 dB is room for
 * unlucky signals (a mistake in a layer costs 40 dB and more). A separation averages forward passes, and a bag takes
 * each stem from such a pass, so neither is worse than the forward pass of the models that it runs: the same floor
 * holds. The largest loss seen so far, against floor, is in tests/data/golden/README.md. */
enum { GOLDEN_ROOM_DB = 10 };

typedef struct golden_case {
    char name[48], kind[16], model[64], input[48], output[48], options[96];
    int64_t frames; /* of the input that are used: always from its start */
    double floor_db;
} golden_case;

/* Call `run` for each case of a kind. Returns how many. */
int golden_each_case(const char *kind, void (*run)(const golden_case *c));

/* The input of a case, [channels][frames]: the signal of that name, or zeros for "-". Free with free. */
float *golden_input(const golden_case *c, int channels);

/* The options of a case; `offsets` is memory for the shift offsets. *sample_rate_hz is that of the input when the case
 * says it, else untouched. */
demucs_options golden_options(const golden_case *c, int offsets[GOLDEN_MAX_OFFSETS], int *sample_rate_hz);

/* SNR in dB of planes[count][frames] against the expected output `file`, thinned. -infinity, with a line that says why,
 * when the sizes do not fit. */
double golden_snr_db(const char *file, const float *planes, size_t count, size_t frames);

/* The CPU levels to try: those of [golden_lowest_level(), dmx_cpu_best()] that this machine has. Under a sanitizer
 * or an emulator, where everything takes ten times as long, that is only the best; the kernels' own tests look at the
 * others there. */
dmx_cpu_level golden_lowest_level(void);

#endif
