/* size.c - see size.h */
#include "base/size.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char units[] = " KMGT";

/* strtod sees the point of the locale of the program around us. */
static const char *read_number(const char *text, double *number)
{
    double place = 1;
    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++) *number = 10 * *number + (*text - '0');
    if (*text != '.') return text;
    for (text++; *text >= '0' && *text <= '9'; text++) *number += (place /= 10) * (*text - '0');
    return text;
}

bool dmx_size_parse(const char *text, uint64_t *bytes)
{
    double number;
    if (text[0] < '0' || text[0] > '9') return false;
    const char *end = read_number(text, &number);
    const char *unit = *end != '\0' ? strchr(units + 1, toupper((unsigned char)*end)) : NULL;
    for (const char *at = units; unit != NULL && at < unit; at++) number *= 1000;
    end += unit != NULL;
    if (*end != '\0' && strcasecmp(end, "B") != 0) return false;
    if (!(number >= 1 && number < 1e18)) return false;
    *bytes = (uint64_t)(number + 0.5);
    return true;
}

const char *dmx_size_text(char out[DMX_SIZE_TEXT], uint64_t bytes)
{
    double number = (double)bytes;
    int unit = 0;
    while (number >= 999.95 && unit < 4) {
        number /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(out, DMX_SIZE_TEXT, "%llu B", (unsigned long long)bytes);
    else
        snprintf(out, DMX_SIZE_TEXT, "%.1f %cB", number, units[unit]);
    return out;
}
