/* pour.h - the one file of a track that goes to an open descriptor, such as standard output (request.descriptor).
 *
 *     writer --> file without a name --> descriptor
 *
 * Encoders go back in what they write, which a pipe does not let them do. So they write a temporary file; of formats
 * that never go back it is sent on as it grows, of the others when it is whole. Either way the bytes are those that a
 * file would have. Whoever reads them may be slow: the wait for him can be cancelled. */
#ifndef DMX_TRACKS_POUR_H
#define DMX_TRACKS_POUR_H

#include "audio/audio.h"
#include "tracks/spool.h"
#include "tracks/watch.h"

typedef struct dmx_pour {
    dmx_watch *watch;
    bool grows; /* bytes can go as they come */
    uint64_t sent;
} dmx_pour;

/* What such a file is called. */
extern const char dmx_pour_name[];

bool dmx_pour_wanted(const demucs_tracks_request *request);

/* A writer for the file; the caller's to hand over or abort. NULL on failure. */
audio_writer *dmx_pour_open(dmx_spool_place *place, const audio_format *format, const audio_kept *kept,
                            demucs_error *error);

/* Begin to send what it will write: `frames` in all. */
bool dmx_pour_begin(dmx_pour *self, audio_writer *writer, audio_container container, uint64_t frames, dmx_watch *watch,
                    demucs_error *error);

/* Send what can go by now. */
bool dmx_pour_on(dmx_pour *self, audio_writer *writer, demucs_error *error);

/* Send all that is left; the writer is freed. */
bool dmx_pour_end(dmx_pour *self, audio_writer *writer, demucs_error *error);

#endif
