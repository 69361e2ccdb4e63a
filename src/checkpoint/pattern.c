/* pattern.c - see pattern.h */
#include "checkpoint/pattern.h"

/* Where the set that begins after a '[' ends, at its ']', or `length`: there is none, and '[' stands for itself. A ']'
 * at its very beginning belongs to it. */
static size_t set_end(const char *pattern, size_t length, size_t begin)
{
    size_t end = begin;
    if (end < length && pattern[end] == '!') end++;
    if (end < length && pattern[end] == ']') end++;
    while (end < length && pattern[end] != ']') end++;
    return end;
}

static bool set_has(const char *set, size_t length, char c)
{
    const bool negative = length > 0 && set[0] == '!';
    bool found = false;
    for (size_t i = negative; i < length; i++) {
        const bool is_range = i + 2 < length && set[i + 1] == '-';
        const unsigned char low = (unsigned char)set[i], high = (unsigned char)set[is_range ? i + 2 : i];
        found = found || (low <= (unsigned char)c && (unsigned char)c <= high);
        if (is_range) i += 2;
    }
    return found != negative;
}

/* What one character needs: does `c` fit the part of the pattern at `*at`? Then *at moves behind it. */
static bool one_fits(const char *pattern, size_t length, size_t *at, char c)
{
    const size_t end = pattern[*at] == '[' ? set_end(pattern, length, *at + 1) : length;
    bool fits = pattern[*at] == '?' || pattern[*at] == c;
    if (end < length) fits = set_has(pattern + *at + 1, end - *at - 1, c);
    if (fits) *at = end < length ? end + 1 : *at + 1;
    return fits;
}

/* What a '*' takes grows by one whenever the rest does not fit; only the last one has to be tried again. */
bool dmx_pattern_fits(const char *pattern, size_t length, const char *text, size_t text_length)
{
    size_t at = 0, i = 0, after_star = 0, taken = 0;
    bool star = false;
    while (i < text_length) {
        if (at < length && pattern[at] == '*') {
            star = true;
            after_star = ++at;
            taken = i;
        } else if (at < length && one_fits(pattern, length, &at, text[i])) {
            i++;
        } else if (star) {
            at = after_star;
            i = ++taken;
        } else {
            return false;
        }
    }
    while (at < length && pattern[at] == '*') at++;
    return at == length;
}
