#!/usr/bin/env python3
"""Make what the golden tests expect: for every case what the official package computes, and the floor.

    PYTHONPATH=folder-with-the-official-demucs-package tools/make-golden.py [--case WORD]

Run it in the root of the tree. Needs what the package needs: torch, numpy, einops, julius, safetensors, yaml, diffq. It
reads the cases.tsv of tests/data/golden and tests/data/golden_families, writes the outputs that they name, computed in
float64, thinned (see thin), and puts the floor into the line of each case: the SNR of the same in float32. (Cases of kind
`separate` are computed in float32, as Separator does, and keep their floor.) It also writes the activations of ht4, dm3 and
hd_deep. A new case is a new line, with any floor, and a run of this.
"""
import argparse
from contextlib import contextmanager
from fractions import Fraction
import importlib
import json
import math
from pathlib import Path
import random
from types import SimpleNamespace

import numpy as np
import torch
import yaml

from demucs.api import Separator
from demucs.apply import BagOfModels, apply_model
from demucs.hf import load_safetensors_model
from golden_generated import signal, tensor

DATA = Path('tests/data')
GENERATED_BAG = DATA / 'golden_families/bag.yaml'  # is generated/hd_bag.yaml


def decode(value):
    return Fraction(value['numerator'], value['denominator']) if isinstance(value, dict) else value


class Models:
    def __init__(self):
        lines = (DATA / 'golden/models.tsv').read_text().splitlines()[1:]
        self.rows = {name: (klass, arguments) for name, klass, arguments, _ in (line.split('\t') for line in lines)}

    def make(self, name):
        dotted, arguments = self.rows[name]
        module, klass = dotted.rsplit('.', 1)
        model = getattr(importlib.import_module(module), klass)(**{k: decode(v) for k, v in json.loads(arguments).items()}).eval()
        # not Demucs' own load_state_dict, which renames tensors of its second version
        torch.nn.Module.load_state_dict(model, {k: torch.from_numpy(tensor(name, k, tuple(v.shape))) for k, v in model.state_dict().items()})
        return model

    def of_case(self, path):
        """A generated model, or one whose file is in the tree, or a bag of either."""
        path = Path(path)
        generated = path.parent.name == 'generated'
        if path.suffix == '.yaml':
            bag = yaml.safe_load((GENERATED_BAG if generated else DATA / path).read_text())
            members = [self.of_case(path.with_name(f'{name}.safetensors')) for name in bag['models']]
            return BagOfModels(members, bag.get('weights'), bag.get('segment'))
        return self.make(path.stem) if generated else load_safetensors_model(DATA / path).eval()


def thin_step(planes):
    """The smallest prime of at least three times as many. Plane p is kept from frame p * step / planes on, every
    step-th: together the planes look at every third or fourth frame."""
    step = 3 * planes
    while any(step % k == 0 for k in range(2, step)):
        step += 1
    return step


