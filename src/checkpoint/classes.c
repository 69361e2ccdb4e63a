/* classes.c - see classes.h */
#include "checkpoint/classes.h"

#include <stdio.h>
#include <string.h>

const dmx_class *dmx_classes_find(const dmx_classes *classes, const char *name, size_t length)
{
    for (const dmx_class *const *row = classes->rows; *row != NULL; row++)
        for (const char *const *dotted = (*row)->python_names; *dotted != NULL; dotted++)
            if (strlen(*dotted) == length && memcmp(*dotted, name, length) == 0) return *row;
    return NULL;
}

void dmx_classes_print(const dmx_classes *classes, char *text, size_t size)
{
    size_t used = 0;
    if (size > 0) text[0] = '\0';
    for (const dmx_class *const *row = classes->rows; *row != NULL && used < size; row++) {
        const char *before = row == classes->rows ? "" : row[1] != NULL ? ", " : " and ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", before, (*row)->python_names[0]);
    }
}
