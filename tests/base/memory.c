/* memory.c - what the machine and the groups of the process leave, read from planted files: right ones, odd ones and
 * hostile ones. */
#include "base/memory.h"

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

static char root[] = "/tmp/demucs-memory-XXXXXX";

/* Write `text` to a file below the root, with the folders that it lies in. */
static void plant(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    REQUIRE(file != NULL, "%s", whole);
    fputs(text, file);
    fclose(file);
}

static void remove_root(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command) != 0) printf("%s stays\n", root);
}

/* An empty root. */
static void uproot(void)
{
    static bool made;
    if (!made) {
        REQUIRE(mkdtemp(root) != NULL, "no folder");
        atexit(remove_root);
        made = true;
        return;
    }
    remove_root();
    CHECK(mkdir(root, 0700) == 0, "%s", root);
}

/* A process of 4 MiB in a machine that can spare 1000 MiB. */
static void plant_machine(void)
{
    char pages[64];
    uproot();
    plant("/proc/meminfo", "MemTotal:        2048000 kB\nMemFree:           10000 kB\nMemAvailable:    1024000 kB\n");
    snprintf(pages, sizeof pages, "99999 %ld 5 1 0 5 0\n", (long)(4 * MIB) / sysconf(_SC_PAGESIZE));
    plant("/proc/self/statm", pages);
}

static void check_spare(uint64_t expected, dmx_memory_limit by, const char *what)
{
    dmx_memory_limit limit;
    const uint64_t spare = dmx_memory_spare(root, &limit);
    CHECK(spare == expected && limit == by, "%s: %llu bytes by %d", what, (unsigned long long)spare, (int)limit);
}

static void test_machine(void)
{
    plant_machine();
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "MemAvailable");
    CHECK(dmx_memory_taken(root) == 4 * MIB, "%llu", (unsigned long long)dmx_memory_taken(root));
    const char *const odd[] = {"",
                               "MemAvailable:",
                               "MemAvailable: much kB\n",
                               "MemAvailable: -5 kB\n",
                               "MemAvailable: 0 kB\n",
                               "MemAvailable: 99999999999999999999999 kB\n"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        plant("/proc/meminfo", odd[i]);
        check_spare(dmx_machine_memory(), DMX_MEMORY_MACHINE, odd[i]);
    }
    uproot();
    check_spare(dmx_machine_memory(), DMX_MEMORY_MACHINE, "no files");
}

static void test_groups(void)
{
    plant_machine();
    plant("/proc/self/cgroup", "0::/user/job\n");
    plant("/sys/fs/cgroup/user/job/memory.max", "314572800\n"); /* 300 MiB */
    plant("/sys/fs/cgroup/user/job/memory.current", "104857600\n");
    check_spare(200 * MIB, DMX_MEMORY_CGROUP, "version 2");
    plant("/sys/fs/cgroup/user/job/memory.stat", "anon 5\ninactive_file 52428800\nfile 6\n");
    check_spare(250 * MIB, DMX_MEMORY_CGROUP, "inactive files");
    plant("/sys/fs/cgroup/user/memory.max", "209715200\n"); /* 200 MiB */
    plant("/sys/fs/cgroup/user/memory.current", "188743680\n");
    check_spare(20 * MIB, DMX_MEMORY_CGROUP, "the group above");
    plant("/sys/fs/cgroup/user/memory.max", "max\n");
    check_spare(250 * MIB, DMX_MEMORY_CGROUP, "no limit above");

    plant_machine();
    plant("/proc/self/cgroup", "12:cpu,cpuacct:/x\n4:memory:/docker/0123\n0::/\n");
    plant("/sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600\n"); /* what a container sees of its own group */
    plant("/sys/fs/cgroup/memory/memory.usage_in_bytes", "10485760\n");
    check_spare(90 * MIB, DMX_MEMORY_CGROUP, "version 1, in a container");
    plant("/sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 1048576\n");
    check_spare(91 * MIB, DMX_MEMORY_CGROUP, "inactive files of version 1");
    plant("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "no limit in version 1");
}

/* None of these says anything. */
static void test_odd_groups(void)
{
    const char *const names[] = {"",
                                 "\n\n",
                                 "nonsense",
                                 "0:",
                                 "0::",
                                 "0::../../../etc\n",
                                 "0::/../..\n",
                                 "::::::\n",
                                 "4:memory\n",
                                 "0::/missing\n",
                                 "99999999999999999999:memory:\n"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        plant_machine();
        plant("/proc/self/cgroup", names[i]);
        check_spare(1000 * MIB, DMX_MEMORY_MACHINE, names[i]);
    }
    plant_machine(); /* names that would lead elsewhere */
    plant("/memory.max", "104857600\n");
    plant("/memory.current", "5\n");
    plant("/sys/fs/cgroup-of-others/memory.max", "104857600\n");
    plant("/sys/fs/cgroup-of-others/memory.current", "5\n");
    plant("/sys/fs/cgroup/memory.events", "x");
    plant("/proc/self/cgroup", "0::/../../..\n");
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "a name that leads upward");
    plant("/proc/self/cgroup", "0::-of-others\n");
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "a name without a slash");
    const char *const limits[] = {"", "\n", "banana\n", "-1\n", "0\n", "5\n", "12x\n", "1e9\n", "max"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        plant_machine();
        plant("/proc/self/cgroup", "0::/\n");
        plant("/sys/fs/cgroup/memory.max", limits[i]);
        plant("/sys/fs/cgroup/memory.current", "1048576\n");
        check_spare(1000 * MIB, DMX_MEMORY_MACHINE, limits[i]);
    }
    plant("/sys/fs/cgroup/memory.max", "2097152\n");
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "less than the process has by itself");
    plant("/sys/fs/cgroup/memory.max", "104857600\n");
    const char *const uses[] = {"", "x\n", "-1\n", "104857601\n", "99999999999999999999999999\n"};
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        plant("/sys/fs/cgroup/memory.current", uses[i]);
        check_spare(1000 * MIB, DMX_MEMORY_MACHINE, uses[i]);
    }
    plant("/sys/fs/cgroup/memory.current", "104857600\n");
    check_spare(0, DMX_MEMORY_CGROUP, "all of it is used");
}

