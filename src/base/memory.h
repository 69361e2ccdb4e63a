/* memory.h - how much memory there is. */
#ifndef DMX_BASE_MEMORY_H
#define DMX_BASE_MEMORY_H

#include <stddef.h>

/* Bytes of memory that the machine has, or SIZE_MAX where the system does not say. */
size_t dmx_machine_memory(void);

#endif
