/* mixer.h - a family for the tests: each stem is a mix of the channels.
 *
 *     stem[s][c] = scale[s][c] * (sum over k of weight[s][c][k] * mix[k] + bias[s][c])
 *
 * `scale` is there when the argument `scaled` says so. In Python:
 *
 *     class Mixer(nn.Module):
 *         def __init__(self, sources, audio_channels=2, samplerate=44100, segment=1, scaled=False):
 *             if scaled: self.scale = nn.Parameter(torch.ones(len(sources) * audio_channels))
 *             self.mix = nn.Conv1d(audio_channels, len(sources) * audio_channels, 1)
 *
 * It proves that a family is one folder and one row: nothing outside of this folder knows it but the table in
 * test_family.c. */
#ifndef DEMUCS_TESTS_FAMILIES_MIXER_H
#define DEMUCS_TESTS_FAMILIES_MIXER_H

#include "models/network.h"

extern const dmx_family mixer_family;

#endif
