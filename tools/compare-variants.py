#!/usr/bin/env python3
"""Make small random HTDemucs models, one for each constructor argument and many mixtures, with what the official class
makes of a test signal, to compare with by hand. With --api the models of tests/data/api instead.

    PYTHONPATH=folder-with-the-official-demucs-package tools/compare-variants.py --out DIR [--seed N]

Needs torch, numpy, einops and julius. Writes NAME.safetensors (the official form, float16), NAME.input.npy
[channels][frames], NAME.f32.npy and NAME.f64.npy [sources][channels][frames] (float32; the second was computed in
float64), and index.tsv: name, what differs from the base, frames, the SNR of the float32 result against the float64 one, or why
the official class cannot run it. Norms, biases and scales are set away from their start values, so that each counts. The
cases that the tests know are made by make-golden.py.
"""

import argparse
from fractions import Fraction
import hashlib
import json
import math
from pathlib import Path
import random
import struct

import numpy as np
import torch
from torch import nn

from demucs.htdemucs import HTDemucs
from demucs.hdemucs import ScaledEmbedding
from demucs.transformer import LayerScale, ScaledEmbedding as PositionEmbedding
from variants import API, BASE, FOUR, KEPT, NO_T, VARIANTS


def make_api(out, seed):
    names = [f'{0xa0000000 + k:08x}' for k in range(4)]
    for name in names:
        make(name, API, out, seed)
        for extra in out.glob(f'{name}.*.npy'):
            extra.unlink()
    weights = ', '.join('[' + ', '.join('1.' if k == m else '0.' for k in range(4)) + ']' for m in range(4))
    (out / 'bag.yaml').write_text(f"models: {names}\nweights: [{weights}]\n")


def random_variant(rng):
    """A mixture of arguments that mostly fit together."""
    pick = rng.choice
    kw = dict(
        channels=pick([2, 4, 6, 8]),
        depth=pick([1, 2, 3, 4]),
        nfft=pick([256, 512, 1024, 2048]),
        sources=FOUR[: pick([1, 2, 3, 4])],
        audio_channels=pick([1, 2, 2, 2]),
        rewrite=pick([True, True, True, False]),
        context=pick([0, 1, 1, 2]),
        context_enc=pick([0, 0, 1, 2]),
        norm_starts=pick([0, 1, 2, 3, 4]),
        norm_groups=pick([1, 2]),
        dconv_mode=pick([0, 1, 2, 3]),
        dconv_depth=pick([1, 2, 3, -2]),
        dconv_comp=pick([1, 1.5, 2]),
        freq_emb=pick([0, None, 0.2, -0.5, 1.0]),
        emb_scale=pick([1, 10, 3.5]),
        use_train_segment=pick([True, False]),
        segment=pick([0.1, 0.15, Fraction(1, 9), Fraction(33, 200)]),
    )
    if rng.random() < 0.3:
        kw.update(kernel_size=4, stride=2)
    if rng.random() < 0.35:
        kw.update(
            depth=pick([4, 5, 6, 7]),
            growth=pick([1, 1.5, 2]),
            time_stride=pick([2, 2, 3, 4]),
            channels_time=pick([None, None, 4, 6]),
            **NO_T,
        )
        return kw
    if rng.random() < 0.25 and kw['norm_starts'] > 0:
        kw.update(
            multi_freqs=pick([[0.5], [0.3, 0.6], [0.2, 0.5, 0.8]]),
            multi_freqs_depth=pick([1, min(2, kw['norm_starts'])]),
        )
    if rng.random() < 0.2:
        n = pick([-1, 0, 1, 2])
        kw.update(cac=False, wiener_iters=n, end_iters=n, wiener_residual=pick([True, False]))
    kw.update(
        bottom_channels=pick([8, 12, 24]),
        t_layers=pick([0, 1, 2, 3, 4]),
        t_heads=pick([1, 2, 4]),
        t_hidden_scale=pick([1, 2.5, 4.0]),
        t_emb=pick(['sin', 'cape', 'scaled']),
        t_max_positions=4000,
        t_norm_in=pick([True, False]),
        t_norm_in_group=pick([False, 1, 2]),
        t_group_norm=pick([False, False, 1, 4]),
        t_norm_first=pick([True, True, False]),
        t_norm_out=pick([True, False]),
        t_layer_scale=pick([True, False]),
        t_gelu=pick([True, False]),
        t_max_period=pick([10000.0, 50.0, 1234.5]),
        t_weight_pos_embed=pick([1.0, 0.3, -1.0]),
        t_cape_mean_normalize=pick([True, False]),
        t_cross_first=pick([True, False]),
    )
    if rng.random() < 0.3:
        kw.update(frames=pick([600, 2345, 4001]))
    return kw


def signal(channels, frames, rate, gen):
    """Tones with decays and noise, with a small offset; different in each channel."""
    t = np.arange(frames) / rate
    out = 0.03 * gen.standard_normal((channels, frames)) + 0.002
    for c in range(channels):
        for _ in range(6):
            out[c] += (
                0.15
                * np.sin(2 * np.pi * gen.uniform(0.0012, 0.2) * rate * t + gen.uniform(0, 6))
                * np.exp(-t * gen.uniform(1, 30))
            )
    return torch.from_numpy(out.astype(np.float32))


