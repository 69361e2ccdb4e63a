/* download.h - one URL into one file, resuming what is there. */
#ifndef DEMUCS_HUB_DOWNLOAD_H
#define DEMUCS_HUB_DOWNLOAD_H

#include "hub/text.h"

typedef struct hub_download {
    const char *url;
    const char *path;  /* the temporary file to write; kept when the transfer is cut */
    const char *label; /* the name for progress reports */
    bool resume;       /* go on after the bytes that `path` has already, instead of starting anew */
    uint64_t limit_bytes;
    const hub_options *options;

    /* Results. */
    bool resumed;           /* `path` holds bytes of an earlier run */
    bool measured;          /* the server said how long the body is, or where it ends */
    char linked_sha256[65]; /* the sum that the server announced (Hugging Face's X-Linked-Etag), or "" */
} hub_download;

/* On failure `why` (not NULL) gets the reason, without the URL. */
hub_outcome hub_download_run(hub_download *download, demucs_error *why);

#endif
