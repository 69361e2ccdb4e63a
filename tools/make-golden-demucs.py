#!/usr/bin/env python3
"""Make small random Demucs (time-only) models, each with many constructor arguments away from their defaults, and what the
official class makes of a test signal: the variants of tests/data/golden/demucs, and, with --random N, as many random ones to
compare with by hand.

    PYTHONPATH=folder-with-the-official-demucs-package tools/make-golden-demucs.py --out DIR [--random N] [--seed N]

Needs torch, numpy and julius. Writes NAME.safetensors (the official form, float16), NAME.input.npy [channels][frames],
NAME.npy [sources][channels][frames / 3] (computed in float64, every third frame), and cases.tsv in the form of
tests/data/golden/cases.tsv; its floor is the SNR of the float32 result. Norms, biases and scales are set away from their
start values, so that each counts.
"""
import argparse
import json
import math
from pathlib import Path
import random
import struct

import numpy as np
import torch
from torch import nn

from demucs.demucs import Demucs
from demucs.transformer import LayerScale

BASE = dict(sources=['drums', 'rest'], channels=4, depth=3, segment=0.1, norm_starts=4, dconv_comp=1, rescale=0.1)

# `frames`: of the input; `old`: tensors named as by the second version of Demucs.
KEPT = {
    'old': dict(frames=4410, old=True, depth=4, lstm_layers=2, context=3, gelu=False, norm_starts=999, dconv_mode=0,
                normalize=False, growth=1.5),
    'norms': dict(frames=4001, norm_starts=0, norm_groups=2, dconv_mode=3, dconv_attn=0, dconv_lstm=1, dconv_depth=-2,
                  audio_channels=1, sources=['a', 'b', 'c', 'd', 'e', 'f'], kernel_size=4, stride=2, channels=8, growth=1),
    'relu': dict(frames=3000, glu=False, norm_starts=1, norm_groups=1, context=0, resample=False, kernel_size=3, stride=4,
                 dconv_mode=2, dconv_attn=1, dconv_lstm=9, gelu=False, depth=4),
    'no_rewrite': dict(frames=5003, rewrite=False, dconv_mode=3, kernel_size=5, stride=1, resample=False, dconv_comp=0.5,
                       dconv_lstm=1, dconv_attn=9, depth=2, sources=['vocals'], norm_starts=1),
}


def random_variant(rng):
    pick = rng.choice
    kernel, stride = pick([(8, 4), (8, 4), (4, 2), (6, 3), (8, 2), (2, 2), (4, 4), (6, 4), (3, 5)])
    kw = dict(kernel_size=kernel, stride=stride, channels=pick([4, 8, 12]), growth=pick([1, 1.5, 2]), depth=pick([1, 2, 3, 4, 5]),
              rewrite=pick([True, True, False]), lstm_layers=pick([0, 0, 1, 3]), context=pick([0, 1, 2]), gelu=pick([True, False]),
              glu=pick([True, True, False]), norm_starts=pick([0, 1, 2, 4]), norm_groups=pick([1, 2]), dconv_mode=pick([0, 1, 2, 3]),
              dconv_depth=pick([0, 1, 2, -2, 3]), dconv_comp=pick([1, 1, 2]), dconv_attn=pick([0, 1, 2, 4]),
              dconv_lstm=pick([0, 1, 2, 4]), normalize=pick([True, False]), resample=pick([True, False]),
              audio_channels=pick([1, 2, 2, 3]), frames=pick([2, 100, 1001, 3000, 4444, 7000]))
    if kernel % 2 or stride % 2:
        kw['resample'] = False  # an odd length is one sample short after resampling: the official class fails
    return kw


def signal(channels, frames, gen):
    t = np.arange(frames) / 44100
    x = sum(a * np.sin(2 * np.pi * f * t + p) for a, f, p in [(.3, 110, 0), (.2, 440, 1), (.1, 3000, 2)])
    x = np.stack([x * (1 - .2 * c) for c in range(channels)]) + 0.02
    return (x + .05 * gen.standard_normal((channels, frames))).astype('<f4')


def shake(model, gen):
    """Everything away from its start value, and to what float16 can hold."""
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            noise = torch.from_numpy(gen.standard_normal(tuple(p.shape)).astype('f4'))
            if isinstance(module, LayerScale):
                p.data = 0.3 + 0.1 * noise
            elif isinstance(module, nn.GroupNorm):
                p.data = (1 if name == 'weight' else 0) + 0.2 * noise
            elif isinstance(module, nn.LSTM):
                p.data = noise / math.sqrt(module.hidden_size)
            elif name == 'bias':
                p.data = p.data + 0.1 * noise
            p.data = p.data.half().float()


def save(path, kwargs, state):
    header, data = {'__metadata__': {'klass': 'demucs.demucs.Demucs', 'args': '[]', 'kwargs': json.dumps(kwargs)}}, b''
    for name in sorted(state):
        raw = state[name].half().numpy().astype('<f2').tobytes()
        header[name] = dict(dtype='F16', shape=list(state[name].shape), data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + data)


def old_name(name):
    side, index, part, *rest = name.split('.')
    return '.'.join([side, index, '2', *rest]) if side in ('encoder', 'decoder') and part == '3' else name


def make(name, changes, out, seed):
    gen = np.random.default_rng(seed)
    torch.manual_seed(seed)
    kwargs = {**BASE, **changes}
    frames, old = kwargs.pop('frames'), kwargs.pop('old', False)
    model = Demucs(**kwargs).eval()
    shake(model, gen)
    x = signal(model.audio_channels, frames, gen)
    with torch.no_grad():
        narrow = model(torch.from_numpy(x)[None])[0].double().numpy()
        wide = model.double()(torch.from_numpy(x)[None].double())[0].numpy()
    floor = 10 * math.log10((wide ** 2).sum() / ((wide - narrow) ** 2).sum())
    save(out / f'{name}.safetensors', kwargs, {old_name(k) if old else k: v for k, v in model.state_dict().items()})
    np.save(out / f'{name}.input.npy', x)
    np.save(out / f'{name}.npy', np.ascontiguousarray(wide[..., ::3].astype('<f4')))
    return f'{name}\tforward\tgolden/demucs/{name}.safetensors\tdemucs/{name}.input.npy\t{frames}\t-\tdemucs/{name}.npy\t{floor:.1f}\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--random', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)
    variants = {f'random{i}': random_variant(rng) for i in range(args.random)} or KEPT
    lines = 'case\tkind\tmodel\tinput\tframes\toptions\toutput\tfloor\n'
    for i, (name, changes) in enumerate(variants.items()):
        try:
            lines += make(name, changes, args.out, args.seed + i)
        except Exception as error:
            print(f'{name}: the official class says: {error!r} ({changes})')
    (args.out / 'cases.tsv').write_text(lines)


if __name__ == '__main__':
    main()
