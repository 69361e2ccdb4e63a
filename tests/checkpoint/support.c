/* support.c - see support.h */
#include "support.h"

#include "checkpoint/crc32.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *data_path(const char *name)
{
    static char paths[4][1024];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/checkpoint/%s", DEMUCS_TEST_DATA, name);
    return path;
}

unsigned char *read_file(const char *path, size_t *size)
{
    unsigned char *bytes = NULL;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    fseek(file, 0, SEEK_SET);
    if (length >= 0) bytes = malloc((size_t)length + 1);
    if (bytes != NULL && fread(bytes, 1, (size_t)length, file) == (size_t)length) {
        bytes[length] = '\0';
        *size = (size_t)length;
    } else {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

bool read_table(table *t, const char *path)
{
    size_t size = 0;
    *t = (table){.text = (char *)read_file(path, &size)};
    if (t->text == NULL) return false;
    char *line = strchr(t->text, '\n');
    while (line != NULL && line[1] != '\0' && t->rows < MAX_ROWS) {
        char *cell = line + 1;
        line = strchr(cell, '\n');
        if (line != NULL) *line = '\0';
        for (int c = 0; cell != NULL && c < MAX_COLUMNS; c++) {
            t->cells[t->rows][c] = cell;
            cell = strchr(cell, '\t');
            if (cell != NULL) *cell++ = '\0';
        }
        t->rows++;
    }
    return t->rows > 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(dmx_tensor *const *)a)->name, (*(dmx_tensor *const *)b)->name);
}

void read_values(const dmx_checkpoint *checkpoint, const dmx_tensor *tensor, float *values)
{
    demucs_error error = {.status = DEMUCS_OK};
    demucs_status status = dmx_checkpoint_read(checkpoint, tensor, 0, tensor->count, values, &error);
    CHECK(status == DEMUCS_OK, "%s: %s", tensor->name, error.message);
}

uint32_t values_crc(const dmx_checkpoint *checkpoint)
{
    size_t total = 0, at = 0, count = checkpoint->tensor_count;
    dmx_crc32_tables tables;
    dmx_crc32_init(&tables);
    const dmx_tensor **sorted = malloc((count + 1) * sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &checkpoint->tensors[i];
        total += checkpoint->tensors[i].count;
    }
    qsort(sorted, count, sizeof *sorted, compare_names);
    float *values = malloc((total + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        read_values(checkpoint, sorted[i], values + at);
        at += sorted[i]->count;
    }
    uint32_t crc = dmx_crc32(&tables, 0, (const unsigned char *)values, total * sizeof *values);
    free(values);
    free(sorted);
    return crc;
}

bool is_refusal(demucs_status status, const demucs_error *error, const char *name)
{
    size_t length = strlen(error->message);
    return status != DEMUCS_OK && error->status == status && length > 10 && error->message[length - 1] == '.' &&
           strstr(error->message, name) != NULL;
}
