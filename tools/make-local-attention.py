#!/usr/bin/env python3
"""Make tests/data/nn/local_attention.npz: random weights for LocalState of the official demucs.py with nfreqs > 0, which no
model asks for, an input, and what the official class makes of it.

    PYTHONPATH=folder-with-the-official-demucs-package tools/make-local-attention.py OUT.npz

Needs torch and numpy. The result is computed in float64: in float32 the official cosines are wrong in the fourth digit, since
the angles grow with the distance. Arrays: `x` and `y` [bins][channels][steps], and the state dict by its names.
"""
import sys

import numpy as np
import torch

from demucs.demucs import LocalState

CHANNELS, HEADS, PERIODS, BINS, STEPS = 12, 4, 5, 2, 300


def main():
    torch.manual_seed(1)
    layer = LocalState(CHANNELS, heads=HEADS, nfreqs=PERIODS).eval()
    for name, tensor in layer.state_dict().items():
        tensor.normal_(0, 0.5)
        if name == 'query_freqs.weight':
            tensor.mul_(3)  # so that the rhythms count among the scores
    x = torch.randn(BINS, CHANNELS, STEPS)
    state = {name: tensor.numpy().copy() for name, tensor in layer.state_dict().items()}
    with torch.no_grad():
        y = layer.double()(x.double())
    np.savez(sys.argv[1], x=x.numpy(), y=y.numpy().astype('<f4'), **state)


if __name__ == '__main__':
    main()
