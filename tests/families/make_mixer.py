#!/usr/bin/env python3
"""Make tests/data/families/mixer.th and mixer_quantised.th: a model of the test family (tests/families/mixer), as torch.save
writes one, and the same quantised by diffq's UniformQuantizer.

    tests/families/make_mixer.py FOLDER

Needs nothing but Python: the classes that a pickle names are stood in for by empty ones of the same names. The numbers are
levels of 8 bits between -1 and 1, so that quantising loses nothing.
"""
import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict


def stand_in(dotted, value):
    """Put `value` where Python finds it as `dotted`."""
    module, name = dotted.rsplit('.', 1)
    for end in range(1, module.count('.') + 2):
        part = '.'.join(module.split('.')[:end])
        sys.modules.setdefault(part, types.ModuleType(part))
    value.__module__, value.__qualname__, value.__name__ = module, name, name
    setattr(sys.modules[module], name, value)
    return value


def function():
    def body(*arguments):
        raise NotImplementedError
    return body


Mixer = stand_in('toys.mixer.Mixer', type('Mixer', (), {}))
UniformQuantizer = stand_in('diffq.uniform.UniformQuantizer', type('UniformQuantizer', (), {}))
FloatStorage = stand_in('torch.FloatStorage', type('FloatStorage', (), {}))
ByteStorage = stand_in('torch.ByteStorage', type('ByteStorage', (), {}))
rebuild = stand_in('torch._utils._rebuild_tensor_v2', function())


class Storage:
    def __init__(self, kind, content, count):
        self.kind, self.content, self.count = kind, content, count


class Tensor:
    def __init__(self, values, shape, kind=FloatStorage):
        form = {FloatStorage: 'f', ByteStorage: 'B'}[kind]
        self.storage, self.shape = Storage(kind, struct.pack(f'<{len(values)}{form}', *values), len(values)), shape

    def __reduce__(self):
        strides = [1]
        for extent in reversed(self.shape[1:]):
            strides.insert(0, strides[0] * extent)
        return rebuild, (self.storage, 0, tuple(self.shape), tuple(strides), False, OrderedDict())


class Pickler(pickle.Pickler):
    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.storages = []

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        self.storages.append(value)
        return 'storage', value.kind, str(len(self.storages) - 1), 'cpu', value.count


def save(path, package):
    content = io.BytesIO()
    pickler = Pickler(content)
    pickler.dump(package)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as archive:
        def put(name, data):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
        put('mixer/data.pkl', content.getvalue())
        put('mixer/byteorder', 'little')
        for key, storage in enumerate(pickler.storages):
            put(f'mixer/data/{key}', storage.content)
        put('mixer/version', '3\n')


def number(level):
    return level / 255 * 2 - 1


LEVELS = OrderedDict([('scale', ([200, 60, 255, 128], [4])),
                      ('mix.weight', ([255, 0, 17, 240, 90, 133, 128, 222], [4, 2, 1])),
                      ('mix.bias', ([128, 100, 255, 3], [4]))])
KWARGS = {'audio_channels': 2, 'samplerate': 8000, 'segment': 0.25, 'scaled': True}


def main(folder):
    package = {'klass': Mixer, 'args': (['left', 'right'],), 'kwargs': KWARGS, 'training_args': {'epochs': 3}}
    plain = OrderedDict((name, Tensor([number(level) for level in levels], shape))
                        for name, (levels, shape) in LEVELS.items())
    save(f'{folder}/mixer.th', {**package, 'state': plain})
    large = LEVELS['mix.weight']
    quantised = {'quantized': [(Tensor(large[0], large[1], ByteStorage), (-1.0, 1.0))],
                 'float16': [], 'others': [plain['scale'], plain['mix.bias']], '__quantized': True,
                 'meta': {'klass': UniformQuantizer, 'init_kwargs': {'bits': 8.0, 'min_size': 5 * 4 / 2 ** 20}}}
    save(f'{folder}/mixer_quantised.th', {**package, 'state': quantised})


if __name__ == '__main__':
    main(sys.argv[1])
