"""Random models: values for every argument of the official classes, right ones, odd ones and wrong ones.

A case is plain data (JSON; a Fraction is written "3/20"), so that it can be printed, repeated and made smaller:

    members   [{class, changes, format, positional, weights}]: one, or those of a bag. `changes` is what differs from BASE
    bag       None, or {weights, segment} of the yaml
    run       shifts and their offsets as shares of the longest, overlap, transition_power, split, segment, normalize, frames
"""

import math

FOUR = ['drums', 'bass', 'other', 'vocals']

# The smallest sensible models. What a case does not change is as here.
BASE = {
    'HTDemucs': dict(sources=['drums', 'rest'], channels=4, nfft=1024, depth=3, segment=0.15, t_layers=2, t_heads=2, dconv_comp=2,
                     bottom_channels=8, norm_groups=2),
    'HDemucs': dict(sources=['drums', 'rest'], channels=4, nfft=1024, depth=5, segment=0.15, dconv_comp=2, norm_groups=2),
    'Demucs': dict(sources=['drums', 'rest'], channels=4, depth=4, segment=0.15, dconv_comp=2, norm_groups=2),
}

COMMON = dict(
    sources=[['vocals'], ['a', 'b', 'c'], FOUR, FOUR + ['guitar', 'piano'], ['voix d\u2019\u00e9t\u00e9', 'b b'], [f's{i}' for i in range(24)]],
    audio_channels=[1, 2, 2, 3, 8],
    channels=[2, 3, 5, 6, 8, 12],
    growth=[1, 1.5, 2.0, 3, 2.5],
    rewrite=[False, False, None],
    context=[0, 2, 3],
    norm_starts=[-1, 0, 1, 2, 3, 9],
    norm_groups=[1, 3, 4],
    dconv_mode=[0, 2, 3, 7],
    dconv_depth=[1, 3, -2, 0, 5],
    dconv_comp=[1, 1.5, 3, 4, 8, 0.5],
    dconv_init=[1.0],
    rescale=[0, 0.5],
    samplerate=[8000, 48000, 22050, 44101, 96000],
    segment=['3/20', '1/7', '6607/44100', 0.1, 0.0401, '29/100', 0.3333, 1, 0.01, 0.003],
    nonsense=[1, 'text', None],  # no such argument: dropped with a warning
)
SPECTROGRAM = dict(
    channels_time=[3, 4, 6, 8],
    nfft=[64, 256, 320, 448, 512, 768, 1000, 1536, 2048, 4096, 100, 7168],
    wiener_iters=[-1, 0, 1, 2],  # with cac=False, see draw
    cac=[False],
    wiener_residual=[True],
    multi_freqs=[[0.5], [0.3, 0.6], [0.25, 0.5, 0.75], [0.123, 0.777], [1.0], []],
    multi_freqs_depth=[0, 1, 2, 9],
    freq_emb=[0, None, -0.3, 1, 0.7],
    emb_scale=[3, 0.5, 1],
    emb_smooth=[False],
    time_stride=[1, 3, 4],
    context_enc=[1, 2],
    kernel_stride=[(4, 2), (6, 3), (8, 2), (5, 4), (12, 4), (16, 4), (16, 8), (7, 3), (3, 1), (2, 2), (9, 4)],
)
LATE = dict(dconv_attn=[0, 1, 2, 9], dconv_lstm=[0, 1, 2, 9])
TABLE = {
    'HTDemucs': dict(
        **COMMON, **SPECTROGRAM,
        depth=[1, 2, 4, 5, 6],
        bottom_channels=[0, 12, 20, 6, 40],
        t_layers=[0, 1, 3, 5],
        t_emb=['cape', 'scaled', 'nothing'],
        t_hidden_scale=[1, 1.3, 2.5, 0.3],
        t_heads=[1, 4, 8, 3, 5],
        t_max_positions=[200, 104, 50, 4000],
        t_norm_in=[False],
        t_norm_in_group=[1, 2, 4, True, 3],
        t_group_norm=[1, 2, True, 3],
        t_norm_first=[False],
        t_norm_out=[False, 2, 1, None, 3],
        t_max_period=[300.0, 1.5, 1234.5],
        t_layer_scale=[False],
        t_gelu=[False],
        t_weight_pos_embed=[0.4, 0, -1.5],
        t_sin_random_shift=[0],
        t_cape_mean_normalize=[False],
        t_cape_augment=[False],
        t_cape_glob_loc_scale=[[1.0, 2.0, 3.0]],
        t_sparse_self_attn=[True],
        t_cross_first=[True],
        t_dropout=[0.5],
        t_lr=[1e-3],
        use_train_segment=[False, False],
    ),
    'HDemucs': dict(**COMMON, **SPECTROGRAM, **LATE, depth=[1, 2, 3, 4, 6, 7], hybrid=[False], hybrid_old=[True]),
    'Demucs': dict(
        **COMMON, **LATE,
        depth=[1, 2, 3, 5, 6],
        lstm_layers=[1, 2, 3],
        gelu=[False],
        glu=[False],
        normalize=[False],
        resample=[False],
        kernel_stride=[(4, 2), (6, 3), (8, 2), (5, 4), (7, 4), (3, 2), (12, 4), (16, 8), (3, 1), (2, 2), (9, 4), (5, 2)],
    ),
}
FORMATS = ['th', 'th', 'th32', 'legacy2', 'legacy3', 'legacy4', 'legacy5', 'safetensors', 'safetensors', 'safetensors32', 'diffq',
           'diffq_safetensors', 'uniform']
