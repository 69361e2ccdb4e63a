/* page.h - text of an HTML page, on its way into a file that appears whole.
 *
 * What comes from outside goes through dmx_page_text or dmx_page_link, which leave nothing in it that HTML could take
 * for its own. Nothing here fails by itself: the file remembers its first failure. */
#ifndef DMX_QUALITY_PAGE_H
#define DMX_QUALITY_PAGE_H

#include "base/file.h"

typedef struct dmx_page {
    dmx_file *file;
} dmx_page;

/* Text of ours, printf style, up to 8 KiB. */
void dmx_page_print(dmx_page *self, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* Text of foreign origin, between tags or between double quotes. */
void dmx_page_text(dmx_page *self, const char *text);

/* Bytes in base64. A piece that is not the last has a multiple of three. */
void dmx_page_base64(dmx_page *self, const void *bytes, size_t count);

/* The way from the page at `page_path` to a file, as the value of an attribute; false, and nothing written, where there
 * is none. Both files, or at least their folders, are there. */
bool dmx_page_link(dmx_page *self, const char *page_path, const char *path);

/* A level with a real minus sign: "-12.3 dB", or a dash for NaN; and a length of time: "1:02:03", "4.5 s". In
 * `out`; return `out`.
 */
enum { DMX_PAGE_NUMBER = 32 };
const char *dmx_page_db(char out[DMX_PAGE_NUMBER], double db);
const char *dmx_page_time(char out[DMX_PAGE_NUMBER], double seconds);

/* Level of an amplitude, dBFS. */
double dmx_page_level(double amplitude);

#endif
