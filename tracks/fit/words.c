/* words.c - see words.h */
#include "tracks/fit/words.h"

#include "base/size.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "--max-memory allows 1.0 GB" */
static const char *limit_words(char *out, size_t size, const dmx_fit_limit *limit)
{
    static const char *const words[] = {[DMX_MEMORY_MACHINE] = "the machine has %s for it",
                                        [DMX_MEMORY_CGROUP] = "the limit of the control group leaves %s for it",
                                        [DMX_MEMORY_ADDRESSES] = "the limit of the address space leaves %s for it"};
    char there[DMX_SIZE_TEXT];
    dmx_size_text(there, limit->bytes);
    if (limit->denied)
        snprintf(out, size, "the system does not give so much");
    else if (limit->is_set)
        snprintf(out, size, "%s allows %s", limit->setting, there);
    else
        snprintf(out, size, words[limit->by], there);
    return out;
}

__attribute__((format(printf, 3, 4))) static void add(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    const size_t used = strlen(out);
    va_start(arguments, format);
    vsnprintf(out + used, size - used, format, arguments);
    va_end(arguments);
}

static const char *comma(const char *out) { return out[0] != '\0' ? ", " : ""; }

void dmx_fit_describe(char *out, size_t size, const dmx_fit_before *before, const dmx_fit *after,
                      const dmx_fit_limit *limit)
{
    char needed[DMX_SIZE_TEXT], words[160];
    out[0] = '\0';
    if (after->tracks < before->tracks)
        add(out, size, "%d track%s at once instead of %d", after->tracks, after->tracks > 1 ? "s" : "", before->tracks);
    if (after->needs.jobs < before->jobs)
        add(out, size, "%s%d segment%s at once instead of %d", comma(out), after->needs.jobs,
            after->needs.jobs > 1 ? "s" : "", before->jobs);
    if (after->kept < before->kept)
        add(out, size, "%s%d instead of %d networks of the bag kept in memory", comma(out), after->kept, before->kept);
    const double seconds = after->separation->segment_seconds;
    if (seconds > 0 && seconds < before->segment_seconds)
        add(out, size, "%ssegments of %g s instead of %g s, which changes the result a little", comma(out), seconds,
            before->segment_seconds);
    if (out[0] == '\0') return;
    limit_words(words, sizeof words, limit);
    if (before->bytes > limit->bytes || limit->denied)
        add(out, size, ", since the separation would take %s of memory, and %s", dmx_size_text(needed, before->bytes),
            words);
    else /* members were too much by themselves, when they were loaded */
        add(out, size, ", since these may take half of the memory, and %s", words);
}

demucs_status dmx_fit_refuse(const dmx_fit *least, const dmx_fit_limit *limit, demucs_error *error)
{
    char needed[DMX_SIZE_TEXT], words[160];
    const bool machine = limit->by == DMX_MEMORY_MACHINE || limit->denied;
    dmx_size_text(needed, least->bytes);
    limit_words(words, sizeof words, limit);
    if (limit->is_set && !limit->denied)
        return dmx_fail(error, DEMUCS_ERROR_MEMORY,
                        "the separation takes at least %s of memory, and %s; raise it, or choose a model that takes "
                        "less",
                        needed, words);
    return dmx_fail(error, DEMUCS_ERROR_MEMORY,
                    "the separation takes at least %s of memory, and %s; %s, choose a model that takes less, or set %s "
                    "to more, to try it all the same",
                    needed, words, machine ? "end other programs" : "raise that", limit->setting);
}