RARE = ('audio_channels', 'sources', 't_sparse_self_attn', 'nonsense', 'segment', 'samplerate')  # what a bag must agree on, and what ends a case


def draw_changes(rng, name):
    table, changes = TABLE[name], {}
    words = sorted(table)
    few = rng.random() < 0.65
    for word in rng.sample(words, rng.randint(1, 4) if few else rng.randint(5, len(words) // 2)):
        if not few and word in RARE and rng.random() < 0.6:
            continue
        value = rng.choice(table[word])
        if word == 'kernel_stride':
            changes['kernel_size'], changes['stride'] = value
            if value[1] == 1:  # nothing gets shorter
                changes.update(depth=2, **({} if name == 'Demucs' else dict(nfft=64)))
        else:
            changes[word] = value
    if 'wiener_iters' in changes:  # without these it would be refused, or change nothing
        changes['end_iters'] = changes['wiener_iters'] if rng.random() < 0.95 else 5
        if rng.random() < 0.8:
            changes['cac'] = False
    if name == 'HTDemucs' and changes.get('depth', 3) > 4 and rng.random() < 0.7:
        changes['t_layers'], changes['bottom_channels'] = 0, 0
    if not few and changes.get('t_sparse_self_attn'):
        del changes['t_sparse_self_attn']
    return changes


def draw_weights(rng, members, sources):
    kind = rng.choice(['none', 'hot', 'shares', 'digits', 'negative', 'zero'])
    if kind == 'none':
        return None
    if kind == 'hot':
        return [[1.0 if s % members == m else 0.0 for s in range(sources)] for m in range(members)]
    low, high = {'shares': (0, 10), 'digits': (1, 9), 'negative': (-3, 12), 'zero': (0, 1)}[kind]
    by = 3 if kind == 'digits' else 10 if kind == 'shares' else 1
    return [[rng.randint(low, high) / by for _ in range(sources)] for _ in range(members)]


def draw_member(rng, name=None):
    name = name or rng.choice(['HTDemucs', 'HTDemucs', 'HDemucs', 'Demucs'])
    format_ = rng.choice(FORMATS) if rng.random() < 0.7 else 'safetensors'
    return {'class': name, 'changes': draw_changes(rng, name), 'format': format_, 'positional': rng.choice([0, 0, 0, 1, 3]),
            'weights': rng.randrange(2**31)}


def seconds(value):
    if isinstance(value, str):
        over, under = value.split('/')
        return int(over) / int(under)
    return float(value)


def draw(rng):
    members, bag = [draw_member(rng)], None
    if rng.random() < 0.2:
        members += [draw_member(rng) for _ in range(rng.randint(0, 3))]
        agreed = {w: members[0]['changes'].get(w) for w in ('sources', 'audio_channels', 'samplerate')}
        for member in members[1:] if rng.random() < 0.95 else []:
            for word, value in agreed.items():
                member['changes'].pop(word, None)
                if value is not None:
                    member['changes'][word] = value
        sources = len(agreed['sources'] or BASE['Demucs']['sources'])
        segment = rng.choice([None, None, 0.1, 0.07, 1, 0.3333333333333333])
        bag = dict(weights=draw_weights(rng, len(members), sources), segment=segment)
    changes = members[0]['changes']
    rate = changes.get('samplerate', 44100)
    segment = max(1, int(seconds(changes.get('segment', 0.15)) * rate))
    kind = rng.random()
    frames = segment if kind < 0.35 else rng.choice([1, 2, 100, 700, 1501, 4321]) if kind < 0.55 else int(segment * rng.uniform(0.3, 3.2))
    shifts = rng.choice([0, 0, 0, 1, 2])
    frames = max(1, min(frames, 40000))
    if shifts:
        frames = min(frames, 6000)  # a shift adds a second
    run = dict(
        shifts=shifts, offsets=[rng.choice([0, 1, rng.random()]) for _ in range(shifts * len(members))],
        overlap=rng.choice([0.25, 0.25, 0, 0.1, 0.5, 0.9]), transition_power=rng.choice([1, 1, 1, 2, 3.5]),
        split=rng.random() < 0.85, segment=rng.choice([None, None, None, 0.1, 0.05, 0.15]), normalize=rng.random() < 0.5, frames=frames,
        silence=rng.random() < 0.25, signal=rng.randrange(2**31),
    )
    if not run['split']:
        run['segment'] = None
    if run['overlap'] > 0.5 and frames > 3 * segment:
        run['overlap'] = 0.5
    # a case of segments that are a few samples long would run thousands of them
    least = min(math.floor(seconds(m['changes'].get('segment', 0.15)) * rate) for m in members)
    if frames + (rate if shifts else 0) > 60 * max(1, least):
        run['frames'], run['shifts'], run['offsets'] = max(1, 40 * least), 0, []
    return dict(members=members, bag=bag, run=run)


def draw_settings(rng):
    """How ours is run: once by one thread in one piece, then otherwise: the bits must be the same."""
    pieces = [rng.choice([1, 17, 500, 4096, 10**6]) for _ in range(3)] if rng.random() < 0.6 else None
    if pieces and max(pieces) < 100:
        pieces.append(1000)
    threads = rng.choice([1, 2, 3, 4])
    return [dict(threads=1, jobs=1), dict(threads=threads, jobs=rng.randint(1, threads), pieces=pieces)]
