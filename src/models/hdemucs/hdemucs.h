/* hdemucs.h - HDemucs, Hybrid Demucs (Défossez 2021): a U-Net on the spectrogram and one on the waveform that become
 * one at the bottom, with LSTMs and local attention in the residual branches of the deep levels. With hybrid=False
 * there is the spectrogram branch alone.
 *
 * All of it is models/unet/unet.h. Files here: load.c reads the constructor's arguments and builds the layers,
 * forward.c is the network. */
#ifndef DMX_MODELS_HDEMUCS_HDEMUCS_H
#define DMX_MODELS_HDEMUCS_HDEMUCS_H

#include "models/unet/unet.h"

extern const dmx_family dmx_hdemucs_family;

/* See dmx_family. */
int64_t dmx_hd_valid_length(const dmx_network *network, int64_t frames);
void dmx_hd_forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted);

#endif
