/* test.c - see test.h */
#include "support/test.h"

#include <stdarg.h>
#include <string.h>

static bool current_failed, current_skipped;

void test_check(bool condition, const char *file, int line, const char *text, const char *format, ...)
{
    if (condition) return;
    current_failed = true;
    fprintf(stderr, "%s:%d: %s: ", file, line, text);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

const char *test_path(const char *name)
{
    static char paths[4][1024];
    static int turn;
    char *path = paths[turn++ % 4];
    const char *folder = strncmp(name, "generated/", 10) == 0 ? DEMUCS_TEST_BUILD : DEMUCS_TEST_DATA;
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void test_skip(const char *why)
{
    current_skipped = true;
    printf("  skipped: %s\n", why);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]) != NULL) return true;
    return argc < 2;
}

int test_main(int argc, char **argv, const char *file, const char *names, void (*const *functions)(void), int count)
{
    int passed = 0, failed = 0, skipped = 0;
    for (int i = 0; i < count; i++) {
        char name[128];
        size_t length = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        names += length;
        names += strspn(names, ", ");
        if (!is_wanted(name, argc, argv)) continue;
        current_failed = current_skipped = false;
        printf("%s\n", name);
        fflush(stdout);
        functions[i]();
        if (current_failed)
            failed++;
        else if (current_skipped)
            skipped++;
        else
            passed++;
        if (current_failed) fprintf(stderr, "%s FAILED\n", name);
    }
    const char *base = strrchr(file, '/');
    printf("%s: %d passed, %d failed, %d skipped\n", base != NULL ? base + 1 : file, passed, failed, skipped);
    if (failed > 0) return 1;
    return passed == 0 && skipped > 0 ? TEST_ALL_SKIPPED : 0;
}
