/* text.h - small things that every file of hub/ uses: bounded paths and the rules for names.
 *
 * Paths live in fixed buffers: a name is at most HUB_NAME_MAX characters, so only an absurd folder can overflow one,
 * and then hub_path says so. */
#ifndef DEMUCS_HUB_TEXT_H
#define DEMUCS_HUB_TEXT_H

#include "base/error.h"
#include "hub/hub.h"

#define HUB_PATH_MAX 4096
#define HUB_NAME_MAX 96

/* How an attempt to get something ended. */
typedef enum hub_outcome {
    HUB_GOT,
    HUB_ABSENT,      /* the source is there and does not have it */
    HUB_UNREACHABLE, /* the source cannot be reached: no use asking it for the next file */
    HUB_BROKEN,      /* anything else, such as a wrong sum or a full disk */
    HUB_STOPPED      /* the progress callback asked to stop */
} hub_outcome;

/* Format into a path buffer; false and a sentence when it does not fit. */
bool hub_path(char out[HUB_PATH_MAX], demucs_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Letters, digits, '_', '-' and '.', not starting with '.' or '-', 1..HUB_NAME_MAX characters: such a name can be part
 * of a path or of a URL and is neither a folder nor an option. */
bool hub_name_is_safe(const char *name);

/* A plain name (base/text.h) of at most HUB_NAME_MAX bytes: what a model in a folder of the user's may be called. It
 * must not become part of a URL. */
bool hub_name_is_plain(const char *name);

/* All of the first `length` characters are lower-case hex digits, and there is at least one. */
bool hub_is_hex(const char *text, size_t length);

bool hub_has_suffix(const char *text, const char *suffix);

/* Tell the caller's `note` or `progress`, where it has one. hub_stopped asks whether to stop when nothing is known of
 * the progress. */
void hub_note(const hub_options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool hub_stopped(const hub_options *options, const char *file_name);

#endif
