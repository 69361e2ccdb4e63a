#!/usr/bin/env python3
"""Random models through the official classes and through ours.

    tests/official/models.py [--count N] [--minutes N] [--seed N] [--library build/libdemucs.so] [--verbose] [--case JSON]

Not part of `make check`: it makes itself an environment with the official package (environment.py; 5.5 GB, once) and runs for as
long as it is told to, a few hundred models in ten minutes. Each model has random constructor arguments (draw.py), random
weights, one of the official file formats, perhaps companions in a bag, and a mix. The package loads the file and separates the mix
in float32 and in float64; ours loads the same file and separates it with one thread in one piece, and with some threads, jobs and
pieces. What can come of it:

    right        within 10 dB of the floor (the SNR of the package's own float32 to its float64), the same bits both times
    refused      by both
    known        one of the two refuses, for a reason of the lists below, which README or MODEL.md tell
    unfit        the package gives numbers that are not finite, or nothing in 40 seconds: ours may do anything but crash or give such numbers
    DIFFERENCE   anything else. It is made smaller, argument by argument, while it stays one, and printed as a command

Ends with a line of sums; the exit status is 1 after a difference.
"""

import argparse
from collections import Counter
import copy
import json
import math
from pathlib import Path
import random
import re
import signal
import sys
import tempfile
import time
import warnings

import environment

environment.enter()

import numpy as np
import torch

import draw
from ours import Ours
import package

MARGIN_DB = 10
HIGHEST_DB = 125  # a floor above it is luck
PATIENCE = 40  # seconds for the package

# What ours refuses and the official class runs: the sentence, and where that is told.
REFUSED_BY_OURS = {
    r'sparse': 'sparse attention (README)',
    r'Wiener filtering works on one or two': 'Wiener filtering of more than two channels (README)',
    r'multi_freqs.*kernel_size of twice': 'multi_freqs whose kernel is not twice the stride (README)',
    r'nfft': 'an nfft that is no multiple of 8 or has a large prime factor (README)',
}

# What the official class fails on and ours runs: a test of the case and of its error, and why that is no matter.
REFUSED_BY_OFFICIAL = [
    (lambda case, says: 'loading state_dict for Demucs' in says, 'Demucs renames tensors of its older version (MODEL.md)'),
    (lambda case, says: 'to unpack the object at pos' in says and transformer_of_floats(case), 'growth is no integer beside a transformer (MODEL.md)'),
    (lambda case, says: 'Padding size should be less' in says, 'no time branch and a chunk of half an nfft or less (MODEL.md)'),
    (lambda case, says: 'more than 1 value per channel' in says, 'a norm over a single value (MODEL.md)'),
    (lambda case, says: "Kernel size can't be greater" in says, 'a chunk too short for a kernel (MODEL.md)'),
    (lambda case, says: says.startswith('AssertionError: (') and any(m['changes'].get('time_stride') in (1, 3) for m in case['members']),
     'an odd time_stride on some lengths (MODEL.md)'),
    (lambda case, says: case['run']['frames'] == 1 and case['run']['normalize'], 'the deviation of one sample (README)'),
]


def transformer_of_floats(case):
    return any(m['class'] == 'HTDemucs' and isinstance(m['changes'].get('growth'), float) for m in case['members'])


def too_slow(*_):
    raise package.Unfit('takes the package too long')


def snr_db(reference, other):
    noise, power = ((reference - other) ** 2).sum(), (reference**2).sum()
    return math.inf if noise == 0 else -math.inf if power == 0 else 10 * math.log10(power / noise)


