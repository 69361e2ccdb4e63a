"""What two runs of a command line left, and how they differ.

A Run is an exit status (as a shell's; above 128 by a signal), the words on stdout and stderr, and the files. differences() gives
sentences; ALLOWED has those that README tells under "What is different on purpose", with the words of that list.
"""

from dataclasses import dataclass
import math
import os
import re
import struct
import subprocess

import numpy as np
import sphn

LEAST_SNR_DB = 90  # of float32 stems of models like these; float32 of the package against float64 reaches 110 and more
OFFICIAL_LINES = ('Selected model is a bag', 'Separated tracks will be stored', 'Separating track')


@dataclass
class Run:
    words: list
    status: int
    stdout: str
    stderr: str
    files: dict  # path -> bytes


@dataclass
class Audio:
    kind: str  # "wav 16", "flac 24", "mp3 320"
    rate: int
    samples: np.ndarray  # [channels][frames]
    step: float  # between two levels; 0 for floats


def decode_wav(data):
    at, fmt, body = 12, None, b''
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack('<I', data[at + 4 : at + 8])[0]
        chunk = data[at + 8 : at + 8 + size]
        if name == b'fmt ':
            fmt = struct.unpack('<HHIIHH', chunk[:16])
        elif name == b'data':
            body = chunk
        at += 8 + size + size % 2
    code, channels, rate, _, _, bits = fmt
    if code == 3 or (code == 0xFFFE and bits == 32):
        return Audio('wav float', rate, np.frombuffer(body, '<f4').reshape(-1, channels).T, 0)
    if bits == 16:
        return Audio('wav 16', rate, np.frombuffer(body, '<i2').reshape(-1, channels).T / 32767, 1 / 32767)
    wide = np.zeros((len(body) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
    return Audio('wav 24', rate, (wide.view('<i4')[:, 0] >> 8).reshape(-1, channels).T / 8388607, 1 / 8388607)


def mp3_frames(data):
    """kbit/s and rate of each frame."""
    one = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
    two = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
    at = 0
    while at + 4 <= len(data) and data[at] == 255 and data[at + 1] & 0xE6 == 0xE2 and data[at + 2] >> 4 < 15:
        version = data[at + 1] >> 3 & 3  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
        kbps = (one if version == 3 else two)[data[at + 2] >> 4]
        rate = [44100, 48000, 32000, 0][data[at + 2] >> 2 & 3] >> (0 if version == 3 else 1 if version == 2 else 2)
        if not rate or not kbps:
            return
        yield kbps, rate
        at += (144 if version == 3 else 72) * kbps * 1000 // rate + (data[at + 2] >> 1 & 1)


def decode(data, folder):
    """None where the bytes are no audio."""
    if data[:4] == b'RIFF':
        return decode_wav(data)
    if data[:4] == b'fLaC':
        bits = (int.from_bytes(data[18:26], 'big') >> 36 & 31) + 1
        (folder / 'x.flac').write_bytes(data)
        samples, rate = sphn.read(str(folder / 'x.flac'))
        return Audio(f'flac {bits}', int(rate), samples, 2.0 ** (1 - bits))
    at = 10 + sum((data[6 + i] & 127) << 7 * (3 - i) for i in range(4)) if data[:3] == b'ID3' else 0
    frames = list(mp3_frames(data[at:]))
    if len(frames) > 1:
        (folder / 'x.mp3').write_bytes(data)
        (folder / 'x.wav').unlink(missing_ok=True)
        words = ['ffmpeg', '-loglevel', 'quiet', '-i', folder / 'x.mp3', '-c:a', 'pcm_f32le', folder / 'x.wav']
        if subprocess.run(words, stdin=subprocess.DEVNULL).returncode == 0:
            audio = decode_wav((folder / 'x.wav').read_bytes())
            audio.kind = f'mp3 {frames[1][0]} at {frames[1][1]} Hz'  # the first frame may be a tag
            return audio
    return None


def snr_db(reference, other):
    noise, power = ((reference - other) ** 2).sum(), (reference**2).sum()
    return math.inf if noise == 0 else -math.inf if power == 0 else 10 * math.log10(power / noise)


def mp3_apart(theirs, ours):
    """Coded from other frames, by an encoder of another version: the same music is all that can be said. Ours is trimmed."""
    x, y = theirs.samples[0], ours.samples[0]
    size = 1 << (len(x) + len(y)).bit_length()
    lags = np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(y, size)), size)
    lag = int(lags.argmax())
    if lag > size // 2:
        lag -= size
    likeness = lags.max() / math.sqrt((x**2).sum() * (y**2).sum() + 1e-20)
    if (x**2).mean() < 1e-8:
        return None
    if likeness < 0.9:
        return f'sounds otherwise (likeness {likeness:.2f} at lag {lag})'
    return None if abs(lag) in (0, 1105) else f'begins {lag} frames apart'


def audio_apart(theirs, ours):
    """How two files of the same name differ, or None."""
    if theirs.kind != ours.kind:
        return f'{ours.kind} instead of {theirs.kind}'
    if theirs.rate != ours.rate:
        return f'{ours.rate} Hz instead of {theirs.rate} Hz'
    if len(theirs.samples) != len(ours.samples):
        return f'{len(ours.samples)} channels instead of {len(theirs.samples)}'
    if theirs.kind.startswith('mp3'):
        return mp3_apart(theirs, ours)
    if theirs.samples.shape != ours.samples.shape:
        return f'{ours.samples.shape[1]} frames instead of {theirs.samples.shape[1]}'
    x, y = theirs.samples.astype(np.float64), ours.samples.astype(np.float64)
    if not np.isfinite(x).all():
        return None if np.isfinite(y).all() else 'numbers that are not finite'
    if x.size and theirs.step and np.abs(x - y).max() <= 1.01 * theirs.step + 1e-5 * np.abs(x).max():
        return None
    reached = snr_db(x, y)
    return None if reached >= LEAST_SNR_DB or not x.size else f'{reached:.1f} dB apart'


