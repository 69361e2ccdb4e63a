/* memory.c - see memory.h */
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, FILE_ROOM = 16384, DEPTH_MOST = 64 };

size_t dmx_machine_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (size_t)pages * (size_t)page_bytes : SIZE_MAX;
}

/* ---- files of the kernel, or of whoever stands in for it ---- */

/* The beginning of a file as a string, without waiting for it. False when there is none. */
static bool read_file(char text[FILE_ROOM], const char *root, const char *path)
{
    char whole[PATH_ROOM];
    if ((size_t)snprintf(whole, sizeof whole, "%s%s", root, path) >= sizeof whole) return false;
    const int file = open(whole, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return false;
    size_t used = 0;
    ssize_t count = 1;
    while (count > 0 && used < FILE_ROOM - 1) {
        count = read(file, text + used, FILE_ROOM - 1 - used);
        if (count > 0) used += (size_t)count;
    }
    close(file);
    text[used] = '\0';
    return count >= 0;
}

/* A whole number at the front of a text, and after it the end of the word. */
static bool read_number(const char *text, uint64_t *number)
{
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    *number = value;
    return errno == 0 && (*end == '\0' || *end == '\n' || *end == ' ');
}

/* The number that follows `name` and blanks at the beginning of a line. */
static bool find_number(const char *text, const char *name, uint64_t *number)
{
    const size_t length = strlen(name);
    for (const char *line = text; line != NULL; line = strchr(line, '\n'), line = line != NULL ? line + 1 : NULL)
        if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == '\t'))
            return read_number(line + length + strspn(line + length, " \t"), number);
    return false;
}

static bool read_number_file(const char *root, const char *folder, const char *name, uint64_t *number)
{
    char path[PATH_ROOM], text[FILE_ROOM];
    return (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path && read_file(text, root, path) &&
           read_number(text, number);
}

/* ---- cgroups ---- */

/* The files of a version of cgroups, and where they lie. */
typedef struct version {
    const char *mount, *limit, *use, *reclaimable;
} version;

static const version versions[] = {
    {"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"},
    {"/sys/fs/cgroup/unified", "memory.max", "memory.current", "inactive_file"},
    {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}};

/* What the group in `folder` leaves, if it has a limit. */
static bool group_spare(const version *v, const char *root, const char *folder, uint64_t taken, uint64_t *spare)
{
    char path[PATH_ROOM], text[FILE_ROOM];
    uint64_t limit, use, reclaimable = 0;
    if (!read_number_file(root, folder, v->limit, &limit) || !read_number_file(root, folder, v->use, &use) ||
        limit < taken || use > limit)
        return false;
    if ((size_t)snprintf(path, sizeof path, "%s/memory.stat", folder) < sizeof path && read_file(text, root, path))
        find_number(text, v->reclaimable, &reclaimable);
    use = reclaimable < use ? use - reclaimable : 0;
    *spare = limit - use;
    return true;
}

/* The least that the group `name` and those above it leave. In a container the upper ones, or those of the name's
 * front, may not be seen: what is not there says nothing. */
static bool groups_spare(const version *v, const char *root, const char *name, uint64_t taken, uint64_t *spare)
{
    char folder[PATH_ROOM];
    bool found = false;
    if (name[0] != '/' || strstr(name, "..") != NULL) name = "";
    if ((size_t)snprintf(folder, sizeof folder, "%s%s", v->mount, name) >= sizeof folder) return false;
    for (int depth = 0; depth < DEPTH_MOST && strlen(folder) >= strlen(v->mount); depth++) {
        uint64_t here = 0;
        if (group_spare(v, root, folder, taken, &here)) {
            *spare = found && *spare < here ? *spare : here;
            found = true;
        }
        *strrchr(folder, '/') = '\0';
    }
    return found;
}

/* Whether the controllers of a line, "cpu,memory", have memory among them; none at all is version 2. */
static bool is_for_memory(const char *controllers, size_t length)
{
    for (const char *at = controllers; at < controllers + length;) {
        const size_t word = strcspn(at, ",:");
        if (word == strlen("memory") && strncmp(at, "memory", word) == 0) return true;
        at += word + 1;
    }
    return length == 0;
}

/* /proc/self/cgroup has lines of "number:controllers:name". */
static bool cgroups_spare(const char *root, uint64_t taken, uint64_t *spare)
{
    char text[FILE_ROOM];
    bool found = false;
    if (!read_file(text, root, "/proc/self/cgroup")) return false;
    for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) *next++ = '\0';
        char *controllers = strchr(line, ':'), *name = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (name == NULL || !is_for_memory(controllers + 1, (size_t)(name - controllers - 1))) continue;
        const bool first = name == controllers + 1;
        for (const version *v = versions + (first ? 0 : 2); v < versions + (first ? 2 : 3); v++) {
            uint64_t here = 0;
            if (!groups_spare(v, root, name + 1, taken, &here)) continue;
            *spare = found && *spare < here ? *spare : here;
            found = true;
        }
    }
    return found;
}

/* ---- all of them ---- */

/* Of /proc/self/statm: the pages that are mapped, and those in memory. */
static bool read_pages(const char *root, uint64_t *mapped, uint64_t *resident)
{
    char text[FILE_ROOM];
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    if (!read_file(text, root, "/proc/self/statm") || !read_number(text, mapped)) return false;
    const char *second = strchr(text, ' ');
    if (second == NULL || !read_number(second + 1, resident)) return false;
    if (*mapped > UINT64_MAX / page_bytes || *resident > UINT64_MAX / page_bytes) return false;
    *mapped *= page_bytes;
    *resident *= page_bytes;
    return true;
}

uint64_t dmx_memory_taken(const char *root)
{
    uint64_t mapped, resident;
    struct rusage use = {0};
    if (read_pages(root, &mapped, &resident)) return resident;
    getrusage(RUSAGE_SELF, &use);
#ifdef __APPLE__
    return (uint64_t)use.ru_maxrss;
#else
    return (uint64_t)use.ru_maxrss * 1024;
#endif
}

static void at_most(uint64_t *spare, dmx_memory_limit *limit, uint64_t other, dmx_memory_limit what)
{
    if (other >= *spare) return;
    *spare = other;
    *limit = what;
}

uint64_t dmx_memory_spare(const char *root, dmx_memory_limit *limit)
{
    char text[FILE_ROOM];
    uint64_t spare = dmx_machine_memory(), here, mapped, resident;
    struct rlimit addresses;
    *limit = DMX_MEMORY_MACHINE;
    if (read_file(text, root, "/proc/meminfo") && find_number(text, "MemAvailable:", &here) && here > 0 &&
        here < spare / 1024)
        spare = here * 1024;
    if (cgroups_spare(root, dmx_memory_taken(root), &here)) at_most(&spare, limit, here, DMX_MEMORY_CGROUP);
    if (getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY &&
        read_pages(root, &mapped, &resident) && mapped < addresses.rlim_cur)
        at_most(&spare, limit, (uint64_t)addresses.rlim_cur - mapped, DMX_MEMORY_ADDRESSES);
    return spare;
}
