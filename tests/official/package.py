"""The official package as it is: models with random weights in its file formats, and what it makes of a mix.

write() builds the models of a case (draw.py) with the official classes and writes them as the package does; stems() loads the
files again with the package's own functions and runs them in float32 and in float64: the distance of the two is the floor.
"""

from contextlib import contextmanager
from fractions import Fraction
import inspect
import json
import math
import random
import warnings

import numpy as np
import torch
from torch import nn
import yaml

from demucs.apply import BagOfModels, apply_model
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs, ScaledEmbedding
from demucs.hf import load_safetensors_model
from demucs.htdemucs import HTDemucs
from demucs.states import load_model
from demucs.transformer import LayerScale, ScaledEmbedding as PositionEmbedding
from diffq import DiffQuantizer, UniformQuantizer
from safetensors.torch import save_file

from draw import BASE

CLASSES = dict(HTDemucs=HTDemucs, HDemucs=HDemucs, Demucs=Demucs)


class Unfit(Exception):
    """The case says nothing: the official class gives no numbers."""


def plain(value):
    """A Fraction where the case has "3/20"."""
    return Fraction(value) if isinstance(value, str) and value.replace('/', '').isdigit() else value


def arguments(member):
    """args and kwargs of the constructor, the first ones by position where the case says so."""
    klass = CLASSES[member['class']]
    kwargs = {k: plain(v) for k, v in {**BASE[member['class']], **member['changes']}.items()}
    names = list(inspect.signature(klass).parameters.items())[: member['positional']]
    args = [kwargs.pop(name, parameter.default) for name, parameter in names]
    return klass, args, kwargs


