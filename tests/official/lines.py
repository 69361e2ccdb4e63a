#!/usr/bin/env python3
"""Command lines through the official program and through ours.

    tests/official/lines.py [--random] [--count N] [--minutes N] [--seed N] [--program build/demucs] [--line 'WORDS']

Not part of `make check`: it makes itself an environment with the official package (environment.py; 5.5 GB, once). The hand-picked
lines of lines_drawn.py and N random ones (200) run in a folder of small tracks with a repository of tiny models, which the script
makes. Both programs draw the same shifts. Compared are: the exit status (0 or not), the files that appear, their format, rate,
length and samples (the last bit for integers, 90 dB for floats, likeness for MP3), what stdout says in official words, and that
ours ends by no signal, says why it fails and leaves no temporary file. When the official program fails, only the files that both
have are compared: ours goes on with other tracks and removes what is not whole.

Differences that README tells are counted by their reasons (lines_compared.py); any other is printed, with the line that repeats
it. Ends with a line of sums; the exit status is 1 after a difference.
"""

import argparse
from collections import Counter
import os
from pathlib import Path
import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings

import environment

environment.enter()

import torch

import demucs.api
import demucs.apply
import demucs.separate
import lines_compared
import lines_drawn

PATIENCE = 120  # seconds of the CPU for a line; ten times that where it waits, or the machine is busy


class Shifts:
    """The generator of ours (src/stream/lanes.c) at its seed 0, for the official program to draw from: anew for each track."""

    def __init__(self):
        self.state, self.apply = 0, demucs.api.apply_model

    def apply_model(self, *args, **words):
        self.state = 0
        return self.apply(*args, **words)

    def randint(self, low, high):
        mask = 2**64 - 1
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & mask
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        return low + (((z ^ z >> 31) >> 32) * (high - low + 1) >> 32)


def official_child(words, out, err):
    """The official program, in a fork of this process, which has loaded it."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    signal.alarm(10 * PATIENCE)
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    shifts = Shifts()
    demucs.api.apply_model, demucs.apply.random = shifts.apply_model, shifts
    status = 0
    try:
        demucs.separate.main(words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: as Python ends
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class Programs:
    def __init__(self, program, work):
        self.program, self.work, self.place = program, work, work / 'run'
        self.repo, self.tracks = work / 'repo', work / 'tracks'
        self.repo.mkdir()
        self.tracks.mkdir()
        lines_drawn.write_models(self.repo)
        lines_drawn.write_tracks(self.tracks)
        self.given = {p.relative_to(self.tracks) for p in self.tracks.rglob('*')}

    def words_for(self, words):
        """The models are ours, unless the line names others."""
        front = [] if lines_compared.asks(words, '--repo') else ['--repo', str(self.repo)]
        name = [] if lines_compared.asks(words, '-n', '--name', '-s', '--sig') else ['-n', 'aaaa0001']
        return front + name + words

    def official(self, words, out, err):
        pid = os.fork()
        if pid == 0:
            official_child(words, out, err)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def ours(self, words, out, err):
        try:
            done = subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=10 * PATIENCE,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE)))
        except subprocess.TimeoutExpired:
            return -signal.SIGALRM
        return done.returncode

    def run(self, start, words):
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.tracks, self.place)
        os.chdir(self.place)
        with open(self.work / 'stdout', 'w+b') as out, open(self.work / 'stderr', 'w+b') as err:
            status = start(words, out.fileno(), err.fileno())
            texts = [(out.seek(0), out.read().decode(errors='replace'))[1], (err.seek(0), err.read().decode(errors='replace'))[1]]
        os.chdir(self.work)
        paths = [p for p in self.place.rglob('*') if p.is_file() and p.relative_to(self.place) not in self.given]
        files = {str(p.relative_to(self.place)): p.read_bytes() for p in paths}
        return lines_compared.Run(words, status if status >= 0 else 128 - status, *texts, files)

    def compare(self, words):
        """Both runs, what is allowed, what is not. Nothing is compared with an official run that was too slow."""
        words = self.words_for(words)
        theirs, ours = self.run(self.official, words), self.run(self.ours, words)
        good, bad = [], []
        if too_slow(theirs):
            return theirs, ours, good, bad
        for says in lines_compared.differences(theirs, ours, self.work):
            why = lines_compared.allowed(says, theirs, ours, self.work)
            (good if why else bad).append(why or f'{says}\n    theirs: {last(theirs)}\n    ours:   {last(ours)}')
        return theirs, ours, good, bad


def too_slow(run):
    return run.status in (128 + signal.SIGALRM, 128 + signal.SIGXCPU, 128 + signal.SIGKILL)


def last(run):
    lines = [line for line in run.stderr.replace('\r', '\n').split('\n') if line.strip() and '%|' not in line]
    return f'{run.status}, {lines[-1][:200] if lines else ""}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--random', action='store_true', help='without the hand-picked lines')
    parser.add_argument('--count', type=int, default=200, help='random lines, after the hand-picked ones')
    parser.add_argument('--minutes', type=float, default=60, help='at most; what is left then is left out')
    parser.add_argument('--seed', type=int, default=random.randrange(10**6))
    parser.add_argument('--program', type=Path, default=environment.BUILD / 'demucs')
    parser.add_argument('--line', help='only this one')
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    rng, sums, reasons, start = random.Random(options.seed), Counter(), Counter(), time.time()
    picked = [] if options.random else lines_drawn.PICKED
    lines = [shlex.split(line) for line in picked] + [lines_drawn.random_line(rng) for _ in range(options.count)]
    if options.line is not None:
        lines = [shlex.split(options.line)]
    print(f'seed {options.seed}', flush=True)
    os.environ.update(DEMUCS_OFFLINE='1', HF_HUB_OFFLINE='1', LC_ALL='C.UTF-8')
    os.environ.pop('TMPDIR', None)
    with tempfile.TemporaryDirectory() as folder:
        programs = Programs(options.program.resolve(), Path(folder).resolve())
        for words in lines:
            if time.time() - start > 60 * options.minutes:
                break
            theirs, ours, good, bad = programs.compare(words)
            reasons.update(set(good))
            sums['too slow' if too_slow(theirs) else 'different' if bad else 'different on purpose' if good else 'both done' if ours.status == 0 else 'both refuse'] += 1
            for says in bad:
                print(f'\nDIFFERENCE {says}\n    {sys.argv[0]} --line {shlex.quote(shlex.join(words))}', flush=True)
            if options.line is not None:
                print(f'theirs: {theirs.status}\n{theirs.stdout}{theirs.stderr}\nours: {ours.status}\n{ours.stdout}{ours.stderr}\n{sorted(ours.files)}')
        os.chdir('/')
    for why, count in reasons.most_common():
        print(f'on purpose, {count}: {why}')
    print(f'seed {options.seed}, {sum(sums.values())} of {len(lines)} lines in {time.time() - start:.0f} s: ' + ', '.join(f'{n} {kind}' for kind, n in sums.most_common()))
    sys.exit(sums['different'] > 0 or not sums['both done'])


if __name__ == '__main__':
    main()