/* A name longer than any path, a file that is none, and one that never ends. */
static void test_hostile_groups(void)
{
    char path[256], *name = calloc(1, 20000);
    REQUIRE(name != NULL, "no memory");
    memset(name, '/', 19000);
    memcpy(name, "0::", 3);
    plant_machine();
    plant("/proc/self/cgroup", name);
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "a long name");
    free(name);
    plant("/proc/self/cgroup", "0::/\n");
    snprintf(path, sizeof path, "%s/sys/fs/cgroup/memory.max/folder", root);
    plant("/sys/fs/cgroup/memory.current", "5\n");
    char fifo[256];
    snprintf(fifo, sizeof fifo, "%s/sys/fs/cgroup/memory.max", root);
    CHECK(mkfifo(fifo, 0600) == 0, "no pipe");
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "a pipe");
    unlink(fifo);
    CHECK(mkdir(fifo, 0700) == 0, "no folder");
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "a folder");
    rmdir(fifo);
    CHECK(symlink("/dev/zero", fifo) == 0, "no link");
    check_spare(1000 * MIB, DMX_MEMORY_MACHINE, "/dev/zero");
}

/* ulimit -v. */
static void test_addresses(void)
{
    struct rlimit before, limit;
    dmx_memory_limit by;
    REQUIRE(getrlimit(RLIMIT_AS, &before) == 0, "no limit");
    plant_machine();
    plant("/proc/self/statm", "256 128\n");
    limit = before;
    limit.rlim_cur = (rlim_t)256 * (rlim_t)sysconf(_SC_PAGESIZE) + 7;
    if (setrlimit(RLIMIT_AS, &limit) != 0) return; /* what else is mapped by now may forbid it */
    const uint64_t spare = dmx_memory_spare(root, &by);
    CHECK(setrlimit(RLIMIT_AS, &before) == 0, "the limit stays");
    CHECK(spare == 7 && by == DMX_MEMORY_ADDRESSES, "%llu bytes by %d", (unsigned long long)spare, (int)by);
}

/* The machine that this runs on. */
static void test_here(void)
{
    dmx_memory_limit limit;
    const uint64_t spare = dmx_memory_spare("", &limit), taken = dmx_memory_taken("");
    CHECK(spare > 0 && spare <= dmx_machine_memory(), "%llu", (unsigned long long)spare);
    CHECK(taken > 100000 && taken < dmx_machine_memory(), "%llu", (unsigned long long)taken);
}

TEST_MAIN(test_machine, test_groups, test_odd_groups, test_hostile_groups, test_addresses, test_here)