def lines_of(run):
    return [line for line in run.stdout.split('\n') if line.startswith(OFFICIAL_LINES)]


def list_of(run):
    """What --list-models prints: its lines in any order, since that of a folder is none."""
    return sorted(line.strip() for line in run.stdout.split('\n') if line.strip())


def asks(words, *options):
    return any(w.split('=')[0] in options for w in words)


def differences(theirs, ours, folder):
    """Sentences."""
    found = []
    if ours.status > 128 or 'Sanitizer' in ours.stderr:
        found.append(f'crash: status {ours.status}')
    if (theirs.status == 0) != (ours.status == 0):
        found.append(f'status: {ours.status} instead of {theirs.status}')
    if ours.status != 0 and not ours.stderr.strip():
        found.append('silence: no word about what is wrong')
    if lines_of(theirs) != lines_of(ours) and theirs.status == 0:
        found.append(f'stdout: {lines_of(ours)} instead of {lines_of(theirs)}')
    if 'Bag of models:' in theirs.stdout and list_of(theirs) != list_of(ours):
        found.append(f'list: {list_of(ours)} instead of {list_of(theirs)}')
    if any('.partial-' in path for path in ours.files):
        found.append('a temporary file is left')
    if theirs.status == 0:
        if set(theirs.files) != set(ours.files):
            found.append(f'files: {sorted(set(ours.files) - set(theirs.files))} instead of {sorted(set(theirs.files) - set(ours.files))}')
    for path in sorted(set(theirs.files) & set(ours.files)):
        mine, other = decode(ours.files[path], folder), decode(theirs.files[path], folder)
        if mine is None:
            found.append(f'audio: {path} is no audio')
            continue
        if other is None:  # a file that the official program broke off
            continue
        if theirs.status == 0 or other.samples.shape == mine.samples.shape:
            why = audio_apart(other, mine)
            if why:
                found.append(f'audio: {path}: {why}')
    return found


def clipped(theirs, ours, folder):
    """The files are the same once ours is clipped as the official writer does it."""
    for path in set(theirs.files) & set(ours.files):
        mine, other = decode(ours.files[path], folder), decode(theirs.files[path], folder)
        mine.samples = mine.samples.clip(-1, 1)
        if audio_apart(other, mine):
            return False
    return True


def same_place(words):
    """Two tracks that are one file, or whose files are, or two stems of a track, or a stem and a track."""
    return re.search(r'would (both )?be written to|would overwrite|given twice', words) is not None


def renamed(run):
    """Files or folders with a number that no track has."""
    return any(re.search(r'-2(/|\.\w+$)', path) for path in run.files)


def given_twice(words):
    tracks = [os.path.normpath(word) for word in words if word.endswith('.wav')]
    return len(tracks) > len(set(tracks))


# (test of sentence, theirs, ours, folder; what README says)
ALLOWED = [
    (lambda says, t, o, f: says.startswith('status: 1') and 'does not exist' in t.stderr and 'does not exist' in o.stderr,
     'a track that is missing gives status 1'),
    (lambda says, t, o, f: 'dB apart' in says and asks(t.words, '--float32') and clipped(t, o, f),
     '--float32 --clip-mode none leaves samples beyond full scale as they are'),
    (lambda says, t, o, f: says.startswith(('status: 0', 'stdout')) and asks(t.words, '-d', '--device'), '-d is accepted and changes nothing'),
    (lambda says, t, o, f: says.startswith('status: 0') and asks(t.words, '--version', '--ver', '--vers'), 'options are added'),
    (lambda says, t, o, f: says.startswith('status: 0') and re.search(r"argument --segment: invalid int value: '[\d.]+'", t.stderr),
     '--segment takes fractions of a second'),
    (lambda says, t, o, f: says.startswith(('status: ', 'files', 'stdout', 'audio')) and o.status != 0 and same_place(o.stderr),
     'two tracks that would be written to the same place are not'),
    (lambda says, t, o, f: o.status == 0 and renamed(o), 'two tracks that would be written to the same place are not: the second is renamed'),
    (lambda says, t, o, f: says.startswith('stdout') and o.status == 0 and given_twice(t.words), 'a track that is given twice is done once'),
    (lambda says, t, o, f: says.startswith('audio') and ' frames ' in says and any(w.endswith('.mp3') for w in t.words),
     'MP3 and Ogg are trimmed of the encoder\'s delay'),
    (lambda says, t, o, f: says.startswith('status: 0') and re.search(r'unrecognized arguments: [^-]', t.stderr),
     'options may stand between tracks'),
    (lambda says, t, o, f: says.startswith(('status: 0', 'files', 'stdout')) and 'stem "" is not in selected model' in t.stderr,
     '--two-stems with an empty name takes back what the settings say'),
    (lambda says, t, o, f: re.search(r'unknown variable \{\w+!', o.stderr), 'conversions in --filename are refused'),
    (lambda says, t, o, f: 'argument --overlap' in o.stderr, '--overlap outside 0 to 0.99 is refused'),
    (lambda says, t, o, f: '.mp3: mp3 ' in says and '-5' in t.words, 'a negative --mp3-bitrate counts as 0'),
    (lambda says, t, o, f: 'one.wav' in t.words, 'single samples give a result or a sentence'),
]


def allowed(says, theirs, ours, folder):
    return next((why for test, why in ALLOWED if test(says, theirs, ours, folder)), None)
