/* npy.c - see npy.h. A .npy file is a magic, a header that is a Python dictionary as text, and the raw array. A .npz
 * file is a zip archive of such files; its central directory, at the end, says where each one lies. */
#include "support/npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const char *path, const char *name, const char *why)
{
    printf("%s%s%s: %s\n", path, name ? ":" : "", name ? name : "", why);
    return false;
}

/* The whole file, or NULL. Free with free. */
static uint8_t *read_whole(const char *path, size_t *size)
{
    uint8_t *bytes = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    long end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (end < 0 || fseek(file, 0, SEEK_SET) != 0) goto done;
    bytes = malloc((size_t)end + 1);
    if (bytes && fread(bytes, 1, (size_t)end, file) != (size_t)end) {
        free(bytes);
        bytes = NULL;
    }
    *size = (size_t)end;
done:
    fclose(file);
    return bytes;
}

static size_t little_endian(const uint8_t *at, int bytes)
{
    size_t value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | at[i];
    return value;
}

/* The text after `'key':` in the header, without leading spaces, or NULL. */
static const char *header_value(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    if (!at) return NULL;
    at += strlen(key);
    return at + strspn(at, "': ");
}

static bool parse_shape(const char *text, test_array *array)
{
    if (!text || *text != '(') return false;
    array->count = 1;
    for (const char *at = text + 1; *(at += strspn(at, ", ")) != ')';) {
        char *end;
        size_t length = strtoull(at, &end, 10);
        if (end == at || array->dimensions == TEST_ARRAY_MAX_DIMENSIONS - 1) return false;
        array->shape[array->dimensions++] = length;
        array->count *= length;
        at = end;
    }
    return true;
}

/* Point the member of the right type at the data; the size of an element, or 0 for an unknown type. */
static size_t set_type(test_array *array, const char *descr)
{
    void *data = array->data;
    if (!strncmp(descr, "<f4", 3)) return array->f32 = data, sizeof(float);
    if (!strncmp(descr, "<f8", 3)) return array->f64 = data, sizeof(double);
    if (!strncmp(descr, "<i8", 3)) return array->i64 = data, sizeof(int64_t);
    if (!strncmp(descr, "<i4", 3)) return array->i32 = data, sizeof(int32_t);
    if (!strncmp(descr, "<i2", 3)) return array->i16 = data, sizeof(int16_t);
    if (!strncmp(descr, "|u1", 3)) return array->u8 = data, sizeof(uint8_t);
    if (!strncmp(descr, "<c8", 3)) {
        array->shape[array->dimensions++] = 2;
        array->count *= 2;
        return array->f32 = data, sizeof(float);
    }
    return 0;
}

/* Parse the npy bytes at `at`; the array gets its own copy. NULL, or why it cannot be read. */
static const char *parse_npy(const uint8_t *at, size_t size, test_array *array)
{
    if (size < 12 || memcmp(at, "\x93NUMPY", 6) != 0) return "not a .npy file";
    size_t start = at[6] == 1 ? 10 : 12, length = little_endian(at + 8, at[6] == 1 ? 2 : 4);
    if (length > size - start) return "the header is cut off";
    char *header = calloc(1, length + 1);
    if (!header) return "no memory";
    memcpy(header, at + start, length);
    const char *why = NULL, *descr = header_value(header, "'descr"), *order = header_value(header, "'fortran_order");
    if (!descr || !order || *order != 'F' || !parse_shape(header_value(header, "'shape"), array)) {
        why = "only C order arrays of up to 7 dimensions can be read";
    } else {
        size_t body = size - start - length;
        array->data = malloc(body + 1);
        size_t element = array->data ? set_type(array, descr) : 1;
        if (!array->data)
            why = "no memory";
        else if (element == 0)
            why = "its element type is not known here";
        else if (body < array->count * element)
            why = "the data is cut off";
        else
            memcpy(array->data, at + start + length, array->count * element);
    }
    free(header);
    if (why) test_array_free(array);
    return why;
}

bool test_npy_load(const char *path, test_array *array)
{
    *array = (test_array){0};
    size_t size = 0;
    uint8_t *bytes = read_whole(path, &size);
    if (!bytes) return fail(path, NULL, "cannot be read");
    const char *why = parse_npy(bytes, size, array);
    free(bytes);
    return why ? fail(path, NULL, why) : true;
}

/* Where the member lies in the zip file; NULL, or why it cannot be found. */
static const char *find_member(const uint8_t *zip, size_t size, const char *name, size_t *start, size_t *length)
{
    size_t end = size < 22 ? 0 : size - 22;
    while (end > 0 && memcmp(zip + end, "PK\5\6", 4) != 0) end--;
    if (end == 0) return "not a .npz file";
    size_t entries = little_endian(zip + end + 10, 2), at = little_endian(zip + end + 16, 4);
    for (; entries > 0 && at + 46 <= end && !memcmp(zip + at, "PK\1\2", 4); entries--) {
        size_t name_length = little_endian(zip + at + 28, 2);
        size_t extra = little_endian(zip + at + 30, 2) + little_endian(zip + at + 32, 2);
        size_t local = little_endian(zip + at + 42, 4);
        const char *entry = (const char *)zip + at + 46;
        if (name_length == strlen(name) + 4 && !strncmp(entry, name, strlen(name)) &&
            !strncmp(entry + strlen(name), ".npy", 4)) {
            if (little_endian(zip + at + 10, 2) != 0) return "the member is compressed";
            *length = little_endian(zip + at + 24, 4);
            *start = local + 30 + little_endian(zip + local + 26, 2) + little_endian(zip + local + 28, 2);
            return *start + *length <= size ? NULL : "the member is cut off";
        }
        at += 46 + name_length + extra;
    }
    return "no such member";
}

bool test_npz_load(const char *path, const char *name, test_array *array)
{
    *array = (test_array){0};
    size_t size = 0, start = 0, length = 0;
    uint8_t *bytes = read_whole(path, &size);
    if (!bytes) return fail(path, name, "cannot be read");
    const char *why = find_member(bytes, size, name, &start, &length);
    if (!why) why = parse_npy(bytes + start, length, array);
    free(bytes);
    return why ? fail(path, name, why) : true;
}

bool test_npz_has(const char *path, const char *name)
{
    size_t size = 0, start = 0, length = 0;
    uint8_t *bytes = read_whole(path, &size);
    bool found = bytes && !find_member(bytes, size, name, &start, &length);
    free(bytes);
    return found;
}

void test_array_free(test_array *array)
{
    free(array->data);
    *array = (test_array){0};
}

double test_snr_db(const float *reference, const float *actual, size_t n)
{
    double signal = 0, noise = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = (double)actual[i] - (double)reference[i];
        signal += (double)reference[i] * (double)reference[i];
        noise += difference * difference;
    }
    if (noise == 0) return INFINITY;
    if (!isfinite(noise) || signal == 0) return -INFINITY;
    return 10 * log10(signal / noise);
}
