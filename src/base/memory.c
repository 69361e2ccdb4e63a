/* memory.c - see memory.h */
#include "base/memory.h"

#include <stdint.h>
#include <unistd.h>

size_t dmx_machine_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (size_t)pages * (size_t)page_bytes : SIZE_MAX;
}
