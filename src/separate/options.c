/* options.c - see options.h */
#include "separate/options.h"

#include "base/cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Threads that one segment keeps busy. A forward pass of htdemucs hands out work 252 times, and each time the threads
 * wait for the last of them: 15 times there are fewer than 16 items to share, 94 times fewer than 32. Segments do not
 * wait for one another. */
enum { THREADS_OF_A_JOB = 16 };

void demucs_default_options(demucs_options *options)
{
    if (options == NULL) return;
    *options = (demucs_options){.struct_size = sizeof *options, .shifts = 1, .overlap = 0.25, .transition_power = 1};
    options->split = true;
    options->normalize = true;
}

double dmx_longest_segment(const demucs_model *model)
{
    double longest = INFINITY;
    for (int m = 0; m < model->count; m++) {
        const dmx_network *network = model->members[m].network;
        if (network->segment_is_limit && network->segment.seconds < longest) longest = network->segment.seconds;
    }
    return longest;
}

static demucs_status out_of_range(demucs_error *error, const char *what, double value, const char *range)
{
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The option %s is %g, but should be %s.", what, value, range);
}

static demucs_status check_segment(const demucs_model *model, const demucs_options *o, demucs_error *error)
{
    if (o->segment_seconds == 0) return DEMUCS_OK;
    if (!(o->segment_seconds > 0) || o->segment_seconds > 3600)
        return out_of_range(error, "segment_seconds", o->segment_seconds, "from 0 to 3600");
    const double longest = dmx_longest_segment(model);
    if (o->segment_seconds > longest)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "Cannot use a Transformer model with a longer segment than it was trained for. "
                        "Maximum segment is: %g",
                        longest);
    if ((int64_t)(o->segment_seconds * model->sample_rate_hz) < 1)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The option segment_seconds is %g, less than one sample.",
                        o->segment_seconds);
    return DEMUCS_OK;
}

static demucs_status check_shift_offsets(const demucs_model *model, const demucs_options *o, demucs_error *error)
{
    if (o->shift_offsets == NULL) return DEMUCS_OK;
    if (o->shift_offsets_count != (size_t)model->count * (size_t)o->shifts)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "There should be %zu shift_offsets, one for each member and shift, not %zu.",
                        (size_t)model->count * (size_t)o->shifts, o->shift_offsets_count);
    for (size_t i = 0; i < o->shift_offsets_count; i++)
        if (o->shift_offsets[i] < 0 || o->shift_offsets[i] > model->sample_rate_hz / 2)
            return out_of_range(error, "shift_offsets", o->shift_offsets[i], "from 0 to half the sample rate");
    return DEMUCS_OK;
}

static demucs_status check_wanted(const demucs_model *model, const demucs_options *o, demucs_error *error)
{
    if (o->wanted == NULL) return DEMUCS_OK;
    for (int s = 0; s < model->source_count; s++)
        if (o->wanted[s]) return DEMUCS_OK;
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The option wanted asks for no stem at all.");
}

demucs_status dmx_options_check(demucs_options *o, const demucs_model *model, const demucs_options *options,
                                demucs_error *error)
{
    demucs_default_options(o);
    if (options != NULL) {
        if (options->struct_size < sizeof(size_t) || options->struct_size > sizeof *o)
            return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                            "The options are not initialised: call demucs_default_options first.");
        memcpy(o, options, options->struct_size);
    }
    if (o->threads < 0 || o->threads > 1024) return out_of_range(error, "threads", o->threads, "from 0 to 1024");
    if (o->threads == 0) o->threads = dmx_cpu_cores();
    if (o->jobs < 0 || o->jobs > 1024) return out_of_range(error, "jobs", o->jobs, "from 0 to 1024");
    if (o->jobs == 0) o->jobs = o->threads > THREADS_OF_A_JOB ? o->threads / THREADS_OF_A_JOB : 1;
    if (o->jobs > o->threads) o->jobs = o->threads;
    if (o->stage != NULL) o->jobs = 1;
    if (o->shifts < 0 || o->shifts > 1000) return out_of_range(error, "shifts", o->shifts, "from 0 to 1000");
    if (!(o->overlap >= 0 && o->overlap <= 0.99)) return out_of_range(error, "overlap", o->overlap, "from 0 to 0.99");
    if (!(o->transition_power >= 1 && o->transition_power <= 100))
        return out_of_range(error, "transition_power", o->transition_power, "from 1 to 100");
    if (o->precision != DEMUCS_PRECISION_EXACT && o->precision != DEMUCS_PRECISION_FAST)
        return out_of_range(error, "precision", o->precision, "DEMUCS_PRECISION_EXACT or DEMUCS_PRECISION_FAST");
    demucs_status status = check_segment(model, o, error);
    if (status == DEMUCS_OK) status = check_shift_offsets(model, o, error);
    if (status == DEMUCS_OK) status = check_wanted(model, o, error);
    return status;
}

demucs_status dmx_options_cpu_level(const demucs_options *options, dmx_cpu_level *level, demucs_error *error)
{
    *level = dmx_cpu_best();
    const char *names[2] = {getenv("DEMUCS_CPU"), options->cpu};
    for (int i = 0; i < 2; i++) {
        dmx_cpu_level asked;
        if (names[i] == NULL || names[i][0] == '\0') continue;
        if (!dmx_cpu_level_parse(names[i], &asked)) {
            char name[32];
            dmx_printable(name, sizeof name, names[i], strlen(names[i]));
            return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                            "There is no CPU level %s: %s scalar, avx2, avx512, avx512bf16, amx, neon or neonbf16.",
                            name, i == 0 ? "set DEMUCS_CPU to" : "ask for");
        }
        if (dmx_cpu_has(asked) && asked < *level) *level = asked;
    }
    return DEMUCS_OK;
}
