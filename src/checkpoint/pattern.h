/* pattern.h - Python's fnmatch.fnmatchcase, which diffq compares names of parameters with. */
#ifndef DMX_CHECKPOINT_PATTERN_H
#define DMX_CHECKPOINT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/* Does the whole of `text` fit? '*' is anything, '?' one character, "[a-z]" one of these and "[!a-z]" one that is none
 * of these; there is no escape. Characters are bytes. The time is at most that of length * text_length steps. */
bool dmx_pattern_fits(const char *pattern, size_t length, const char *text, size_t text_length);

#endif
