"""Weights and signals of the golden cases, made from their names: the twin of tests/golden/generated.c, bit for bit."""
import math

import numpy as np

BELL = 37837.0
TONES = 6


def words(key, indices):
    """Numbers `indices` of the series `key`: splitmix64."""
    with np.errstate(over='ignore'):
        z = np.uint64(key) + (np.asarray(indices, np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return z ^ z >> np.uint64(31)


def key_of(name):
    key = 0xCBF29CE484222325  # FNV-1a
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 % 2**64
    return key


def bell(z):
    part = lambda shift: (z >> np.uint64(shift) & np.uint64(0xFFFF)).astype(np.int64)
    return part(0) + part(16) + part(32) + part(48) - 131070


def spread(name, shape):
    """Mean and standard deviation of a tensor's values."""
    if name.endswith('.scale'):  # LayerScale
        return 0.3, 0.1
    if name.endswith('query_decay.bias'):
        return -2, 0.5
    if len(shape) == 1:
        return (1, 0.2) if name.endswith('.weight') else (0, 0.1)
    if 'embedding.weight' in name:
        return 0, 0.12
    if 'lstm.weight' in name:
        return 0, 1.2 / math.sqrt(shape[1])
    return 0, 1.5 / math.sqrt(math.prod(shape) / shape[0])


def tensor(model, name, shape):
    mean, deviation = spread(name, shape)
    z = words(key_of(f'{model}/{name}'), np.arange(math.prod(shape)))
    values = np.float32(mean) + bell(z).astype(np.float32) * np.float32(deviation / BELL)
    return values.astype(np.float16).astype(np.float32).reshape(shape)


def signal(name, channels, frames):
    """[channels][frames]; "NAME~A-B" has silence in the frames [A, B), "NAME.low" deep tones and hardly any noise."""
    stem, _, silence = name.partition('~')
    low = stem.endswith('.low')
    i = np.arange(frames, dtype=np.uint64)
    out = np.empty((channels, frames), np.float32)
    for c in range(channels):
        key = key_of(f'{stem}:{c}')
        total = 0.002 + (0.001 if low else 0.03) * (bell(words(key, 1000 + i)) / BELL)
        for t in range(TONES):
            pitch, phase, fall = (int(w) for w in words(key, [3 * t, 3 * t + 1, 3 * t + 2]))
            step, decay = (5000000 + pitch % 850000000) // (16 if low else 1), (1 + fall % 30) / 44100.0
            turn = (np.uint64(phase % 2**32) + np.uint64(step) * i) % np.uint64(2**32)
            p = turn.astype(np.float64) / 4294967296.0 - 0.5
            total = total + 0.15 * (16 * p * (0.5 - np.abs(p))) / (1 + decay * i.astype(np.float64))
        out[c] = total.astype(np.float32)
    if silence:
        first, last = (int(n) for n in silence.split('-'))
        out[:, first:last] = 0
    return out
