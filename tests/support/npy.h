/* npy.h - read the reference data of the tests: numpy's .npy files and the members of uncompressed .npz files.
 *
 *     test_array x;
 *     REQUIRE(test_npz_load(DEMUCS_TEST_DATA "/dsp/dsp.npz", "resample_in", &x), "no input");
 *     ... x.f32[i], x.shape[0] ...
 *     test_array_free(&x);
 */
#ifndef DEMUCS_TEST_NPY_H
#define DEMUCS_TEST_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEST_ARRAY_MAX_DIMENSIONS 8

/* One array, C order. The pointer of its type is set, the others are NULL. complex64 is read as float32 with one more
 * dimension, the last, of 2: real and imaginary part. */
typedef struct test_array {
    int dimensions;
    size_t shape[TEST_ARRAY_MAX_DIMENSIONS];
    size_t count; /* the product of the shape */
    float *f32;
    double *f64;
    int64_t *i64;
    int32_t *i32;
    int16_t *i16;
    uint8_t *u8;
    void *data; /* whichever it is */
} test_array;

/* Read a .npy file, or the member `name` (without ".npy") of a .npz file. On failure print why, leave the array empty
 * and return false. Free with test_array_free. */
bool test_npy_load(const char *path, test_array *array);
bool test_npz_load(const char *path, const char *name, test_array *array);
bool test_npz_has(const char *path, const char *name);
void test_array_free(test_array *array);

/* 10 log10(signal / noise), where the noise is actual - reference: infinite when they are equal, -infinite when the
 * noise is not finite or the reference is silent and the other is not. */
double test_snr_db(const float *reference, const float *actual, size_t n);

#endif
