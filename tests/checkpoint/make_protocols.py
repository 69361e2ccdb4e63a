#!/usr/bin/env python3
"""Make tests/data/checkpoint/good/legacy_protocol*.th: uniform.th as torch.save writes it with _use_new_zipfile_serialization=False
and pickle_protocol=1, 3, 4 and 5.

    tests/checkpoint/make_protocols.py FOLDER

Needs nothing but Python: the classes that a pickle names are stood in for by empty ones of the same names.
"""
import io
import os
import pickle
import struct
import sys
import types
import zipfile

MAGIC, VERSION = 0x1950a86a20f9469cfc6c, 1001
STAND_INS = {}


class Storage:
    """A storage, by its persistent id."""


class Rebuilt:
    """A call of a function of torch, which is pickled as that call again."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return STAND_INS['torch._utils', '_rebuild_tensor_v2'], self.arguments


def stand_in(module, name):
    if (module, name) not in STAND_INS:
        for end in range(1, module.count('.') + 2):
            part = '.'.join(module.split('.')[:end])
            sys.modules.setdefault(part, types.ModuleType(part))
        value = (lambda *arguments: Rebuilt(*arguments)) if name.startswith('_') else type(name, (), {})
        value.__module__, value.__qualname__, value.__name__ = module, name, name
        setattr(sys.modules[module], name, value)
        STAND_INS[module, name] = value
    return STAND_INS[module, name]


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if module in ('collections', 'fractions'):
            return super().find_class(module, name)
        return stand_in(module, name)

    def persistent_load(self, pid):
        storage = STORAGES.setdefault(pid[2], Storage())
        storage.pid = pid
        return storage


class Writer(pickle.Pickler):
    told = False

    def persistent_id(self, thing):
        if isinstance(thing, Storage):
            return tuple(thing.pid) + (None,)
        if isinstance(thing, type) and thing.__module__.startswith('demucs.') and not self.told:
            self.told = True
            return 'module', thing, 'demucs.py', 'class:\n    pass\n'
        return None


STORAGES = {}


def main():
    folder = sys.argv[1]
    archive = zipfile.ZipFile(os.path.join(folder, 'uniform.th'))
    root = next(name for name in archive.namelist() if name.endswith('/data.pkl'))[:-len('data.pkl')]
    package = Reader(io.BytesIO(archive.read(root + 'data.pkl'))).load()
    for protocol in (1, 3, 4, 5):
        out = io.BytesIO()
        pickle.dump(MAGIC, out, protocol)
        pickle.dump(VERSION, out, protocol)
        sizes = {'short': 2, 'int': 4, 'long': 4}
        pickle.dump({'protocol_version': VERSION, 'little_endian': True, 'type_sizes': sizes}, out, protocol)
        Writer(out, protocol).dump(package)
        pickle.dump(sorted(STORAGES), out, protocol)
        for key in sorted(STORAGES):
            out.write(struct.pack('<Q', STORAGES[key].pid[4]) + archive.read(root + 'data/' + key))
        with open(os.path.join(folder, f'legacy_protocol{protocol}.th'), 'wb') as file:
            file.write(out.getvalue())


if __name__ == '__main__':
    main()
