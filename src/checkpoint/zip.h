/* zip.h - the members of a zip archive that stores them plainly, as torch.save does. */
#ifndef DMX_CHECKPOINT_ZIP_H
#define DMX_CHECKPOINT_ZIP_H

#include "base/error.h"
#include "checkpoint/crc32.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dmx_zip_member {
    const char *name; /* [name_length] in the archive, not terminated */
    size_t name_length;
    uint64_t offset; /* of its local header */
    uint64_t size, packed_size;
    uint32_t crc;
    uint16_t method, flags;
    bool checked; /* its checksum was right */
} dmx_zip_member;

typedef struct dmx_zip {
    const char *path;
    const unsigned char *bytes;
    size_t size_bytes;
    dmx_zip_member *members; /* [count] sorted by name */
    size_t count;
    uint64_t checked_bytes; /* of members: together they are no longer than the archive, unless they overlap */
    dmx_crc32_tables crc;
} dmx_zip;

/* Read the directory of the archive in `bytes`. Close it on failure too. */
demucs_status dmx_zip_open(dmx_zip *zip, const char *path, const unsigned char *bytes, size_t size,
                           demucs_error *error);
void dmx_zip_close(dmx_zip *zip);

/* The member with the name "prefix" + "name", or NULL. */
dmx_zip_member *dmx_zip_find(dmx_zip *zip, const char *prefix, size_t prefix_length, const char *name,
                             size_t name_length);

/* The content of a member, where it lies in the archive, after its headers and its checksum were compared. */
demucs_status dmx_zip_content(dmx_zip *zip, dmx_zip_member *member, const unsigned char **content, demucs_error *error);

#endif
