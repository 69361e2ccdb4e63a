#!/usr/bin/env python3
"""Make the data of tests/golden_families: small random HDemucs models, and what the official package makes of a test
signal with them. With --random N a larger set of arbitrary mixtures of constructor arguments instead, to compare with by
hand.

    PYTHONPATH=folder-with-the-official-demucs-package tools/make-golden-hdemucs.py --out DIR [--random N] [--seed N]

Needs what make-golden-variants.py needs, whose functions it uses. Everything expected is computed in float64; the floor of a
case is the SNR of the same in float32.
"""
import argparse
import hashlib
import importlib.util
from pathlib import Path
import random

import numpy as np
import torch

from demucs.apply import BagOfModels, apply_model
from demucs.hdemucs import HDemucs

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location('variants', HERE / 'make-golden-variants.py')
variants = importlib.util.module_from_spec(spec)
spec.loader.exec_module(variants)

FOUR = variants.FOUR
BASE = dict(sources=['drums', 'rest'], channels=8, growth=1, nfft=1024, depth=5, segment=0.1, dconv_comp=2, norm_groups=2)
SMALL = dict(nfft=64, kernel_size=4, stride=2)  # many steps for few frames: the LSTMs cut, Wiener filtering has windows

# name -> what differs from BASE, `frames`: of the forward pass, a segment where not given
KEPT = {
    'deep': dict(depth=7, channels_time=16, context=2, context_enc=1, frames=1501),
    'old': dict(hybrid_old=True, dconv_mode=3, sources=FOUR),
    'cut': dict(**SMALL, depth=6, norm_starts=3, dconv_attn=9, time_stride=3, freq_emb=-0.4, emb_scale=3, frames=4390),
    'wiener': dict(**SMALL, depth=5, cac=False, wiener_iters=2, end_iters=2, wiener_residual=True, hybrid_old=True, frames=5001),
    'wiener0': dict(cac=False, sources=FOUR, frames=3001),
    'phase': dict(cac=False, wiener_iters=-1, end_iters=-1, audio_channels=1, frames=1537),
    'multi': dict(multi_freqs=[0.3, 0.6], dconv_mode=3, dconv_lstm=1, dconv_attn=1, frames=3001),
    'plain': dict(audio_channels=5, sources=['vocals'], rewrite=False, dconv_mode=0, norm_starts=0, norm_groups=1, freq_emb=None, frames=3001),
    'dconv': dict(dconv_depth=-3, dconv_attn=0, dconv_lstm=9, norm_starts=1, norm_groups=4, samplerate=8000, segment=0.3),
    'freq': dict(hybrid=False, depth=7, cac=False, wiener_iters=1, frames=3001),
    'freq_shallow': dict(hybrid=False, depth=2, dconv_lstm=1, dconv_attn=1, frames=700),
    'one': dict(frames=1), 'short': dict(frames=257), 'old_short': dict(hybrid_old=True, frames=700),
}
STAGES = 'deep'


def random_variant(rng):
    """A mixture of arguments that mostly fit together."""
    pick = rng.choice
    nfft = pick([64, 128, 256, 512, 1024, 1024, 2048])
    kernel, stride = pick([(8, 4), (8, 4), (4, 2)]) if nfft <= 256 else (8, 4)
    freqs, merge = nfft // 2, 0  # levels down to the merge
    while freqs > 1:
        merge += 1
        freqs = 1 if freqs <= kernel else freqs // stride
    hybrid = rng.random() < 0.75
    depth = merge + pick([0, 1, 2]) if hybrid or rng.random() < 0.4 else pick(range(1, merge + 1))
    kw = dict(channels=pick([4, 8, 8]), nfft=nfft, kernel_size=kernel, stride=stride, hybrid=hybrid, depth=depth,
              growth=pick([1, 1, 2, 1.5]) if depth < 7 else 1, channels_time=pick([None, None, 4, 8]), sources=FOUR[:pick([1, 2, 3, 4])],
              audio_channels=pick([1, 2, 2, 2]), rewrite=pick([True, True, False]), context=pick([0, 1, 1, 2]), context_enc=pick([0, 0, 1]),
              norm_starts=pick([0, 1, 2, 3, 4, 4, 9]), norm_groups=pick([1, 2]), dconv_mode=pick([0, 1, 1, 2, 3]), dconv_depth=pick([1, 2, 2, 3, -2]),
              dconv_comp=pick([1, 2]), dconv_attn=pick([0, 1, 2, 3, 4, 9]), dconv_lstm=pick([0, 1, 2, 3, 4, 9]), freq_emb=pick([0, None, 0.2, -0.5]),
              emb_scale=pick([1, 10, 3.5]), time_stride=pick([2, 2, 1, 3, 4]), frames=pick([4410, 4410, 1, 50, 600, 2345, 4001, 9999]))
    if hybrid and rng.random() < 0.3:
        kw.update(hybrid_old=True)
    if rng.random() < 0.4:
        n = pick([-1, 0, 1, 2])
        kw.update(cac=False, wiener_iters=n, end_iters=n, wiener_residual=pick([True, False]))
    if kw['norm_starts'] > 0 and rng.random() < 0.3:
        kw.update(multi_freqs=pick([[0.5], [0.3, 0.6]]), multi_freqs_depth=min(kw['norm_starts'], pick([1, 2]), max(1, merge - 1)))
    return kw


