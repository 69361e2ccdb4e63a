/* test_local_attention.c - attention that fades with distance against its formula in double precision, over several
 * blocks of keys: the tiny models' sequences are shorter than one. */
#include "base/alloc.h"
#include "nn/attention.h"
#include "plan.h"
#include "support/npy.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADS = 3, DIM = 10, CHANNELS = HEADS * DIM, MOST_STEPS = 700 };

static void run_attention(dmx_exec *exec, void *context) { dmx_attention_run(exec, context); }

/* One query of one head: out[DIM]. */
static void expect_query(const dmx_attention *a, int head, int s, double *out)
{
    double score[MOST_STEPS], largest = -INFINITY, sum = 0;
    const int steps = (int)a->keys;
    for (int t = 0; t < steps; t++) {
        double dot = 0;
        for (int c = 0; c < DIM; c++)
            dot += (double)a->q[s * CHANNELS + head * DIM + c] * (double)a->k[t * CHANNELS + head * DIM + c];
        score[t] = dot / sqrt(DIM) - (double)a->decay[head * steps + s] * abs(t - s);
        if (t == s) score[t] = -100;
        largest = fmax(largest, score[t]);
    }
    for (int c = 0; c < DIM; c++) out[c] = 0;
    for (int t = 0; t < steps; t++) {
        const double weight = exp(score[t] - largest);
        sum += weight;
        for (int c = 0; c < DIM; c++) out[c] += weight * (double)a->v[t * CHANNELS + head * DIM + c];
    }
    for (int c = 0; c < DIM; c++) out[c] /= sum;
}

/* `decay`: the largest slope; 2.5 is the most that LocalState can have with its four decays. */
static void check_attention(int steps, float decay)
{
    const size_t count = (size_t)steps * CHANNELS, rows = (size_t)steps * HEADS;
    float *q = plan_random(1, count, 2), *k = plan_random(2, count, 2), *v = plan_random(3, count, 1);
    float *slopes = plan_random(4, rows, decay), *expected = plan_random(5, count, 0);
    for (size_t i = 0; i < rows; i++) slopes[i] = fabsf(slopes[i]);
    dmx_attention a = {.heads = HEADS,
                       .head_dim = DIM,
                       .queries = (size_t)steps,
                       .keys = (size_t)steps,
                       .q = q,
                       .k = k,
                       .v = v,
                       .q_stride = CHANNELS,
                       .kv_stride = CHANNELS,
                       .decay = slopes,
                       .out_stride = CHANNELS};
    for (int s = 0; s < steps; s++)
        for (int head = 0; head < HEADS; head++) {
            double out[DIM];
            expect_query(&a, head, s, out);
            for (int c = 0; c < DIM; c++) expected[s * CHANNELS + head * DIM + c] = (float)out[c];
        }
    for (int level = 0; level <= (int)dmx_cpu_best(); level++) {
        if (!dmx_cpu_has((dmx_cpu_level)level)) continue;
        float *one = plan_random(1, count, 0), *two = plan_random(1, count, 0);
        a.out = one;
        CHECK(plan_run(run_attention, &a, (dmx_cpu_level)level, 1), "no run");
        a.out = two;
        CHECK(plan_run(run_attention, &a, (dmx_cpu_level)level, 2), "no run");
        const double snr = test_snr_db(expected, one, count);
        printf("  %d steps, %s: %.1f dB\n", steps, dmx_cpu_level_name((dmx_cpu_level)level), snr);
        /* Scores of about 4 count, where a float's last digit is 2.4e-7 of what goes into exp. Measured: 129 dB and
         * more. */
        CHECK(snr > 115, "%d steps, decay up to %g: %.1f dB", steps, (double)decay, snr);
        CHECK(memcmp(one, two, count * sizeof *one) == 0, "1 and 2 threads differ");
        dmx_free(one);
        dmx_free(two);
    }
    dmx_free(q);
    dmx_free(k);
    dmx_free(v);
    dmx_free(slopes);
    dmx_free(expected);
}

static void test_local_attention(void)
{
    check_attention(1, 1);
    check_attention(2, 1);
    check_attention(100, 2.5f);
    check_attention(257, 0.05f);
    check_attention(MOST_STEPS, 2.5f);
    check_attention(MOST_STEPS, 0.01f);
}

TEST_MAIN(test_local_attention)
