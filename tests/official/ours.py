"""Our library, called through ctypes in a process of its own, so that a crash is told apart from a refusal.

run() in the test; this file as a program is the process: it reads a request a line (JSON) and answers with a line.
"""

import ctypes as c
import json
from pathlib import Path
import signal
import subprocess
import sys

import numpy as np

PATIENCE = 300  # seconds for one request


class Error(c.Structure):
    _fields_ = [('status', c.c_int), ('message', c.c_char * 1024)]


class Options(c.Structure):  # demucs_options of demucs.h
    _fields_ = [
        ('struct_size', c.c_size_t), ('threads', c.c_int), ('shifts', c.c_int), ('overlap', c.c_double),
        ('transition_power', c.c_double), ('segment_seconds', c.c_double), ('split', c.c_bool), ('normalize', c.c_bool),
        ('seed', c.c_uint64), ('shift_offsets', c.POINTER(c.c_int)), ('shift_offsets_count', c.c_size_t), ('wanted', c.c_void_p),
        ('cpu', c.c_char_p), ('progress', c.c_void_p), ('progress_user', c.c_void_p), ('stage', c.c_void_p),
        ('stage_user', c.c_void_p), ('precision', c.c_int), ('jobs', c.c_int),
    ]


def planes(array):
    return (c.c_void_p * len(array))(*[row.ctypes.data for row in array])


class Refused(Exception):
    """What the library said."""


class Library:
    def __init__(self, path):
        self.lib, self.error = c.CDLL(path), Error()

    def call(self, name, *args):
        if getattr(self.lib, f'demucs_{name}')(*args, c.byref(self.error)):
            raise Refused(self.error.message.decode(errors='replace'))

    def options(self, words, offsets):
        options = Options()
        self.lib.demucs_default_options(c.byref(options), c.c_size_t(c.sizeof(options)))
        for word, value in words.items():
            setattr(options, word, value)
        if offsets:
            options.shift_offsets, options.shift_offsets_count = (c.c_int * len(offsets))(*offsets), len(offsets)
        return options

    def separate(self, separator, mix, stems, pieces):
        """In one call, or in pieces of these lengths."""
        if not pieces:
            self.call('separate', separator, planes(mix), c.c_size_t(mix.shape[1]), planes(stems))
            return
        frames, fed, got, turn, count = mix.shape[1], 0, 0, 0, c.c_size_t()

        class Loudness(c.Structure):
            _fields_ = [('frames', c.c_uint64), ('mean', c.c_double), ('m2', c.c_double)]

        loudness, finished = Loudness(), False
        self.lib.demucs_loudness_add(c.byref(loudness), planes(mix), len(mix), c.c_size_t(frames))
        self.call('separator_begin', separator, c.c_size_t(frames), c.byref(loudness))
        while got < frames:
            size = min(pieces[turn % len(pieces)], frames - fed)
            turn += 1
            if size:
                self.call('separator_push', separator, planes(mix[:, fed:]), c.c_size_t(size), c.byref(count))
                fed += count.value
            if fed == frames and not finished:
                self.call('separator_finish', separator)
                finished = True
            self.call('separator_pull', separator, planes(stems[:, got:]), c.c_size_t(frames - got), c.byref(count))
            got += count.value

    def run(self, path, mix, settings, offsets):
        """The stems [sources][channels][frames] by the first settings; "bits" if others give other bits."""
        model, results = c.c_void_p(), []
        self.call('model_load', c.byref(model), str(path).encode())
        try:
            sources, channels = self.lib.demucs_model_sources(model), self.lib.demucs_model_channels(model)
            if channels != len(mix):
                raise Refused(f'the model has {channels} channels')
            for words in settings:
                words, separator = dict(words), c.c_void_p()
                pieces = words.pop('pieces', None)
                options = self.options(words, offsets)
                self.call('separator_create', c.byref(separator), model, c.byref(options))
                stems = np.full((sources * channels, mix.shape[1]), np.nan, np.float32)
                try:
                    self.separate(separator, mix, stems, pieces)
                finally:
                    self.lib.demucs_separator_free(separator)
                results.append(stems)
        finally:
            self.lib.demucs_model_free(model)
        same = all(r.tobytes() == results[0].tobytes() for r in results)
        return results[0].reshape(sources, channels, -1), same


class Ours:
    """The process, started anew after a crash."""

    def __init__(self, library, folder):
        self.library, self.folder, self.process = library, Path(folder), None

    def run(self, path, mix, settings, offsets):
        """('stems', array, same), ('refused', sentence, True) or ('crash', what, True)."""
        if self.process is None:
            words = [sys.executable, __file__, str(self.library)]
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        np.save(self.folder / 'mix.npy', mix)
        request = dict(path=str(path), folder=str(self.folder), settings=settings, offsets=offsets)
        self.process.stdin.write(json.dumps(request) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            code, self.process = self.process.wait(), None
            name = signal.Signals(-code).name if code < 0 else f'status {code}'
            return 'crash', f'the process ended: {name}', True
        answer = json.loads(line)
        if 'refused' in answer:
            return 'refused', answer['refused'], True
        return 'stems', np.load(self.folder / 'stems.npy'), answer['same']


def serve(library):
    for line in sys.stdin:
        signal.alarm(PATIENCE)  # ends the process: a crash, for who waits
        request = json.loads(line)
        folder = Path(request['folder'])
        try:
            stems, same = library.run(request['path'], np.load(folder / 'mix.npy'), request['settings'], request['offsets'])
            np.save(folder / 'stems.npy', stems)
            answer = dict(same=same)
        except Refused as refusal:
            answer = dict(refused=str(refusal))
        signal.alarm(0)
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    serve(Library(sys.argv[1]))
