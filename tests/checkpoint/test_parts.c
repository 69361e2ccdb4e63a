/* test_parts.c - the small parts: values, numbers, checksums, JSON. */
#include "support.h"
#include "support/test.h"

#include "base/alloc.h"
#include "checkpoint/crc32.h"
#include "checkpoint/json.h"
#include "checkpoint/object.h"
#include "checkpoint/pattern.h"
#include "checkpoint/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* All 65536 halves: to float and back, and against the definition. */
static void test_halves(void)
{
    for (uint32_t h = 0; h < 65536; h++) {
        int exponent = (int)(h >> 10 & 31);
        double fraction = h & 1023, sign = h & 0x8000 ? -1 : 1;
        double expected = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
        float value = dmx_half_to_float((uint16_t)h);
        if (exponent == 31 && fraction != 0) {
            CHECK(isnan(value) && isnan(dmx_half_to_float(dmx_float_to_half(value))), "%04x", h);
            continue;
        }
        CHECK(exponent == 31 ? isinf(value) : (double)value == sign * expected, "%04x: %g", h, (double)value);
        CHECK(dmx_float_to_half(value) == h, "%04x: %04x", h, dmx_float_to_half(value));
    }
}

/* Between two neighbours the nearer one is taken, and the even one in the middle. */
static void test_half_rounding(void)
{
    for (uint16_t h = 0; h < 0x7bff; h++) {
        float low = dmx_half_to_float(h), high = dmx_half_to_float((uint16_t)(h + 1)), middle = (low + high) / 2;
        uint16_t even = h % 2 == 0 ? h : (uint16_t)(h + 1);
        CHECK(dmx_float_to_half(middle) == even, "%04x", h);
        CHECK(dmx_float_to_half(nextafterf(middle, 0)) == h, "%04x", h);
        CHECK(dmx_float_to_half(nextafterf(middle, INFINITY)) == h + 1, "%04x", h);
        CHECK(dmx_float_to_half(-middle) == (even | 0x8000), "%04x", h);
    }
    CHECK(dmx_float_to_half(65519.996f) == 0x7bff && dmx_float_to_half(65520) == 0x7c00, "the largest");
    CHECK(dmx_float_to_half(1e-30f) == 0 && dmx_float_to_half(-1e-30f) == 0x8000, "the smallest");
}

static void test_conversions(void)
{
    const double doubles[] = {1, -2.5, 1e300};
    const unsigned char bfloats[] = {0x80, 0x3f, 0x20, 0xc0};
    unsigned char shifted[1 + sizeof doubles];
    float out[3];
    memcpy(shifted + 1, doubles, sizeof doubles); /* tensors need not be aligned */
    dmx_tensor t = {.dtype = DMX_F64, .count = 3, .data = shifted + 1};
    dmx_tensor_to_f32(&t, 0, 3, out);
    CHECK(out[0] == 1 && out[1] == -2.5f && isinf(out[2]), "%g", (double)out[1]);
    t = (dmx_tensor){.dtype = DMX_BF16, .count = 2, .data = bfloats};
    dmx_tensor_to_f32(&t, 1, 1, out);
    CHECK(out[0] == -2.5f, "%g", (double)out[0]);
}

static void test_crc(void)
{
    dmx_crc32_tables tables;
    unsigned char bytes[100];
    dmx_crc32_init(&tables);
    CHECK(dmx_crc32(&tables, 0, (const unsigned char *)"123456789", 9) == 0xcbf43926, "the check value");
    CHECK(dmx_crc32(&tables, 0, bytes, 0) == 0, "nothing");
    for (int i = 0; i < 100; i++) bytes[i] = (unsigned char)(i * i + 7);
    for (size_t size = 0; size <= 100; size++) { /* against one bit at a time */
        uint32_t crc = 0xffffffff;
        for (size_t i = 0; i < size; i++) {
            crc ^= bytes[i];
            for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
        CHECK(dmx_crc32(&tables, 0, bytes, size) == ~crc, "%zu bytes", size);
    }
}

static void test_values(void)
{
    dmx_value list = {.kind = DMX_VALUE_LIST}, dict = {.kind = DMX_VALUE_DICT}, item = {.kind = DMX_VALUE_NONE};
    double number = 0;
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i % 50);
        item = (dmx_value){.kind = DMX_VALUE_INT, .integer = i};
        CHECK(dmx_value_append(&list, &item, NULL) == DEMUCS_OK, "append");
        CHECK(dmx_value_set_string(&item, key, strlen(key), NULL) == DEMUCS_OK, "string");
        CHECK(dmx_value_insert(&dict, key, &item, NULL) == DEMUCS_OK, "insert");
    }
    CHECK(list.count == 100 && list.items[99].integer == 99, "%zu", list.count);
    CHECK(dict.count == 50 && strcmp(dmx_value_get(&dict, "k49")->text, "k49") == 0, "%zu", dict.count);
    CHECK(dmx_value_get(&dict, "k50") == NULL && dmx_value_get(&list, "k1") == NULL, "what is not there");
    CHECK(!dmx_value_to_double(&dict, &number) && !dmx_value_to_double(NULL, &number), "no number");
    dmx_value_clear(&list);
    dmx_value_clear(&dict);
}

