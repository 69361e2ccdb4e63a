/* temporary.h - a folder of our own that is gone afterwards. */
#ifndef BENCH_TEMPORARY_H
#define BENCH_TEMPORARY_H

#include "common/failure.h"

/* Make one in $TMPDIR, else in /tmp. The path is to be freed with free(); NULL on failure. */
char *temporary_folder(failure *why);

/* Remove it with all that is in it, as far as that can be removed. */
void temporary_remove(const char *folder);

#endif
