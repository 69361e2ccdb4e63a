/* options.c - see options.h */
#include "engine/options.h"

#include "base/options.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Threads that one segment keeps busy. A forward pass of htdemucs hands out work 252 times, and each time the threads
 * wait for the last of them: 15 times there are fewer than 16 items to share, 94 times fewer than 32. Segments do not
 * wait for one another. */
enum { THREADS_OF_A_JOB = 16 };

demucs_status dmx_engine_options_check(demucs_engine_options *o, const demucs_engine_options *options,
                                       demucs_error *error)
{
    const demucs_engine_options defaults = {.struct_size = sizeof defaults};
    *o = defaults;
    if (options != NULL && !dmx_options_take(o, sizeof *o, options, options->struct_size))
        return dmx_options_unknown("demucs_default_engine_options", error);
    if (o->threads < 0 || o->threads > 1024) return dmx_options_range(error, "threads", o->threads, "from 0 to 1024");
    if (o->threads == 0) o->threads = dmx_cpu_cores();
    if (o->jobs < 0 || o->jobs > 1024) return dmx_options_range(error, "jobs", o->jobs, "from 0 to 1024");
    if (o->jobs == 0) o->jobs = o->threads > THREADS_OF_A_JOB ? o->threads / THREADS_OF_A_JOB : 1;
    if (o->jobs > o->threads) o->jobs = o->threads;
    if (o->precision != DEMUCS_PRECISION_EXACT && o->precision != DEMUCS_PRECISION_FAST)
        return dmx_options_range(error, "precision", o->precision, "DEMUCS_PRECISION_EXACT or DEMUCS_PRECISION_FAST");
    return DEMUCS_OK;
}

demucs_status dmx_engine_cpu_level(const demucs_engine_options *options, dmx_cpu_level *level, demucs_error *error)
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
