/* separation.h - a track goes through the network: a stream of the caller's engine, between the spool of the mix and
 * the outputs. */
#ifndef DMX_TRACKS_SEPARATION_H
#define DMX_TRACKS_SEPARATION_H

#include "tracks/intake.h"
#include "tracks/outputs.h"

typedef struct dmx_separation {
    const demucs_tracks_request *request;
    dmx_watch *watch;
    demucs_progress_fn progress; /* of the caller's options */
    void *progress_user;
    demucs_error *error; /* of the call under way, for what is told from inside the engine */
    demucs_stream *stream;
    int channels;
    float **blocks;              /* [channels and those of the needed stems] planes of a block */
    float **input;               /* [channels] among them */
    float **stems;               /* [sources * channels] among them; NULL for stems that nobody needs */
    demucs_quality_meter *meter; /* of the needed stems; NULL when nobody asked */
    uint64_t pushed, pulled;
    bool finished;
} dmx_separation;

/* Create the stream, so that wrong options and a lack of memory show before the track is read. `self` stays where it
 * is. On failure, too, dmx_separation_end frees. */
bool dmx_separation_begin(dmx_separation *self, const demucs_tracks_request *request, const dmx_outputs *outputs,
                          dmx_watch *watch, demucs_error *error);

/* All of the mix, block by block, to the outputs. */
bool dmx_separation_run(dmx_separation *self, const dmx_intake *intake, dmx_outputs *outputs, demucs_error *error);

/* The figures of the stems that went by, to be freed with demucs_quality_free; NULL when nobody asked. */
demucs_quality *dmx_separation_quality(dmx_separation *self);

void dmx_separation_end(dmx_separation *self);

#endif
