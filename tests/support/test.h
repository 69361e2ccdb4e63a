/* test.h - the whole test framework: CHECK counts and prints, TEST_MAIN runs the functions and reports.
 *
 *     static void test_round_trip(void) { CHECK(f(1) == 2, "f(1) = %d", f(1)); }
 *     TEST_MAIN(test_round_trip, test_other)
 *
 * A test program prints one line for each failed check and, last, "name: N passed, N failed" (test functions, not
 * checks), and exits non-zero when a function failed. TEST_SKIP("why") marks the running function as skipped. With
 * arguments, only the functions whose names contain one of them run. A program that skipped all of them exits with
 * TEST_ALL_SKIPPED, which CTest counts as skipped. */
#ifndef DEMUCS_TEST_H
#define DEMUCS_TEST_H

#include <stdbool.h>
#include <stdio.h>

enum { TEST_ALL_SKIPPED = 77 };

typedef struct test_case {
    const char *name;
    void (*run)(void);
} test_case;

void test_check(bool condition, const char *file, int line, const char *text, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void test_skip(const char *why);
int test_main(int argc, char **argv, const char *file, const char *names, void (*const *functions)(void), int count);

/* Check a condition; on failure print it and the message (printf style) after it. The function goes on. */
#define CHECK(condition, ...) test_check((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)

/* The same, but leave the function when it does not hold. */
#define REQUIRE(condition, ...)                                                                                        \
    do {                                                                                                               \
        bool require_held = (condition);                                                                               \
        test_check(require_held, __FILE__, __LINE__, #condition, __VA_ARGS__);                                         \
        if (!require_held) return;                                                                                     \
    } while (0)

#define TEST_SKIP(why)                                                                                                 \
    do {                                                                                                               \
        test_skip(why);                                                                                                \
        return;                                                                                                        \
    } while (0)

/* The path of a file below tests/data, or of a model "generated/NAME" that the build made (tests/golden/generated.h).
 * In a buffer that the next call but three overwrites. */
const char *test_path(const char *name);

#define TEST_MAIN(...)                                                                                                 \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        static void (*const functions[])(void) = {__VA_ARGS__};                                                        \
        return test_main(argc, argv, __FILE__, #__VA_ARGS__, functions, (int)(sizeof functions / sizeof *functions));  \
    }

#endif