def randomise(model, seed):
    """Weights of about unit gain; norms, biases and scales away from where they do nothing. All are float16 numbers."""
    generator = torch.Generator().manual_seed(seed)

    def randn(p, scale):
        return torch.randn(p.shape, generator=generator) * scale

    for mod in model.modules():
        if any(p.numel() == 0 for p in mod.parameters(recurse=False)):
            continue
        if isinstance(mod, LayerScale) or type(mod).__name__ == 'LayerScale':
            sizes = 0.1 + 0.4 * torch.rand(mod.scale.shape, generator=generator)
            mod.scale.data = sizes * (torch.randint(0, 2, mod.scale.shape, generator=generator) * 2 - 1)
        elif isinstance(mod, (nn.GroupNorm, nn.LayerNorm)):
            mod.weight.data, mod.bias.data = 1 + randn(mod.weight, 0.2), randn(mod.bias, 0.1)
        elif isinstance(mod, (nn.ConvTranspose1d, nn.ConvTranspose2d)):
            fan = mod.in_channels * max(1, mod.kernel_size[0] // mod.stride[0])
            mod.weight.data, mod.bias.data = randn(mod.weight, 1.3 / math.sqrt(fan)), randn(mod.bias, 0.1)
        elif isinstance(mod, (nn.Conv1d, nn.Conv2d, nn.Linear)):
            mod.weight.data = randn(mod.weight, 1.5 / math.sqrt(mod.weight[0].numel()))
            mod.bias.data = randn(mod.bias, 0.1)
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
    for p in model.state_dict().values():
        p.data.copy_(p.half().float())


def flatten(value, path, tensors):
    """A nested state as tensors with names and the structure that the Hub's files keep in their metadata."""
    if isinstance(value, torch.Tensor):
        tensors[path] = value.detach().clone().contiguous()
        return {'_tensor': path}
    if isinstance(value, dict):
        return {'_dict': [[key, flatten(item, f'{path}.{key}', tensors)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {f'_{type(value).__name__}': [flatten(item, f'{path}.{i}', tensors) for i, item in enumerate(value)]}
    if isinstance(value, type):
        return {'_class': f'{value.__module__}.{value.__qualname__}'}
    return value


def fraction(value):
    return {'_type': 'fraction', 'numerator': value.numerator, 'denominator': value.denominator}


def write_safetensors(path, klass, args, kwargs, state):
    metadata = dict(klass=f'{klass.__module__}.{klass.__qualname__}', args=json.dumps(args, default=fraction),
                    kwargs=json.dumps(kwargs, default=fraction))
    tensors = state
    if state.get('__quantized'):
        tensors = {}
        metadata['structure'] = json.dumps(flatten(state, 'state', tensors))
    save_file(tensors, path, metadata)


def state_of(model, format_):
    if format_ == 'uniform':
        state = UniformQuantizer(model, bits=6, min_size=0.001).get_quantized_state()
    elif format_.startswith('diffq'):
        sizes = [p.numel() for p in model.parameters() if p.numel() * 4 >= 0.003 * 2**20] or [0]
        group = math.gcd(8, *sizes)  # has to divide all that is quantised
        quantizer = DiffQuantizer(model, min_size=0.003, group_size=group)
        for parameter in quantizer._qparams:  # as training leaves them: groups of 2 to 14 bits (diffq loses those of 15)
            parameter.logit.data = (parameter.logit.data + torch.randn(parameter.logit.shape)).clamp(max=2.5)
        state = quantizer.get_quantized_state()
    else:
        return {k: v.clone() if format_.endswith('32') else v.half() for k, v in model.state_dict().items()}
    state['__quantized'] = True
    return state


def write_member(member, folder, name):
    """The file's path. Where the class cannot be built the file has its arguments and the tensors of the base."""
    klass, args, kwargs = arguments(member)
    known = {k: v for k, v in kwargs.items() if k in inspect.signature(klass).parameters}
    torch.manual_seed(member['weights'])
    try:
        model = klass(*args, **known)
    except Exception:  # noqa: whatever the class says; stems() will hear it again
        model = klass(**BASE[member['class']])
    randomise(model, member['weights'])
    format_ = member['format']
    state = state_of(model, format_)
    if 'safetensors' in format_:
        path = folder / f'{name}.safetensors'
        write_safetensors(path, klass, args, kwargs, state)
        return path
    path = folder / f'{name}.th'
    package = dict(klass=klass, args=tuple(args), kwargs=kwargs, state=state, training_args={'seed': 1})
    if format_.startswith('legacy'):
        torch.save(package, path, pickle_protocol=int(format_[-1]), _use_new_zipfile_serialization=False)
    else:
        torch.save(package, path)
    return path


def write(case, folder):
    """The file to load, a member or the bag's yaml, and the members' files."""
    members = [write_member(member, folder, f'a{i:07x}') for i, member in enumerate(case['members'])]
    if case['bag'] is None:
        return members[0], members
    content = dict(models=[path.stem for path in members], **{k: v for k, v in case['bag'].items() if v is not None})
    (folder / 'bag.yaml').write_text(yaml.safe_dump(content))
    return folder / 'bag.yaml', members


def load(path, members):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        models = [load_safetensors_model(p) if p.suffix == '.safetensors' else load_model(p) for p in members]
    if path.suffix != '.yaml':
        return models[0].eval()
    bag = yaml.safe_load(path.read_text())
    return BagOfModels(models, bag.get('weights'), bag.get('segment')).eval()


def make_mix(run, channels, rate):
    """[channels][frames]: tones that decay and noise, with a small offset; a stretch of silence where masks treat it specially."""
    generator, frames = np.random.default_rng(run['signal']), run['frames']
    t = np.arange(frames) / rate
    out = 0.03 * generator.standard_normal((channels, frames)) + 0.002
    for c in range(channels):
        for _ in range(6):
            tone = np.sin(2 * np.pi * generator.uniform(0.0012, 0.2) * rate * t + generator.uniform(0, 6))
            out[c] += 0.15 * tone * np.exp(-t * generator.uniform(1, 30))
    if run['silence']:
        out[:, frames // 3 : frames // 3 + frames // 4] = 0
    return out.astype(np.float32)


@contextmanager
def drawn(offsets):
    """apply_model draws the offsets of its shifts from here."""
    left, own = list(offsets), random.randint
    random.randint = lambda low, high: left.pop(0)
    try:
        yield
    finally:
        random.randint = own


def apply(model, mix, run, offsets):
    """apply_model, between the Separator's normalisation and its inverse if asked."""
    if run['normalize']:
        reference = mix.mean(0)
        mean, std = reference.mean(), reference.std() + 1e-8
        mix = (mix - mean) / std
    words = {k: run[k] for k in ('shifts', 'overlap', 'transition_power', 'split', 'segment')}
    with torch.no_grad(), drawn(offsets):
        stems = apply_model(model, mix[None], **words)[0]
    return stems * std + mean if run['normalize'] else stems


def offsets_of(case, rate):
    return [round(share * int(0.5 * rate)) for share in case['run']['offsets']]


def stems(model, mix, case):
    """float32 and float64, both as float64 [sources][channels][frames]."""
    offsets, x = offsets_of(case, model.samplerate), torch.from_numpy(mix)
    narrow = apply(model, x, case['run'], offsets).double().numpy()
    wide = apply(model.double(), x.double(), case['run'], offsets).double().numpy()
    if not (np.isfinite(narrow).all() and np.isfinite(wide).all()):
        raise Unfit('numbers that are not finite')
    return narrow, wide
