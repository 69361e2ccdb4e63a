/* planes.c - see planes.h */
#include "tracks/planes.h"

#include "base/alloc.h"

float **dmx_planes_new(int count)
{
    const size_t planes = (size_t)count, plane_bytes = DMX_TRACK_BLOCK * sizeof(float);
    char *block = dmx_alloc(planes, sizeof(float *) + plane_bytes);
    if (block == NULL) return NULL;
    float **rows = (float **)(void *)block, *samples = (float *)(void *)(block + planes * sizeof *rows);
    for (size_t plane = 0; plane < planes; plane++) rows[plane] = samples + plane * DMX_TRACK_BLOCK;
    return rows;
}
