/* fuzz_torch.c - both forms of torch.save: the zip archive and the older row of pickles.
 *
 * A fuzzer does not guess checksums, so those of an archive are put right first; what a wrong one does is a matter for
 * the unit tests. */
#include "fuzz.h"

#include "checkpoint/crc32.h"
#include "checkpoint/zip.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRY_BYTES = 46, ENTRY_CRC = 16, LOCAL_BYTES = 30 };

static void repair_checksums(uint8_t *data, size_t size)
{
    dmx_zip zip;
    const dmx_checkpoint file = {.path = "fuzz.th", .bytes = data, .size_bytes = size};
    if (dmx_zip_open(&zip, &file, NULL) == DEMUCS_OK) {
        for (size_t i = 0; i < zip.count; i++) {
            const dmx_zip_member *member = &zip.members[i];
            if (size < LOCAL_BYTES || member->offset > size - LOCAL_BYTES) continue;
            const uint8_t *local = data + member->offset;
            size_t start = member->offset + LOCAL_BYTES + (local[26] | local[27] << 8) + (local[28] | local[29] << 8);
            if (start > size || member->size > size - start) continue;
            uint32_t crc = dmx_crc32(&zip.crc, 0, data + start, (size_t)member->size);
            const size_t entry =
                zip.directory_at + (size_t)((const uint8_t *)member->name - zip.directory) - ENTRY_BYTES;
            uint8_t *field = data + entry + ENTRY_CRC;
            for (int k = 0; k < 4; k++) field[k] = (uint8_t)(crc >> (8 * k));
        }
    }
    dmx_zip_close(&zip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (copy == NULL) return 0;
    memcpy(copy, data, size);
    fuzz_checkpoint("fuzz.th", copy, size);
    repair_checksums(copy, size);
    fuzz_checkpoint("fuzz.th", copy, size);
    free(copy);
    return 0;
}
