/* text.c - see text.h */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_continuation(char byte) { return ((unsigned char)byte & 0xC0) == 0x80; }

size_t dmx_text_next(const char *text, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = (unsigned char)*text;
    const size_t length = first < 0x80   ? 1
                          : first < 0xC0 ? 0
                          : first < 0xE0 ? 2
                          : first < 0xF0 ? 3
                          : first < 0xF8 ? 4
                                         : 0;
    if (length == 0) return 0;
    *code = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(text[i])) return 0;
        *code = *code << 6 | ((unsigned char)text[i] & 0x3F);
    }
    const bool surrogate = *code >= 0xD800 && *code < 0xE000;
    return *code >= smallest[length] && *code <= 0x10FFFF && !surrogate ? length : 0;
}

/* Characters that steer a terminal or a line instead of standing in it. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

void dmx_make_printable(char *text, char substitute)
{
    while (*text != '\0') {
        uint32_t code = 0;
        size_t length = dmx_text_next(text, &code);
        if (length == 0 || is_control(code)) {
            length = length == 0 ? 1 : length;
            memset(text, substitute, length);
        }
        text += length;
    }
}

bool dmx_is_plain_name(const char *text, size_t length)
{
    if (length == 0 || text[0] == '.' || text[0] == '-') return false;
    for (size_t at = 0, bytes; at < length; at += bytes) {
        char next[5] = "";
        uint32_t code = 0;
        memcpy(next, text + at, length - at < 4 ? length - at : 4);
        bytes = dmx_text_next(next, &code);
        if (bytes == 0 || is_control(code) || code == '/') return false;
    }
    return true;
}

const char *dmx_printable(char *out, size_t size, const char *text, size_t text_length)
{
    const size_t room = size - 1;
    const bool cut = text_length > room;
    size_t length = cut ? room : text_length;
    for (size_t i = 0; i < length; i++) out[i] = text[i] == '\0' ? '?' : text[i];
    out[length] = '\0';
    if (cut && room >= 3) {
        length -= 3;
        while (length > 0 && is_continuation(text[length])) length--; /* no half characters */
        memcpy(out + length, "...", 4);
    }
    dmx_make_printable(out, '?');
    return out;
}

const char *dmx_printable_path(char out[DMX_SHOWN_PATH], const char *path)
{
    const size_t length = strlen(path), room = DMX_SHOWN_PATH - 4;
    const bool cut = length > room;
    if (cut) path += length - room;
    while (cut && is_continuation(*path)) path++;
    snprintf(out, DMX_SHOWN_PATH, "%s%s", cut ? "..." : "", path);
    dmx_make_printable(out, '?');
    return out;
}

const char *dmx_reason(char out[DMX_REASON], int errno_value)
{
    if (strerror_r(errno_value, out, DMX_REASON) != 0) snprintf(out, DMX_REASON, "error %d", errno_value);
    return out;
}
