#!/usr/bin/env python3
"""Make the models of tests/data/api: four tiny HTDemucs and a bag that takes each stem from one of them, like the released htdemucs_ft.

    tests/official/make_api_models.py FOLDER

Makes itself an environment with the official package (environment.py). The tensors are those of the files in the tree.
"""

from fractions import Fraction
import hashlib
from pathlib import Path
import sys

import environment

environment.enter()

import torch
import yaml

import draw
import package

ARGUMENTS = dict(sources=draw.FOUR, channels=2, nfft=256, depth=2, segment=Fraction(2, 5), t_layers=1, t_heads=1, dconv_comp=2, dconv_mode=3,
                 norm_starts=4, bottom_channels=4, samplerate=8000)


def main():
    folder, names = Path(sys.argv[1]), [f'{0xA0000000 + k:08x}' for k in range(4)]
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        model = package.HTDemucs(**ARGUMENTS)
        package.randomise(model, int(hashlib.sha256(f'1/{name}'.encode()).hexdigest()[:8], 16))
        state = {k: v.half() for k, v in model.state_dict().items()}
        package.write_safetensors(folder / f'{name}.safetensors', package.HTDemucs, [], ARGUMENTS, state)
    hot = [[float(k == m) for k in range(4)] for m in range(4)]
    (folder / 'bag.yaml').write_text(yaml.safe_dump(dict(models=names, weights=hot)))


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
