/* text.h - text of foreign origin, made fit for a message.
 *
 * A path, a name in a checkpoint or a server's answer may hold anything: escape sequences that would repaint a
 * terminal, marks that turn the direction of writing round, bytes that are no text at all. Such bytes become one
 * harmless character each; well-formed UTF-8 stays. */
#ifndef DMX_BASE_TEXT_H
#define DMX_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the UTF-8 character at `text`, which ends with a zero byte, and its code point; 0 when it is malformed. */
size_t dmx_text_next(const char *text, uint32_t *code);

/* Make the string `text` printable in place, with `substitute` for each byte that is not. */
void dmx_make_printable(char *text, char substitute);

/* Whether `text` can be the name of a file that leads nowhere else: no slash, nothing that is not printable, and
 * neither hidden nor an option, so not '.' or '-' at its front. Blanks and letters of any language are fine. */
bool dmx_is_plain_name(const char *text, size_t length);

/* Copy `text` into `out` of `size` > 0 bytes, printable with '?'; long text is cut with "...". Returns `out`. */
const char *dmx_printable(char *out, size_t size, const char *text, size_t text_length);

/* The same for a path, which is cut at its front: its end is what tells files apart. */
#define DMX_SHOWN_PATH 240
const char *dmx_printable_path(char out[DMX_SHOWN_PATH], const char *path);

/* The system's words for an errno value, in `out`; returns `out`. Unlike strerror for any number of threads. */
#define DMX_REASON 96
const char *dmx_reason(char out[DMX_REASON], int errno_value);

#endif
