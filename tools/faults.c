/* faults.c - memory that gives out: preloaded by tools/check-faults into a program.
 *
 * FAULT_ALLOCATION=N lets the N-th allocation after the start of main fail, by whichever library; with FAULT_LATER=1
 * all after it too. At its end the program writes the number of its allocations to the file FAULT_COUNT. glibc only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long allocations;
static long failing = -1;
static bool counting, later;
static int (*program)(int, char **, char **);

static bool fails(void)
{
    if (!counting) return false;
    const long number = atomic_fetch_add(&allocations, 1);
    const bool now = failing >= 0 && (later ? number >= failing : number == failing);
    if (now) errno = ENOMEM;
    return now;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void *realloc(void *block, size_t size) { return fails() ? NULL : __libc_realloc(block, size); }
void *memalign(size_t alignment, size_t size) { return fails() ? NULL : __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);
    if (made == NULL) return ENOMEM;
    *block = made;
    return 0;
}

static void write_count(void)
{
    counting = false;
    FILE *file = fopen(getenv("FAULT_COUNT"), "w");
    if (file == NULL) return;
    fprintf(file, "%ld\n", atomic_load(&allocations));
    fclose(file);
}

static int counted_main(int argc, char **argv, char **environment)
{
    const char *number = getenv("FAULT_ALLOCATION");
    if (number != NULL) failing = atol(number);
    later = getenv("FAULT_LATER") != NULL;
    if (getenv("FAULT_COUNT") != NULL) atexit(write_count);
    counting = true;
    return program(argc, argv, environment);
}

typedef int start_fn(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
                     void *);

/* What starts every program: so that what libraries do before main does not count. */
int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    start_fn *start = (start_fn *)dlsym(RTLD_NEXT, "__libc_start_main");
    program = entry;
    return start(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
