#!/usr/bin/env python3
"""Make small random HTDemucs models, one for each constructor argument and many mixtures, with what the official class
makes of a test signal: the cases of tests/data/golden/variants (there as NAME without the k_), and, with --all, a larger
set to compare with by hand.

    PYTHONPATH=folder-with-the-official-demucs-package tools/make-golden-variants.py --out DIR [--all] [--seed N]

Needs torch, numpy, einops and julius. Writes NAME.safetensors (the official form, float16), NAME.input.npy
[channels][frames], NAME.f32.npy and NAME.f64.npy [sources][channels][frames] (float32; the second was computed in
float64), and index.tsv: name, what differs from the base, frames, the SNR of the float32 result against the float64 one, or why
the official class cannot run it. Norms, biases and scales are set away from their start values, so that each counts.
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

FOUR = ['drums', 'bass', 'other', 'vocals']
BASE = dict(
    sources=['drums', 'rest'],
    channels=4,
    nfft=1024,
    depth=3,
    segment=0.15,
    t_layers=2,
    t_heads=2,
    dconv_comp=2,
    dconv_mode=3,
    norm_starts=4,
    bottom_channels=8,
)
NO_T = dict(t_layers=0, bottom_channels=0)  # free the structure of what the transformer needs

# name -> what differs from BASE. Kept in the tree: KEPT.
VARIANTS = {
    'base': {},
    'sources1': dict(sources=['vocals']),
    'sources4': dict(sources=FOUR),
    'sources6': dict(sources=FOUR + ['guitar', 'piano']),
    'mono': dict(audio_channels=1),
    'sources40': dict(sources=[f's{i}' for i in range(40)]),
    'eight_channels': dict(audio_channels=8),
    'three_channels': dict(audio_channels=3),
    'channels_time': dict(channels_time=8, **NO_T),
    'channels_time_same': dict(channels_time=4),
    'channels_time_t': dict(channels_time=8, bottom_channels=8),
    'channels_odd': dict(channels=5, t_heads=4),
    'channels3': dict(channels=3, bottom_channels=0, t_heads=3),
    'growth15': dict(growth=1.5, **NO_T),
    'growth3': dict(growth=3, **NO_T),
    'growth3_t': dict(growth=3, bottom_channels=0),
    'growth1': dict(growth=1),
    'growth15_t': dict(growth=1.5),
    'growth2f': dict(growth=2.0),
    'growth15_bottom_no_t': dict(growth=1.5, t_layers=0),
    'nfft2048': dict(nfft=2048),
    'nfft4096': dict(nfft=4096, depth=4),
    'nfft512': dict(nfft=512),
    'nfft_256': dict(nfft=256, depth=2),
    'nfft1536': dict(nfft=1536),
    'nfft768': dict(nfft=768),
    'nfft320': dict(nfft=320, depth=2),
    'nfft8192': dict(nfft=8192, depth=2),
    'nfft_odd': dict(nfft=1000, depth=2),
    'nfft_not4': dict(nfft=1022, depth=2),
    'depth1': dict(depth=1),
    'depth2': dict(depth=2),
    'depth4': dict(depth=4),
    'depth5': dict(depth=5, **NO_T),
    'depth6': dict(depth=6, **NO_T),
    'depth7': dict(depth=7, norm_starts=2, channels=2, norm_groups=2, **NO_T),
    'depth5_t': dict(depth=5),
    'depth4_last_t': dict(nfft=512, depth=4),
    'depth5_last': dict(nfft=4096, depth=5, **NO_T),
    'depth6_4096': dict(nfft=4096, depth=6, **NO_T),
    'depth_bottom_no_t': dict(depth=5, t_layers=0),
    'no_rewrite': dict(rewrite=False),
    'no_rewrite_norm': dict(rewrite=False, norm_starts=0),
    'multi': dict(multi_freqs=[0.5], multi_freqs_depth=1),
    'multi2': dict(multi_freqs=[0.3, 0.6], multi_freqs_depth=2),
    'multi3': dict(multi_freqs=[0.25, 0.5, 0.75]),
    'multi_depth0': dict(multi_freqs=[0.5], multi_freqs_depth=0),
    'multi_norm': dict(multi_freqs=[0.5], multi_freqs_depth=2, norm_starts=1),
    'multi_none': dict(multi_freqs=None),
    'multi_context2': dict(multi_freqs=[0.4], multi_freqs_depth=2, context=2, context_enc=1),
    'multi_deep': dict(multi_freqs=[0.4], multi_freqs_depth=9, depth=5, **NO_T),
    'multi_k6': dict(multi_freqs=[0.5], kernel_size=6, stride=4),
    'multi_k4s2': dict(multi_freqs=[0.5], kernel_size=4, stride=2),
    'multi_no_rewrite': dict(multi_freqs=[0.5], rewrite=False),
    'multi_odd': dict(multi_freqs=[0.123, 0.777], multi_freqs_depth=2),
    'multi_tiny': dict(multi_freqs=[0.001], multi_freqs_depth=1),
    'multi_down': dict(multi_freqs=[0.6, 0.3], multi_freqs_depth=1),
    'multi_one': dict(multi_freqs=[1.0], multi_freqs_depth=1),
    'freq_emb0': dict(freq_emb=0),
    'freq_emb_none': dict(freq_emb=None),
    'freq_emb_negative': dict(freq_emb=-0.3),
    'freq_emb1': dict(freq_emb=1),
    'emb_scale': dict(emb_scale=3),
    'emb_scale_half': dict(emb_scale=0.5),
    'emb_smooth': dict(emb_smooth=False),
    'emb_depth5': dict(depth=5, nfft=64, kernel_size=8, stride=4, **NO_T),
    'k4s2': dict(kernel_size=4, stride=2),
    'k6s3': dict(kernel_size=6, stride=3, nfft=972, depth=2, **NO_T),
    'k3s1': dict(kernel_size=3, stride=1, depth=2, nfft=256),
    'k8s2': dict(kernel_size=8, stride=2),
    'k5s4': dict(kernel_size=5, stride=4),
    'k12s4': dict(kernel_size=12, stride=4),
    'k4s4': dict(kernel_size=4, stride=4),
    'k16s8': dict(kernel_size=16, stride=8),
    'k2s2': dict(kernel_size=2, stride=2),
    'k8s8': dict(kernel_size=8, stride=8, depth=2),
    'k7s3': dict(kernel_size=7, stride=3, depth=2),
    'k10s5': dict(kernel_size=10, stride=5, nfft=1000, depth=2, **NO_T),
    'k1s1': dict(kernel_size=1, stride=1, depth=1, nfft=64),
    'k16s4': dict(kernel_size=16, stride=4),
    'k9s4': dict(kernel_size=9, stride=4),
    'k4s2_deep': dict(kernel_size=4, stride=2, nfft=256, depth=7, growth=1, **NO_T),
    'k4s4_deep': dict(kernel_size=4, stride=4, nfft=512, depth=6, growth=1, **NO_T),
    'k8s2_deep': dict(kernel_size=8, stride=2, nfft=256, depth=8, growth=1, **NO_T),
    'k16s8_deep': dict(kernel_size=16, stride=8, nfft=1024, depth=5, growth=1, **NO_T),
    'time_stride3': dict(time_stride=3, depth=6, **NO_T),
    'time_stride4': dict(time_stride=4, depth=6, **NO_T),
    'time_stride1': dict(time_stride=1, depth=6, **NO_T),
    'time_stride2_short': dict(depth=8, growth=1, **NO_T),
    'time_norms': dict(depth=6, norm_starts=3, **NO_T),
    'time_context': dict(depth=6, context=2, context_enc=1, **NO_T),
    'context0': dict(context=0),
    'context2': dict(context=2),
    'context_enc1': dict(context_enc=1),
    'context_enc2': dict(context_enc=2),
    'context0_norm': dict(context=0, norm_starts=0, norm_groups=1),
    'contexts': dict(context=3, context_enc=2, norm_starts=1),
    'norm0': dict(norm_starts=0),
    'norm1': dict(norm_starts=1),
    'norm2': dict(norm_starts=2),
    'norm_groups1': dict(norm_starts=0, norm_groups=1),
    'norm_groups2': dict(norm_starts=1, norm_groups=2),
    'norm_groups3': dict(norm_starts=1, norm_groups=3),
    'norm_last': dict(norm_starts=3, depth=4, nfft=512, **NO_T),
    'norm0_sources3': dict(norm_starts=0, sources=['a', 'b', 'c']),
    'norm_negative': dict(norm_starts=-1),
    'norm_deep': dict(norm_starts=0, depth=6, **NO_T),
    'dconv0': dict(dconv_mode=0),
    'dconv1': dict(dconv_mode=1),
    'dconv2': dict(dconv_mode=2),
    'dconv_mode7': dict(dconv_mode=7),
    'dconv_depth1': dict(dconv_depth=1),
    'dconv_depth3': dict(dconv_depth=3),
    'dconv_depth_neg': dict(dconv_depth=-2),
    'dconv_depth0': dict(dconv_depth=0),
    'dconv_depth5': dict(dconv_depth=5),
    'dconv_comp1': dict(dconv_comp=1),
    'dconv_comp3': dict(dconv_comp=3),
    'dconv_comp_f': dict(dconv_comp=1.5),
    'dconv_comp4': dict(dconv_comp=4),
    'dconv_comp8': dict(dconv_comp=8),
    'dconv_comp_half': dict(dconv_comp=0.5),
    'bottom0': dict(bottom_channels=0),
    'bottom12': dict(bottom_channels=12),
    'bottom20': dict(bottom_channels=20),
    'bottom6': dict(bottom_channels=6),
    'bottom40': dict(bottom_channels=40, t_heads=5),
    't_layers0': dict(t_layers=0),
    't_layers1': dict(t_layers=1),
    't_layers3': dict(t_layers=3),
    't_layers5': dict(t_layers=5),
    't_cape': dict(t_emb='cape'),
    't_scaled': dict(t_emb='scaled', t_max_positions=200),
    't_scaled_exact': dict(t_emb='scaled', t_max_positions=104),
    't_scaled_short': dict(t_emb='scaled', t_max_positions=50),
    't_emb_other': dict(t_emb='nothing'),
    't_cape_no_mean': dict(t_emb='cape', t_cape_mean_normalize=False),
    't_cape_odd': dict(t_emb='cape', segment=0.146),
    't_hidden1': dict(t_hidden_scale=1),
    't_hidden_f': dict(t_hidden_scale=1.3),
    't_hidden_small': dict(t_hidden_scale=0.01),
    't_heads1': dict(t_heads=1),
    't_heads8': dict(t_heads=8),
    't_heads3': dict(t_heads=3, bottom_channels=12),
    't_heads5': dict(t_heads=5),
    't_no_norm_in': dict(t_norm_in=False),
    't_norm_in_group1': dict(t_norm_in=False, t_norm_in_group=1),
    't_norm_in_group4': dict(t_norm_in=False, t_norm_in_group=4),
    't_norm_in_both': dict(t_norm_in=True, t_norm_in_group=2),
    't_norm_in_groupT': dict(t_norm_in=False, t_norm_in_group=True),
    't_group_norm1': dict(t_group_norm=1),
    't_group_norm2': dict(t_group_norm=2),
    't_group_normT': dict(t_group_norm=True),
    't_group_norm3': dict(t_group_norm=3),
    't_group_last': dict(t_group_norm=2, t_norm_first=False),
    't_norm_last': dict(t_norm_first=False),
    't_norm_last_cross': dict(t_norm_first=False, t_cross_first=True),
    't_no_norm_out': dict(t_norm_out=False),
    't_norm_out2': dict(t_norm_out=2),
    't_norm_out1': dict(t_norm_out=1),
    't_norm_out3': dict(t_norm_out=3, bottom_channels=12),
    't_norm_out_none': dict(t_norm_out=None),
    't_no_scale': dict(t_layer_scale=False),
    't_relu': dict(t_gelu=False),
    't_relu_last': dict(t_gelu=False, t_norm_first=False),
    't_period': dict(t_max_period=300.0),
    't_period_small': dict(t_max_period=1.5),
    't_weight_pos': dict(t_weight_pos_embed=0.4),
    't_weight_pos0': dict(t_weight_pos_embed=0),
    't_weight_pos_neg': dict(t_weight_pos_embed=-1.5),
    't_cross_first': dict(t_cross_first=True, t_layers=3),
    't_sparse': dict(t_sparse_self_attn=True),
    't_sparse_cross': dict(t_sparse_cross_attn=True),
    't_auto_sparsity': dict(t_auto_sparsity=True),
    't_mask_type': dict(t_mask_type='random'),
    't_lr': dict(t_lr=1e-3, t_weight_decay=0.1, t_dropout=0.5),
    't_shift0': dict(t_sin_random_shift=0),
    't_cape_scale': dict(t_emb='cape', t_cape_augment=True, t_cape_glob_loc_scale=[1.0, 2.0, 3.0]),
    'rate8000': dict(samplerate=8000, segment=0.8),
    'rate48000': dict(samplerate=48000),
    'rate1': dict(samplerate=1, segment=6000),
    'segment_fraction': dict(segment=Fraction(3, 20)),
    'segment_third': dict(segment=Fraction(1, 7)),
    'segment_float': dict(segment=0.1),
    'segment_int': dict(segment=1, channels=2, dconv_comp=1),
    'segment_short': dict(segment=0.01),
    'segment_tiny': dict(segment=0.0003),
    'segment_prime': dict(segment=Fraction(6607, 44100)),
    'segment_23': dict(segment=2.3, samplerate=2000, nfft=256, depth=2),
    'segment_zero': dict(segment=0.0),
    'segment_negative': dict(segment=-1.0),
    'any_length': dict(use_train_segment=False),
    'any_length_short': dict(use_train_segment=False, frames=1500),
    'any_length_odd': dict(use_train_segment=False, frames=4321),
    'any_length_long': dict(use_train_segment=False, frames=9999),
    'short_input': dict(frames=700),
    'one_sample': dict(frames=1),
    'any_one': dict(use_train_segment=False, frames=1),
    'any_260': dict(use_train_segment=False, frames=260, **NO_T),
    'any_260_t': dict(use_train_segment=False, frames=260),
    'any_scaled': dict(use_train_segment=False, t_emb='scaled', t_max_positions=104, frames=6001),
    'any_deep': dict(use_train_segment=False, depth=6, frames=5003, **NO_T),
    'wiener0': dict(cac=False),
    'wiener1': dict(cac=False, wiener_iters=1, end_iters=1),
    'wiener2': dict(cac=False, wiener_iters=2, end_iters=2, sources=FOUR),
    'wiener_neg': dict(cac=False, wiener_iters=-1, end_iters=-1),
    'wiener_residual': dict(cac=False, wiener_iters=1, end_iters=1, wiener_residual=True),
    'wiener_residual0': dict(cac=False, wiener_residual=True),
    'wiener_residual_neg': dict(cac=False, wiener_iters=-2, end_iters=-2, wiener_residual=True),
    'wiener_mono': dict(cac=False, audio_channels=1, wiener_iters=1, end_iters=1),
    'wiener_mono0': dict(cac=False, audio_channels=1),
    'wiener_three': dict(cac=False, audio_channels=3),
    'wiener_one_source': dict(cac=False, sources=['a'], wiener_iters=1, end_iters=1),
    'wiener_one_source0': dict(cac=False, sources=['a']),
    'wiener_windows': dict(cac=False, wiener_iters=1, end_iters=1, nfft=128, depth=2, segment=0.25),
    'wiener_uneven': dict(wiener_iters=1, end_iters=0),
    'wiener_ignored': dict(wiener_iters=3, end_iters=3),
    'wiener_short': dict(cac=False, wiener_iters=1, end_iters=1, frames=900),
    'wiener_any': dict(cac=False, use_train_segment=False, frames=5001),
    'wiener_neg_mono': dict(cac=False, audio_channels=1, wiener_iters=-1, end_iters=-1),
    'wiener_three_neg': dict(cac=False, audio_channels=3, wiener_iters=-1, end_iters=-1),
    'wiener_deep': dict(cac=False, depth=6, **NO_T),
    'wiener_multi': dict(cac=False, multi_freqs=[0.5], multi_freqs_depth=2),
    'wiener_nfft4096': dict(cac=False, nfft=4096, depth=4, wiener_iters=1, end_iters=1),
    'rescale': dict(rescale=0),
    'dconv_init': dict(dconv_init=1.0),
}

# The most telling ones, each of many arguments at once.
KEPT = {
    'k_deep': dict(
        depth=6, channels=4, growth=1.5, channels_time=6, norm_starts=3, norm_groups=1, context=2, time_stride=2, **NO_T
    ),
    'k_multi': dict(
        multi_freqs=[0.25, 0.6],
        multi_freqs_depth=2,
        freq_emb=-0.3,
        emb_scale=2,
        context_enc=1,
        t_emb='scaled',
        t_max_positions=120,
    ),
    'k_plain': dict(
        rewrite=False,
        dconv_mode=0,
        norm_starts=0,
        norm_groups=2,
        audio_channels=1,
        t_norm_in=False,
        t_layer_scale=False,
        t_norm_out=False,
        freq_emb=None,
    ),
    'k_strides': dict(
        kernel_size=4,
        stride=2,
        nfft=512,
        dconv_depth=3,
        dconv_comp=1.5,
        dconv_mode=2,
        context=0,
        t_heads=1,
        t_gelu=False,
        sources=['vocals'],
    ),
    'k_norm_last': dict(
        t_norm_first=False,
        t_group_norm=2,
        t_norm_in=False,
        t_norm_in_group=4,
        t_cross_first=True,
        t_layers=3,
        t_weight_pos_embed=-0.7,
        t_hidden_scale=1.3,
        t_emb='cape',
        use_train_segment=False,
        frames=4321,
    ),
    'k_dconv': dict(
        dconv_depth=-3,
        dconv_comp=3,
        channels=6,
        bottom_channels=0,
        t_heads=3,
        t_group_norm=True,
        norm_starts=1,
        norm_groups=3,
        sources=FOUR + ['guitar', 'piano'],
        segment=Fraction(1, 7),
    ),
    'k_short': dict(
        samplerate=8000,
        segment=0.4,
        nfft=256,
        depth=2,
        frames=700,
        t_max_period=300.0,
        t_cape_mean_normalize=False,
        t_emb='cape',
        growth=3,
    ),
    'k_merge': dict(depth=4, t_layers=3, t_cross_first=True),
    # the transformer follows the merging of the branches
    'k_wiener': dict(cac=False, wiener_iters=1, end_iters=1, wiener_residual=True, sources=FOUR),
    'k_phase': dict(cac=False, wiener_iters=-1, end_iters=-1, audio_channels=1, frames=5000),
}


# tests/data/api: four tiny models and a bag that takes each stem from one of them, like the released htdemucs_ft.
API = dict(
    sources=FOUR,
    samplerate=8000,
    segment=Fraction(2, 5),
    channels=2,
    nfft=256,
    depth=2,
    bottom_channels=4,
    t_layers=1,
    t_heads=1,
)


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
    parser.add_argument('--all', action='store_true', help='every argument by itself, and random mixtures')
    parser.add_argument('--random', type=int, default=80, help='how many mixtures')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--api', action='store_true', help='make the models of tests/data/api instead')
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.api:
        make_api(args.out, args.seed)
        return
    variants = dict(KEPT)
    if args.all:
        rng = random.Random(args.seed)
        variants = {**VARIANTS, **KEPT, **{f'mix{i}': random_variant(rng) for i in range(args.random)}}
    rows = [['name', 'differs from the base', 'frames', 'floor']]
    rows += [make(name, changes, args.out, args.seed) for name, changes in variants.items()]
    (args.out / 'index.tsv').write_text(''.join('\t'.join(row) + '\n' for row in rows))


if __name__ == '__main__':
    main()