def randomise(model, gen):
    """Weights of about unit gain; every other parameter away from what makes it a no-op."""

    def randn(p, scale):
        return torch.randn(p.shape, generator=gen) * scale

    for mod in model.modules():
        if isinstance(mod, LayerScale):
            mod.scale.data = (0.1 + 0.4 * torch.rand(mod.scale.shape, generator=gen)) * (
                torch.randint(0, 2, mod.scale.shape, generator=gen) * 2 - 1
            )
        elif isinstance(mod, (nn.GroupNorm, nn.LayerNorm)):
            mod.weight.data, mod.bias.data = 1 + randn(mod.weight, 0.2), randn(mod.bias, 0.1)
        elif isinstance(mod, (nn.ConvTranspose1d, nn.ConvTranspose2d)):
            fan = mod.in_channels * max(1, mod.kernel_size[0] // mod.stride[0])
            mod.weight.data, mod.bias.data = randn(mod.weight, 1.3 / math.sqrt(fan)), randn(mod.bias, 0.1)
        elif isinstance(mod, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            mod.weight.data, mod.bias.data = randn(mod.weight, 1.5 / math.sqrt(mod.weight[0].numel())), randn(
                mod.bias, 0.1
            )
        elif isinstance(mod, nn.LSTM):
            for p in mod.parameters():
                p.data = randn(p, 1.2 / math.sqrt(mod.hidden_size))
        elif isinstance(mod, ScaledEmbedding):
            mod.embedding.weight.data = randn(mod.embedding.weight, 1.2 / mod.scale)
        elif isinstance(mod, PositionEmbedding):
            mod.embedding.weight.data = randn(mod.embedding.weight, 0.5 / mod.boost)
    for mod in model.modules():
        if isinstance(mod, nn.MultiheadAttention):
            mod.in_proj_weight.data = randn(mod.in_proj_weight, 1.4 / math.sqrt(mod.embed_dim))
            mod.in_proj_bias.data = randn(mod.in_proj_bias, 0.2)
    model.load_state_dict({k: v.half().float() for k, v in model.state_dict().items()})


def write_safetensors(path, state, kwargs, klass=HTDemucs):
    def plain(value):
        return {'_type': 'fraction', 'numerator': value.numerator, 'denominator': value.denominator}

    header = {
        '__metadata__': {'args': '[]', 'klass': f'{klass.__module__}.{klass.__qualname__}', 'kwargs': json.dumps(kwargs, default=plain)}
    }
    blobs, at = [], 0
    for key in sorted(state):
        blob = state[key].half().contiguous().numpy().tobytes()
        header[key] = {'dtype': 'F16', 'shape': list(state[key].shape), 'data_offsets': [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(blobs))


def snr_db(reference, other):
    reference, other = reference.double(), other.double()
    noise = ((reference - other) ** 2).sum().item()
    return float('inf') if noise == 0 else 10 * math.log10((reference**2).sum().item() / noise)


def make(name, changes, out, seed):
    """The row of the index."""
    number = int(hashlib.sha256(f'{seed}/{name}'.encode()).hexdigest()[:8], 16)
    torch.manual_seed(number)
    kwargs = {**BASE, **changes}
    frames = kwargs.pop('frames', None)
    what = '; '.join(f'{k}={v}' for k, v in changes.items()) or 'the base'
    state, frames_used, floor = HTDemucs(**BASE).state_dict(), frames or 1, '-'
    try:
        model = HTDemucs(**kwargs).eval()
        randomise(model, torch.Generator().manual_seed(number))
        state = model.state_dict()
        frames_used = frames or int(kwargs['segment'] * kwargs.get('samplerate', 44100))
        x = signal(
            kwargs.get('audio_channels', 2), frames_used, kwargs.get('samplerate', 44100), np.random.default_rng(number)
        )
        if kwargs.get('cac') is False:  # masking treats exact zeros specially
            x[:, frames_used // 3 : frames_used // 3 + frames_used // 4] = 0
        with torch.no_grad():
            y32 = model(x[None])[0]
            y64 = model.double()(x[None].double())[0]
        if not (y32.isfinite().all() and y64.isfinite().all()):
            raise ValueError('the result is not finite')
        for key, value in (('input', x), ('f32', y32), ('f64', y64.float())):
            np.save(out / f'{name}.{key}.npy', value.contiguous().numpy())
        floor = f'{snr_db(y64, y32):.1f}'
    except Exception as error:  # noqa: whatever the official class says
        floor = f'official fails: {type(error).__name__}: {" ".join(str(error).split())[:100]}'
    write_safetensors(out / f'{name}.safetensors', {k: v.float() for k, v in state.items()}, kwargs)
    return [name, what, str(frames_used), floor]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--random', type=int, default=80, help='how many mixtures')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--api', action='store_true', help='make the models of tests/data/api instead')
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.api:
        make_api(args.out, args.seed)
        return
    rng = random.Random(args.seed)
    variants = {**VARIANTS, **KEPT, **{f'mix{i}': random_variant(rng) for i in range(args.random)}}
    rows = [['name', 'differs from the base', 'frames', 'floor']]
    rows += [make(name, changes, args.out, args.seed) for name, changes in variants.items()]
    (args.out / 'index.tsv').write_text(''.join('\t'.join(row) + '\n' for row in rows))


if __name__ == '__main__':
    main()
