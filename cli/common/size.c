/* size.c - see size.h */
#include "common/size.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char units[] = " KMGT";

bool size_parse(const char *text, uint64_t *bytes)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    double number = strtod(text, &end);
    const char *unit = *end != '\0' ? strchr(units + 1, toupper((unsigned char)*end)) : NULL;
    for (const char *at = units; unit != NULL && at < unit; at++) number *= 1000;
    end += unit != NULL;
    if (*end != '\0' && strcasecmp(end, "B") != 0) return false;
    if (!(number >= 1 && number < 1e18)) return false;
    *bytes = (uint64_t)number;
    return true;
}

const char *size_text(char out[SIZE_TEXT], uint64_t bytes)
{
    double number = (double)bytes;
    int unit = 0;
    while (number >= 999.95 && unit < 4) {
        number /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(out, SIZE_TEXT, "%llu B", (unsigned long long)bytes);
    else
        snprintf(out, SIZE_TEXT, "%.1f %cB", number, units[unit]);
    return out;
}