static void test_fractions(void)
{
    dmx_value value = {.kind = DMX_VALUE_NONE};
    CHECK(dmx_value_set_fraction(&value, 78, -10) && value.integer == -39 && value.denominator == 5, "%lld/%lld",
          (long long)value.integer, (long long)value.denominator);
    CHECK(dmx_value_set_fraction(&value, 0, 7) && value.integer == 0 && value.denominator == 1, "0/7");
    CHECK(!dmx_value_set_fraction(&value, 1, 0), "1/0");
    CHECK(!dmx_value_set_fraction(&value, 1, INT64_MIN) && !dmx_value_set_fraction(&value, INT64_MIN, 1), "overflow");
}

/* As fnmatch.fnmatchcase of Python says. */
static void test_patterns(void)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } cases[] = {{"", "", true},
                 {"", "a", false},
                 {"*", "", true},
                 {"*", "abc", true},
                 {"a*", "abc", true},
                 {"*c", "abc", true},
                 {"*b", "abc", false},
                 {"a*b*c", "aXbYbZc", true},
                 {"a*b*c", "aXbYbZ", false},
                 {"?", "", false},
                 {"a?c", "abc", true},
                 {"a?", "abc", false},
                 {"[abc]", "b", true},
                 {"[abc]", "d", false},
                 {"[!abc]", "d", true},
                 {"[!abc]", "b", false},
                 {"[a-c]x", "bx", true},
                 {"[a-c]x", "dx", false},
                 {"[]]", "]", true},
                 {"[!]]", "]", false},
                 {"[!]]", "a", true},
                 {"[a", "[a", true},
                 {"[", "[", true},
                 {"[!", "[!", true},
                 {"[a-]", "-", true},
                 {"[c-a]", "b", false},
                 {"[^a]", "^", true},
                 {"[^a]", "b", false},
                 {"\\a", "\\a", true},
                 {"\\*", "*", false},
                 {"*[0-9]*", "a.1.b", true},
                 {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char *const before[] = {"", "x", "xyz", "[a-c]*"}; /* wherever in the pattern it stands */
        static const char *const same[] = {"", "x", "xyz", "bx["};
        for (int k = 0; k < 4; k++) {
            char pattern[64], text[64];
            snprintf(pattern, sizeof pattern, "%s%s", before[k], cases[i].pattern);
            snprintf(text, sizeof text, "%s%s", same[k], cases[i].text);
            const bool fits = dmx_pattern_fits(pattern, strlen(pattern), text, strlen(text));
            if (k < 3)
                CHECK(fits == cases[i].fits, "%s and %s", pattern, text);
            else
                CHECK(fits || !cases[i].fits, "%s and %s", pattern, text); /* the star may find another way */
        }
    }
}