def thin(y):
    planes = y.reshape(-1, y.shape[-1])
    step, count = thin_step(len(planes)), len(planes)
    return np.concatenate([planes[p, p * step // count :: step] for p in range(count)]).astype('<f4')


def snr_db(reference, other):
    noise = ((reference - other) ** 2).sum()
    return math.inf if noise == 0 else 10 * math.log10((reference**2).sum() / noise)


@contextmanager
def offsets_drawn(offsets):
    """apply_model draws the offsets of its shifts from here."""
    drawn, own = iter(offsets), random.randint
    random.randint = lambda low, high: next(drawn)
    yield
    random.randint = own


def run(model, kind, x, options):
    if kind == 'forward':
        return model(x[None])[0]
    words = dict(word.split('=') for word in options.split(';'))
    drawn = [int(n) for n in words.pop('offsets', '').split(',') if n]
    kw = {k: v == 'True' if k == 'split' else int(v) if k == 'shifts' else float(v) for k, v in words.items()}
    with offsets_drawn(drawn):
        return apply_model(model, x[None], **kw)[0]


def both(model, kind, x, options):
    """The result in float32 and in float64, as float64."""
    with torch.no_grad():
        narrow = run(model, kind, x, options).double().numpy()
        model.double()
        wide = run(model, kind, x.double(), options).numpy()
        model.float()
    if not np.isfinite(wide).all() or not np.isfinite(narrow).all():
        raise ValueError('the result is not finite')
    return narrow, wide


def separate(model, x, options):
    """What Separator.separate_tensor gives, and the mix that it separated."""
    words = dict(word.split('=') for word in options.split(';'))
    stems = dict(_model=model, _segment=None, _shifts=int(words['shifts']), _split=True, _overlap=float(words['overlap']), _device='cpu',
                 _jobs=0, _callback=None, _callback_arg={}, _progress=False, samplerate=model.samplerate, _samplerate=model.samplerate,
                 _audio_channels=model.audio_channels)
    with torch.no_grad():
        mix, separated = Separator.separate_tensor(SimpleNamespace(**stems), x, int(words['sr']))
    return mix.numpy(), torch.stack([separated[name] for name in model.sources]).numpy()


def make_cases(folder, models, word):
    path = DATA / folder / 'cases.tsv'
    rows = [line.split('\t') for line in path.read_text().splitlines()]
    floors = {}
    for row in rows[1:]:
        name, kind, file, source, frames, options, output, _ = row
        if word not in name:
            continue
        model = models.of_case(file)
        channels = (model.models[0] if isinstance(model, BagOfModels) else model).audio_channels
        x = torch.from_numpy(signal(source, channels, int(frames)) if source != '-' else np.zeros((channels, int(frames)), 'f4'))
        if kind == 'separate':
            mix, wide = separate(model, x, options)
            if mix.shape[1] != x.shape[1]:
                np.save(DATA / folder / f'{name}.mix.npy', thin(mix))
            np.save(DATA / folder / output, thin(wide))
            continue
        narrow, wide = both(model, kind, x, options)
        np.save(DATA / folder / output, thin(wide))
        row[-1] = f'{snr_db(wide, narrow):.1f}'
        print(name, row[-1], f'rms {np.sqrt((wide**2).mean()):.3g}', flush=True)
    path.write_text(''.join('\t'.join(row) + '\n' for row in rows))


# ---------------------------------------------------------------- activations

def keep_positions(value):
    """None for all of the last axis when that is little, else some from end to end."""
    length = value.shape[-1]
    rows = value.size // length
    if rows >= 4096:
        return np.array([length // 2])
    count = max(3, 1536 // rows)
    return None if count >= length else np.unique(np.linspace(0, length - 1, count).round().astype(np.int64))


def make_stages(models, name, frames, stages, file):
    """The output of each module in `stages` ("NAME:in": its input)."""
    model, kept, hooks = models.make(name), {}, []

    def keep(stage, value):
        value = (value[0] if isinstance(value, tuple) else value).detach().float().numpy()
        positions = keep_positions(value)
        if positions is not None:
            kept[f'{stage}@t'] = positions
            value = value[..., positions]
        kept[stage] = value.copy()

    for stage in stages:
        module, _, inward = stage.partition(':')
        module = model.get_submodule(module)
        if inward:
            hooks.append(module.register_forward_pre_hook(lambda m, args, stage=stage: keep(stage, args[0])))
        else:
            hooks.append(module.register_forward_hook(lambda m, args, y, stage=stage: keep(stage, y)))
    with torch.no_grad():
        model.double()(torch.from_numpy(signal(name, model.audio_channels, frames))[None].double())
    np.savez(DATA / file, **kept)


def levels(*counts):
    return [f'{branch}.{i}' for branch, count in counts for i in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--case', default='', help='only the cases whose name holds this word, without the activations; "stages": only those')
    args = parser.parse_args()
    torch.set_num_threads(1)
    models = Models()
    for folder in ('golden', 'golden_families'):
        make_cases(folder, models, args.case)
    if args.case and args.case != 'stages':
        return
    inputs = ['encoder.0:in', 'encoder.1:in', 'tencoder.0:in']
    transformer = [f'crosstransformer.{part}{branch}' for branch in ('', '_t') for part in ['norm_in']] + \
        [f'crosstransformer.layers{branch}.{i}' for branch in ('', '_t') for i in range(5)]
    make_stages(models, 'ht4', 35280, inputs + levels(('encoder', 4), ('tencoder', 4), ('decoder', 4), ('tdecoder', 4))
                + ['channel_upsampler', 'channel_upsampler_t'] + transformer, 'golden/ht4.stages.npz')
    make_stages(models, 'dm3', 22050, ['encoder.0:in'] + levels(('encoder', 6), ('decoder', 6)), 'golden/demucs/dm3.stages.npz')
    make_stages(models, 'hd_deep', 1501, inputs + levels(('encoder', 7), ('tencoder', 4), ('decoder', 7), ('tdecoder', 4)),
                'golden_families/hd_deep.stages.npz')


if __name__ == '__main__':
    main()
