/* temporary.h - a folder of our own in the folder for temporary files. */
#ifndef BENCH_TEMPORARY_H
#define BENCH_TEMPORARY_H

#include "base/error.h"

/* Make one in $TMPDIR, else in /tmp. The path is to be freed with free(); NULL on failure. */
char *temporary_folder(demucs_error *why);

#endif
