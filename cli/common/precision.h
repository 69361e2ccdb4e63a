/* precision.h - the values of --precision. */
#ifndef CLI_PRECISION_H
#define CLI_PRECISION_H

#include "demucs.h"

#include <string.h>

#define PRECISION_CHOICES "exact, fast"

/* `name` is one of the choices. */
static inline demucs_precision precision_of(const char *name)
{
    return strcmp(name, "fast") == 0 ? DEMUCS_PRECISION_FAST : DEMUCS_PRECISION_EXACT;
}

static inline const char *precision_name(demucs_precision precision)
{
    return precision == DEMUCS_PRECISION_FAST ? "fast" : "exact";
}

#endif
