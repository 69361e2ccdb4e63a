/* index_entry.c - an entry of the index in memory; see index.h */
#include "tracks/cache/index.h"

#include "base/alloc.h"

dmx_index_entry *dmx_index_entry_new(size_t files)
{
    dmx_index_entry *entry = dmx_alloc(1, sizeof *entry);
    if (entry == NULL) return NULL;
    entry->files = dmx_alloc(files, sizeof *entry->files);
    entry->files_count = files;
    if (entry->files != NULL) return entry;
    dmx_free(entry);
    return NULL;
}

void dmx_index_entry_free(dmx_index_entry *entry)
{
    if (entry == NULL) return;
    for (size_t i = 0; i < entry->files_count; i++) dmx_free(entry->files[i].name);
    dmx_free(entry->files);
    dmx_free(entry->settings);
    dmx_free(entry->facts);
    dmx_free(entry->input);
    dmx_free(entry);
}
