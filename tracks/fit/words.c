/* words.c - see words.h */
#include "tracks/fit/words.h"

#include "base/size.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *dmx_fit_limit_words(char *out, size_t size, uint64_t limit_bytes, const char *setting, dmx_memory_limit by)
{
    static const char *const words[] = {[DMX_MEMORY_MACHINE] = "the machine has %s for it",
                                        [DMX_MEMORY_CGROUP] = "the limit of the control group leaves %s for it",
                                        [DMX_MEMORY_ADDRESSES] = "the limit of the address space leaves %s for it"};
    char there[DMX_SIZE_TEXT];
    dmx_size_text(there, limit_bytes);
    if (setting != NULL)
        snprintf(out, size, "%s allows %s", setting, there);
    else
        snprintf(out, size, words[by], there);
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

void dmx_fit_describe(char *out, size_t size, const dmx_fit_before *before, const dmx_fit *after, const char *limit)
{
    char needed[DMX_SIZE_TEXT];
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
    if (before->bytes != UINT64_MAX)
        add(out, size, ", since the separation would take %s of memory, and %s", dmx_size_text(needed, before->bytes),
            limit);
    else
        add(out, size, ", since the separation would take too much memory");
}

demucs_status dmx_fit_refuse(const dmx_fit *least, const char *limit, const char *setting, bool is_set,
                             demucs_error *error)
{
    char needed[DMX_SIZE_TEXT];
    dmx_size_text(needed, least->bytes);
    if (is_set)
        return dmx_fail(
            error, DEMUCS_ERROR_MEMORY,
            "the separation takes at least %s of memory, and %s; raise it, or choose a model that takes less", needed,
            limit);
    return dmx_fail(error, DEMUCS_ERROR_MEMORY,
                    "the separation takes at least %s of memory, and %s; end other programs, choose a model that takes "
                    "less, or set %s to more, to try it all the same",
                    needed, limit, setting);
}
