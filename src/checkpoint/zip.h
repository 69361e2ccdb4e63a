/* zip.h - the members of a zip archive that stores them plainly, as torch.save does. */
#ifndef DMX_CHECKPOINT_ZIP_H
#define DMX_CHECKPOINT_ZIP_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/crc32.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dmx_zip_member {
    const char *name; /* [name_length] in the directory, not terminated */
    size_t name_length;
    uint64_t offset; /* of its local header */
    uint64_t size, packed_size;
    uint32_t crc;
    uint16_t method, flags;
    bool checked; /* its checksum was right */
} dmx_zip_member;

typedef struct dmx_zip {
    const dmx_checkpoint *file;
    unsigned char *directory;
    size_t directory_at;     /* where it is in the file */
    dmx_zip_member *members; /* [count] sorted by name */
    size_t count;
    uint64_t checked_bytes; /* of members: together they are no longer than the archive, unless they overlap */
    dmx_crc32_tables crc;
} dmx_zip;

/* Read the directory of an archive; of the checkpoint, only the file is looked at. Close it on failure too. */
demucs_status dmx_zip_open(dmx_zip *zip, const dmx_checkpoint *file, demucs_error *error);
void dmx_zip_close(dmx_zip *zip);

/* The member with the name "prefix" + "name", or NULL. */
dmx_zip_member *dmx_zip_find(dmx_zip *zip, const char *prefix, size_t prefix_length, const char *name,
                             size_t name_length);

/* Where in the archive the content of a member begins, after its headers and its checksum were compared. */
demucs_status dmx_zip_find_content(dmx_zip *zip, dmx_zip_member *member, size_t *at, demucs_error *error);

/* The content itself, to be freed with dmx_free. */
demucs_status dmx_zip_read(dmx_zip *zip, dmx_zip_member *member, unsigned char **content, demucs_error *error);

#endif