def thin(y):
    return np.ascontiguousarray(y.float().numpy()[..., ::3])


class Maker:
    def __init__(self, out, seed):
        self.out, self.seed, self.rows, self.models = out, seed, [], {}
        (out / 'models').mkdir(parents=True, exist_ok=True)

    def number(self, name):
        return int(hashlib.sha256(f'{self.seed}/{name}'.encode()).hexdigest()[:8], 16)

    def signal(self, name, model, frames):
        x = variants.signal(model.audio_channels, frames, model.samplerate, np.random.default_rng(self.number(name)))
        np.save(self.out / f'{name}.input.npy', x.numpy())
        return x

    def row(self, name, kind, model, source, frames, options, y32, y64):
        np.save(self.out / f'{name}.npy', thin(y64))
        floor = variants.snr_db(y64, y32)
        self.rows.append([name, kind, f'golden_families/models/{model}', f'{source}.input.npy', str(frames), options, f'{name}.npy', f'{floor:.1f}'])

    def forward(self, name, changes):
        kwargs = {**BASE, **changes}
        frames = kwargs.pop('frames', None) or int(kwargs['segment'] * kwargs.get('samplerate', 44100))
        torch.manual_seed(self.number(name))
        model = HDemucs(**kwargs).eval()
        variants.randomise(model, torch.Generator().manual_seed(self.number(name)))
        variants.write_safetensors(self.out / 'models' / f'{name}.safetensors', model.state_dict(), kwargs, HDemucs)
        self.models[name] = model
        x = self.signal(name, model, frames)
        with torch.no_grad():
            y32 = model(x[None])[0]
            y64 = self.double(model, lambda: model(x[None].double())[0])
        if not (y32.isfinite().all() and y64.isfinite().all()):
            raise ValueError('the result is not finite')
        self.row(name, 'forward', f'{name}.safetensors', name, frames, '-', y32, y64)
        if name == STAGES:
            self.stages(model, x)

    @staticmethod
    def double(model, run):
        model.double()
        y = run()
        model.float()
        return y

    def stages(self, model, x):
        """The output of every encoder and decoder by its name, and three inputs, computed in float64."""
        kept = {}

        def keep(name, value):
            kept[name] = value.detach().float().clone().numpy()

        def output(name):
            return lambda module, args, y: keep(name, y[0] if isinstance(y, tuple) else y)

        def input_of(name):
            return lambda module, args: keep(f'{name}:in', args[0])
        hooks = [module.register_forward_hook(output(f'{branch}.{i}')) for branch in ('encoder', 'tencoder', 'decoder', 'tdecoder')
                 for i, module in enumerate(getattr(model, branch))]
        hooks += [model.get_submodule(name).register_forward_pre_hook(input_of(name)) for name in ('encoder.0', 'encoder.1', 'tencoder.0')]
        with torch.no_grad():
            self.double(model, lambda: model(x[None].double()))
        for hook in hooks:
            hook.remove()
        np.savez(self.out / f'{STAGES}.stages.npz', **kept)

    def apply(self, name, model, file, source, frames, options, **kw):
        x = torch.from_numpy(np.load(self.out / f'{source}.input.npy'))[None, :, :frames]
        with torch.no_grad():
            y32 = apply_model(model, x, shifts=0, **kw)[0]
            y64 = self.double(model, lambda: apply_model(model, x.double(), shifts=0, **kw)[0])
        self.row(name, 'apply', file, source, frames, options, y32, y64)

    def separations(self):
        old, wiener0 = self.models['old'], self.models['wiener0']
        self.signal('long', old, 10007)
        self.apply('old.apply', old, 'old.safetensors', 'long', 10007, 'shifts=0;overlap=0.25')
        self.apply('old.nosplit', old, 'old.safetensors', 'long', 7001, 'shifts=0;split=False', split=False)
        self.apply('old.segment', old, 'old.safetensors', 'long', 8003, 'shifts=0;overlap=0.1;segment=0.07', overlap=0.1, segment=0.07)
        weights = [[1., 1., 0., 0.], [0., 1., 0.5, 2.]]
        (self.out / 'models' / 'bag.yaml').write_text(f'models: [old, wiener0]\nweights: {weights}\nsegment: 0.08\n')
        self.apply('bag.apply', BagOfModels([old, wiener0], weights, 0.08), 'bag.yaml', 'long', 9001, 'shifts=0;overlap=0.25')

    def write_cases(self):
        head = ['case', 'kind', 'model', 'input', 'frames', 'options', 'output', 'floor']
        (self.out / 'cases.tsv').write_text(''.join('\t'.join(row) + '\n' for row in [head] + self.rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--random', type=int, default=0)
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    maker, rng = Maker(args.out, args.seed), random.Random(args.seed)
    for i in range(args.random):
        changes = random_variant(rng)
        try:
            maker.forward(f'mix{i}', changes)
        except Exception as error:  # whatever the official class says
            print(f'mix{i}: official fails: {type(error).__name__}: {" ".join(str(error).split())[:100]}')
    if args.random == 0:
        for name, changes in KEPT.items():
            maker.forward(name, changes)
        maker.separations()
    maker.write_cases()


if __name__ == '__main__':
    main()
