/* asked.h - what is asked of the tracks of a run, as JSON. */
#ifndef DMX_RUNS_ASKED_H
#define DMX_RUNS_ASKED_H

#include "tracks/json.h"
#include "tracks/runs/rows.h"

/* All that decides on the files of a track beside the track itself and the model, by the names that the settings have
 * (demucs_settings.h); what has no setting, by the names of the fields. `container` is what the files are. NULL without
 * memory. */
json_t *dmx_runs_asked(const demucs_tracks_request *request, demucs_tracks_container container);

#endif