class Comparison:
    def __init__(self, library, folder):
        self.folder, self.ours, self.margins = Path(folder), Ours(library, folder), []

    def official(self, path, members, case):
        """('stems', narrow, wide), ('refused', sentence) or ('unfit', why); and the mix."""
        channels, rate = 2, 44100
        for member in case['members'][:1]:
            _, args, kwargs = package.arguments(member)
            channels, rate = kwargs.get('audio_channels', 2), kwargs.get('samplerate', 44100)
            channels = args[1] if len(args) > 1 else channels
        mix = package.make_mix(case['run'], channels, rate)
        offsets = package.offsets_of(case, rate)
        signal.alarm(PATIENCE)
        try:
            return ('stems', *package.stems(package.load(path, members), mix, case)), mix, offsets
        except package.Unfit as error:
            return ('unfit', str(error)), mix, offsets
        except Exception as error:  # noqa: whatever the class says
            return ('refused', f'{type(error).__name__}: {" ".join(str(error).split())[:300]}'), mix, offsets
        finally:
            signal.alarm(0)

    def verdict(self, case, settings):
        """(kind, words)."""
        for old in self.folder.iterdir():
            old.unlink()
        path, members = package.write(case, self.folder)
        (kind, *official), mix, offsets = self.official(path, members, case)
        run = case['run']
        words = dict(shifts=run['shifts'], overlap=run['overlap'], transition_power=run['transition_power'], split=run['split'],
                     normalize=run['normalize'], segment_seconds=run['segment'] or 0.0)
        what, ours, same = self.ours.run(path, mix, [{**words, **s} for s in settings], offsets)
        if what == 'crash':
            return 'DIFFERENCE', f'crash: {ours}'
        if what == 'stems' and not same:
            return 'DIFFERENCE', f'bits: others with {settings[1]}'
        if what == 'stems' and not np.isfinite(ours).all():
            return 'DIFFERENCE', 'finite: ours gives numbers that are not finite'
        if kind == 'unfit':
            return 'unfit', official[0]
        if kind == 'refused' and what == 'refused':
            return 'refused', official[0]
        if what == 'refused':
            why = next((why for pattern, why in REFUSED_BY_OURS.items() if re.search(pattern, ours)), None)
            return ('known', why) if why else ('DIFFERENCE', f'refused: ours says "{ours}"')
        if kind == 'refused':
            why = next((why for test, why in REFUSED_BY_OFFICIAL if test(case, official[0])), None)
            return ('known', why) if why else ('DIFFERENCE', f'accepted: the official class says {official[0]}')
        narrow, wide = official
        if ours.shape != wide.shape:
            return 'DIFFERENCE', f'shape: {ours.shape} instead of {wide.shape}'
        floor, reached = snr_db(wide, narrow), snr_db(wide, ours.astype(np.float64))
        if reached < min(floor, HIGHEST_DB) - MARGIN_DB and (wide**2).sum() > 0:
            return 'DIFFERENCE', f'audio: {reached:.1f} dB, the floor is {floor:.1f} dB'
        if floor < HIGHEST_DB:
            self.margins.append(reached - floor)
        return 'right', f'{reached:.1f} dB, the floor is {floor:.1f} dB'


def smaller(case):
    """The case with one thing fewer, in all ways."""
    for i in range(len(case['members'])):
        if len(case['members']) > 1:
            less = copy.deepcopy(case)
            less['members'] = [case['members'][i]]
            less['bag'], less['run']['offsets'] = None, case['run']['offsets'][: case['run']['shifts']]
            yield less
    plain_run = dict(shifts=0, overlap=0.25, transition_power=1, split=True, segment=None, normalize=False, silence=False)
    for word, value in plain_run.items():
        if case['run'][word] != value:
            less = copy.deepcopy(case)
            less['run'][word] = value
            if word == 'shifts':
                less['run']['offsets'] = []
            yield less
    for i, member in enumerate(case['members']):
        for word in list(member['changes']):
            less = copy.deepcopy(case)
            del less['members'][i]['changes'][word]
            yield less
        for word, value in (('format', 'safetensors'), ('positional', 0)):
            if member[word] != value:
                less = copy.deepcopy(case)
                less['members'][i][word] = value
                yield less
    for word in case['bag'] or {}:
        if case['bag'][word] is not None:
            less = copy.deepcopy(case)
            less['bag'][word] = None
            yield less


def minimise(comparison, case, settings, words):
    sort, again, patience = words.split(':')[0], True, time.time() + 120
    while again and time.time() < patience:
        again = False
        for less in smaller(case):
            kind, said = comparison.verdict(less, settings)
            if kind == 'DIFFERENCE' and said.split(':')[0] == sort:
                case, words, again = less, said, True
                break
    return case, words


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=300)
    parser.add_argument('--minutes', type=float, default=30)
    parser.add_argument('--seed', type=int, default=random.randrange(10**6))
    parser.add_argument('--library', type=Path, default=environment.BUILD / 'libdemucs.so')
    parser.add_argument('--verbose', action='store_true', help='a line for each model')
    parser.add_argument('--case', help='one case, as it was printed')
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    signal.signal(signal.SIGALRM, too_slow)
    rng, sums, reasons, end = random.Random(options.seed), Counter(), Counter(), time.time() + 60 * options.minutes
    print(f'seed {options.seed}', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(options.library.resolve(), folder)
        if options.case:
            kind, words = comparison.verdict(json.loads(options.case), draw.draw_settings(rng))
            print(f'{kind}: {words}')
            sys.exit(kind == 'DIFFERENCE')
        for number in range(options.count):
            if time.time() > end:
                break
            case, settings = draw.draw(rng), draw.draw_settings(rng)
            kind, words = comparison.verdict(case, settings)
            sums[kind] += 1
            if options.verbose:
                print(f'{number} {kind}: {words}', flush=True)
            if kind == 'known':
                reasons[words] += 1
            if kind == 'DIFFERENCE':
                case, words = minimise(comparison, case, settings, words)
                print(f"\nDIFFERENCE {number}: {words}\n    {sys.argv[0]} --seed {options.seed} --case '{json.dumps(case)}'", flush=True)
    margins = sorted(comparison.margins) or [0]
    for why, count in reasons.most_common():
        print(f'known, {count}: {why}')
    print(f'dB above the floor: median {margins[len(margins) // 2]:.1f}, least {margins[0]:.1f}')
    print(f'seed {options.seed}, {sum(sums.values())} models: ' + ', '.join(f'{n} {kind}' for kind, n in sums.most_common()))
    sys.exit(sums['DIFFERENCE'] > 0 or not sums['right'])


if __name__ == '__main__':
    main()
