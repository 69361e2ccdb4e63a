"""What the command lines are made of: models, tracks, and the lines themselves, hand-picked and random."""

import struct
import subprocess

import numpy as np
import yaml

import draw
import package

RATE = 44100


def write_models(folder):
    """A repository as the official --repo takes it: two transformers (one with its checksum), a waveform network, bags, and broken ones."""
    import hashlib

    small = dict(sources=draw.FOUR, segment=0.4)
    for name, klass, changes in (('aaaa0001', 'HTDemucs', {}), ('aaaa0002', 'HTDemucs', {}), ('bbbb0001', 'Demucs', {}),
                                 ('dddd0001', 'HTDemucs', dict(segment=2))):
        member = {'class': klass, 'changes': {**small, **changes}, 'format': 'th', 'positional': 0, 'weights': int(name, 16) % 9973}
        package.write_member(member, folder, name)
    named = folder / 'aaaa0002.th'
    named.rename(folder / f'aaaa0002-{hashlib.sha256(named.read_bytes()).hexdigest()[:8]}.th')
    hot = [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    bags = dict(
        bag=dict(models=['aaaa0001', 'aaaa0002'], weights=hot),
        mixed=dict(models=['aaaa0001', 'bbbb0001'], weights=[[0.5, 1, 2, 0.25]] * 2),
        segmented=dict(models=['bbbb0001', 'bbbb0001'], segment=1),
        lost=dict(models=['aaaa0001', 'cccc0001']),
    )
    for name, content in bags.items():
        (folder / f'{name}.yaml').write_text(yaml.safe_dump(content))
    (folder / 'torn.th').write_bytes(named.with_name('aaaa0001.th').read_bytes()[:5000])
    (folder / 'eeee0001-00000000.th').write_bytes((folder / 'bbbb0001.th').read_bytes())  # another checksum
    (folder / 'notes.txt').write_text('no model')


def wav(samples, rate, float32=False):
    data = samples.T.astype('<f4').tobytes() if float32 else (samples.T.clip(-1, 1) * 32767).astype('<i2').tobytes()
    width = 4 if float32 else 2
    fmt = struct.pack('<HHIIHH', 3 if float32 else 1, len(samples), rate, rate * len(samples) * width, len(samples) * width, 8 * width)
    return b'RIFF' + struct.pack('<I', 36 + len(data)) + b'WAVEfmt ' + struct.pack('<I', 16) + fmt + b'data' + struct.pack('<I', len(data)) + data


def music(seed, channels, seconds, rate, gain=1.0):
    run = dict(signal=seed, frames=int(seconds * rate), silence=False)
    return gain * package.make_mix(run, channels, rate)


TRACKS = ['a.wav', 'b.flac', 'mono.wav', 'a.b.wav', 'with space.wav', '\u00e9t\u00e9.wav', 'loud.wav', 'five.wav', 'rate48.wav', 'noending', './a.wav', 'sub/a.wav']
BAD = ['missing.wav', 'words.wav', 'sub', 'empty.wav']


def write_tracks(folder):
    (folder / 'sub').mkdir()
    for name, content in {
        'a.wav': wav(music(1, 2, 1.3, RATE), RATE), 'a.b.wav': wav(music(2, 2, 0.5, RATE), RATE),
        'mono.wav': wav(music(3, 1, 0.9, 22050), 22050), 'with space.wav': wav(music(4, 2, 0.4, RATE), RATE),
        '\u00e9t\u00e9.wav': wav(music(5, 2, 0.4, RATE), RATE), 'loud.wav': wav(music(6, 2, 0.6, RATE, 20), RATE, True),
        'five.wav': wav(music(7, 6, 0.5, RATE), RATE), 'rate48.wav': wav(music(8, 2, 0.7, 48000), 48000),
        'noending': wav(music(9, 2, 0.3, RATE), RATE), 'sub/a.wav': wav(music(10, 2, 0.6, RATE), RATE),
        'silent.wav': wav(np.zeros((2, 20000)), RATE), 'one.wav': wav(music(11, 2, 1.5 / RATE, RATE), RATE),
        'words.wav': b'these are words\n' * 40, 'empty.wav': b'',
    }.items():
        (folder / name).write_bytes(content)
    for kind in ('flac', 'mp3'):
        subprocess.run(['ffmpeg', '-loglevel', 'error', '-i', folder / 'a.wav', folder / f'b.{kind}'], check=True)


# Lines that somebody might type: values at the limits and beyond, abbreviations, orders, mistakes. "~" is the repository.
PICKED = '''
a.wav
a.wav b.flac mono.wav
a.wav -n bag
a.wav -n mixed
a.wav -n segmented
a.wav -n lost
a.wav -n torn
a.wav -n eeee0001
a.wav -n cccc0001
a.wav -n aaaa0002
a.wav -n bbbb0001 --segment 1
a.wav -n bbbb0001 --segment 0
a.wav -n bbbb0001 --segment -3
a.wav -n bbbb0001 --segment 1.5
a.wav -n dddd0001 --segment 1
a.wav -n dddd0001 --segment 2
a.wav -n dddd0001 --segment 3
a.wav --segment 1
a.wav -n bbbb0001 --no-split
a.wav --no-split
with\\ space.wav --no-split
a.wav --no-split --segment 1
a.wav --two-stems vocals
a.wav --two-stems vocals --other-method minus
a.wav --two-stems vocals --other-method none
a.wav --two-stems=bass -n bag --other-method minus
a.wav --two-stems guitar
a.wav --two-stems ''
a.wav --two-stems Vocals
a.wav --other-method all
a.wav --other-method none
a.wav --t vocals
a.wav --tw vocals --ot minus
a.wav --se 1 -n bbbb0001
a.wav --s 1
a.wav --sh 0
a.wav --o out
a.wav --ou out
a.wav --ov 0.5
a.wav --f
a.wav --fl
a.wav --fla
a.wav --flo
a.wav --m
a.wav --mp3-b 128 --mp3
a.wav --cl none
a.wav --i
a.wav --v
a.wav --ve
a.wav --l
--list-models
--list
--li -n bag
-h
--version
--v
a.wav --shifts 0
a.wav --shifts 1
a.wav --shifts 3
a.wav --shifts 2 -n bag
a.wav --shifts -1
a.wav --shifts 1.5
a.wav --shifts x
a.wav --overlap 0
a.wav --overlap 0.99
a.wav --overlap 0.995
a.wav --overlap 1
a.wav --overlap -0.1
a.wav --overlap 1e-1
a.wav --overlap .5
a.wav --overlap nan
a.wav --overlap x
a.wav -j 0
a.wav -j 2
a.wav -j -1
a.wav -j 100
a.wav -j x
a.wav -j2
a.wav --jobs=3
a.wav -d cpu
a.wav -d nonsense
a.wav -dcpu
a.wav --mp3
a.wav --mp3 --mp3-bitrate 64
a.wav --mp3 --mp3-bitrate 1000
a.wav --mp3 --mp3-bitrate 1
a.wav --mp3 --mp3-bitrate -5
a.wav --mp3 --mp3-bitrate 0
a.wav --mp3-bitrate 7
a.wav --mp3-bitrate x
a.wav --mp3 --mp3-preset 7
a.wav --mp3 --mp3-preset 1
a.wav --mp3 --mp3-preset 8
a.wav --mp3 --flac
a.wav --mp3 --int24
a.wav --mp3 --float32
a.wav --flac
a.wav --flac --int24
a.wav --flac --float32
a.wav --int24
a.wav --float32
a.wav --int24 --float32
loud.wav
loud.wav --float32
loud.wav --clip-mode clamp
loud.wav --clip-mode clamp --float32
loud.wav --clip-mode none
loud.wav --clip-mode none --float32
loud.wav --clip-mode none --int24
loud.wav --clip-mode tanh
loud.wav --clip-mode rescale --flac
loud.wav --two-stems drums
loud.wav --two-stems drums --other-method minus --float32
a.wav -o out
a.wav -oout
a.wav -o out/deep/er
a.wav -o ''
a.wav -o .
a.wav -o a.wav
a.wav -o words.wav/x
a.wav --out=x\\ y
a.wav --filename '{track}-{stem}.{ext}'
a.wav --filename '{stem}/{track}.{trackext}.{ext}'
a.wav --filename '{track:.1}_{stem:_>12}.{ext}'
a.wav --filename '{stem}.{trackext}'
a.wav --filename '{stem}.mp3'
a.wav --filename '{stem}.flac' --int24
a.wav --filename '{stem}.ogg'
a.wav --filename '{stem}'
a.wav --filename '{song}.wav'
a.wav --filename '{stem'
a.wav --filename '{{{stem}}}.{ext}'
a.wav --filename '../{stem}.{ext}'
a.wav --filename 'x/../{stem}.{ext}'
a.wav --filename '{track}.{ext}'
a.wav --filename ''
a.wav --filename '{stem!r}.{ext}'
a.wav --filename '{0}{stem}.{ext}'
a.wav --filename '{stem}.WAV'
a.wav sub/a.wav --filename '{track}/{stem}.{ext}'
a.wav sub/a.wav
a.wav a.wav
a.wav ./a.wav
a.wav b.flac --filename '{stem}.{ext}'
b.flac b.mp3
b.flac b.mp3 --filename '{track}.{trackext}/{stem}.{ext}'
missing.wav
missing.wav a.wav
a.wav missing.wav
words.wav
words.wav a.wav
empty.wav
sub
''
silent.wav
one.wav
one.wav --shifts 0
noending
a.b.wav
./a.wav
.//sub/../a.wav
\u00e9t\u00e9.wav
mono.wav --float32
five.wav
rate48.wav
b.mp3
-- a.wav
a.wav -- b.flac
a.wav -s 1234
a.wav -s 1234 -n bag
a.wav --sig
a.wav -n
a.wav -n bag -n aaaa0001
a.wav --repo nowhere
a.wav --repo a.wav
--list-models --repo nowhere
--list-models --repo a.wav
a.wav --nonsense
a.wav --no
a.wav -x
a.wav --mp3=yes
a.wav -v
a.wav -v -v
-v a.wav --flac mono.wav
'''.strip().split('\n')


def random_line(rng):
    """Some tracks and a few options, most of them right."""
    pick, words = rng.choice, []
    for _ in range(pick([1, 1, 1, 1, 2, 3])):
        words.append(pick(TRACKS) if rng.random() < 0.95 else pick(BAD))
    options = [
        ['-n', pick(['bag', 'mixed', 'segmented', 'bbbb0001', 'aaaa0002', 'dddd0001', 'lost', 'torn'][: 6 if rng.random() < 0.9 else 8])],
        [pick(['--shifts', '--sh', '--shif']), pick(['0', '0', '1', '2', '+1', '01', '-2'])],
        [pick(['--overlap', '--ov']), pick(['0', '0.1', '0.5', '0.75', '.9', '1', '-1', '2e-1'])],
        [pick(['--segment', '--se', '--seg']), pick(['1', '1', '2', '0', '5', 'x'])], ['--no-split'],
        [pick(['--two-stems', '--two', '--tw']), pick(draw.FOUR + ['piano'])], [pick(['--other-method', '--oth']), pick(['none', 'add', 'minus'])],
        ['--int24'], ['--float32'], ['--clip-mode', pick(['rescale', 'clamp', 'none', 'no'])], ['--flac'], ['--mp3'],
        [pick(['--mp3-bitrate', '--mp3-b']), pick(['128', '192', '320', '40', '500'])], ['--mp3-preset', pick(['2', '5', '7', '9'])],
        [pick(['-j', '--jobs', '--j']), pick(['0', '1', '2', '3', '-1'])], [pick(['-o', '--out', '--ou']), pick(['out', 'x/y', '.', 'sub'])],
        ['--filename', pick(['{track}/{stem}.{ext}', '{stem}/{track}.{ext}', '{track}_{stem}.{ext}', '{trackext}/{track}/{stem:.3}.{ext}', '{track}.{trackext}/{stem}.{ext}',
                             '{track}/{stem}.wav', '{track}/{stem}.flac'])],
        ['-d', 'cpu'], ['-v'],
    ]
    for option in rng.sample(options, rng.randint(0, 6)):
        if len(option) == 2 and option[0].startswith('--') and rng.random() < 0.2:
            option = [f'{option[0]}={option[1]}']
        at = rng.randint(0, len(words)) if rng.random() < 0.5 else len(words)
        while at < len(words) and at > 0 and words[at - 1].startswith('-'):
            at += 1  # not between an option and its value
        words[at:at] = option
    return words