static void test_json(void)
{
    static const char text[] = "{\"a\":[1,-2.5,true,null,\"\\u00e9\\n\"],\"f\":{\"_type\":\"fraction\","
                               "\"numerator\":39,\"denominator\":5},\"n\":9007199254740993}";
    dmx_value value = {.kind = DMX_VALUE_NONE};
    demucs_error error = {.status = DEMUCS_OK};
    char *written = NULL;
    REQUIRE(dmx_json_parse(&value, text, sizeof text - 1, "x", "kwargs", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(dmx_json_decode_fractions(&value, "x", "kwargs", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(dmx_value_get(&value, "f")->kind == DMX_VALUE_FRACTION, "fraction");
    CHECK(dmx_value_get(&value, "n")->integer == 9007199254740993, "an integer beyond double");
    CHECK(strcmp(dmx_value_get(&value, "a")->items[4].text, "\xc3\xa9\n") == 0, "text");
    CHECK(dmx_json_write(&written, &value, "x", &error) == DEMUCS_OK, "%s", error.message);
    CHECK(written != NULL && strcasecmp(written, text) == 0, "%s", written);
    dmx_free(written);
    dmx_value_clear(&value);
}

static void test_bad_json(void)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"a\":NaN}",
                                      "{\"a\":Infinity}",
                                      "{\"a\":1,\"a\":2}",
                                      "[1,]",
                                      "1 2",
                                      "\"\\u0000\"",
                                      "\"\xff\"",
                                      "99999999999999999999",
                                      "{\"_type\":\"fraction\",\"numerator\":1,\"denominator\":0}",
                                      "{\"_type\":\"fraction\",\"numerator\":1.5,\"denominator\":2}",
                                      "{\"_type\":\"fraction\",\"numerator\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dmx_value value = {.kind = DMX_VALUE_NONE};
        demucs_error error = {.status = DEMUCS_OK};
        demucs_status status = dmx_json_parse(&value, bad[i], strlen(bad[i]), "file", "kwargs", &error);
        if (status == DEMUCS_OK) status = dmx_json_decode_fractions(&value, "file", "kwargs", &error);
        CHECK(is_refusal(status, &error, "'file': kwargs"), "%s: %s", bad[i], error.message);
        dmx_value_clear(&value);
    }
}

/* A view into a storage of six numbers: with words, it is refused; else `right` are its values. */
static void check_view(dmx_view view, const char *refusal, const float *right)
{
    static const float numbers[6] = {0, 1, 2, 3, 4, 5};
    dmx_checkpoint c = {.path = "view", .bytes = (const unsigned char *)numbers, .size_bytes = sizeof numbers};
    const dmx_storage storage = {.dtype = DMX_F32, .count = 6, .found = true};
    const dmx_object object = {.kind = DMX_OBJECT_TENSOR, .view = &view};
    demucs_error error = {.status = DEMUCS_OK};
    size_t budget = 2 * sizeof numbers;
    dmx_tensor tensor;
    view.storage = &storage;
    demucs_status status = dmx_object_to_tensor(&object, &tensor, &budget, &c, "it", 2, &error);
    if (refusal != NULL)
        CHECK(status == DEMUCS_ERROR_FORMAT && strstr(error.message, refusal) != NULL, "%s", error.message);
    else
        CHECK(status == DEMUCS_OK && memcmp(tensor.data, right, tensor.count * sizeof *right) == 0, "%s",
              error.message);
    dmx_free(tensor.owned);
}

/* Strides of 0 are fine, as PyTorch has them where an extent is 1 or numbers are repeated; negative ones it never has.
 */
static void test_views(void)
{
    check_view((dmx_view){.rank = 2, .shape = {1, 3}, .strides = {0, 1}, .offset = 3}, NULL, (float[]){3, 4, 5});
    check_view((dmx_view){.rank = 2, .shape = {2, 3}, .strides = {0, 1}}, NULL, (float[]){0, 1, 2, 0, 1, 2});
    check_view((dmx_view){.rank = 2, .shape = {3, 2}, .strides = {1, 3}}, NULL, (float[]){0, 3, 1, 4, 2, 5});
    check_view((dmx_view){.rank = 2, .shape = {3, 3}, .strides = {0, 1}}, "the same data several times", NULL);
    check_view((dmx_view){.rank = 1, .shape = {2}, .strides = {-1}, .offset = 1}, "reaches outside", NULL);
    check_view((dmx_view){.rank = 1, .shape = {3}, .strides = {1}, .offset = 4}, "reaches outside", NULL);
    check_view((dmx_view){.rank = 1, .shape = {4}, .strides = {2}}, "reaches outside", NULL);
}

TEST_MAIN(test_halves, test_half_rounding, test_conversions, test_crc, test_values, test_fractions, test_patterns,
          test_json, test_bad_json, test_views)
