/* support.h - what the tests of the checkpoint readers share. */
#ifndef DEMUCS_TEST_CHECKPOINT_SUPPORT_H
#define DEMUCS_TEST_CHECKPOINT_SUPPORT_H

#include "models/network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "DATA/checkpoint/NAME", in a buffer that the next call but three overwrites. */
const char *data_path(const char *name);

/* The content of a file, to be freed with free; NULL when it cannot be read. */
unsigned char *read_file(const char *path, size_t *size);

/* The rows of a table with tab-separated columns, without its first line. */
enum { MAX_ROWS = 128, MAX_COLUMNS = 8 };
typedef struct table {
    char *text;
    char *cells[MAX_ROWS][MAX_COLUMNS];
    int rows;
} table;
bool read_table(table *t, const char *path);

/* All values of a tensor. */
void read_values(const dmx_checkpoint *checkpoint, const dmx_tensor *tensor, float *values);

/* CRC-32 of the values as float32, tensors in the order of their names. */
uint32_t values_crc(const dmx_checkpoint *checkpoint);

/* Is `error` a failure with a sentence in which `name` occurs? */
bool is_refusal(demucs_status status, const demucs_error *error, const char *name);

#endif
