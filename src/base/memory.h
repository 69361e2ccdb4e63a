/* memory.h - how much memory there is: in the machine, for this process, and taken by it.
 *
 *     machine        MemAvailable of /proc/meminfo
 *     cgroup v2      memory.max - memory.current    of the process's group and of each one above it;
 *     cgroup v1      memory.limit_in_bytes - ...    what the kernel can take back at once (inactive files) is not use
 *     address space  RLIMIT_AS - what is mapped
 *
 * The smallest of these counts. The files may hold anything, or not be there: what is no number says nothing, and
 * neither does what cannot be, such as a limit that this process is above already. */
#ifndef DMX_BASE_MEMORY_H
#define DMX_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of memory that the machine has, or SIZE_MAX where the system does not say. */
size_t dmx_machine_memory(void);

/* What sets the limit. */
typedef enum dmx_memory_limit { DMX_MEMORY_MACHINE, DMX_MEMORY_CGROUP, DMX_MEMORY_ADDRESSES } dmx_memory_limit;

/* Bytes that this process may still take, besides what it has. *limit says by what. `root` stands before the paths
 * that are read: "". */
uint64_t dmx_memory_spare(const char *root, dmx_memory_limit *limit);

/* Bytes that this process has in memory (its resident set), with the libraries that it has mapped; as read below
 * `root`. Where the system does not tell, the most that it had. */
uint64_t dmx_memory_taken(const char *root);

#endif
