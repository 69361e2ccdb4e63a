"""faults_can_fail.py DEMUCS - each verdict of tools/check-faults must see the fault it is there for.

A run of the program ends well, something is spoilt afterwards, as a bad program would have left it, and the verdict must say so.
The same with nothing spoilt, and with what a kill may leave, must pass.
"""

import shutil
import signal
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
spec = spec_from_loader('check_faults', SourceFileLoader('check_faults', str(ROOT / 'tools/check-faults')))
faults = module_from_spec(spec)
spec.loader.exec_module(faults)
INDEX = 2  # of a run with several tracks
LEFT = '.a.flac.partial-1-1'


def first(folder):
    return min(p for p in folder.rglob('*.flac'))


def cut(folder):
    path = first(folder)
    path.write_bytes(path.read_bytes()[:-1])


def spoil_one(folder):
    path = first(folder)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def leave(folder):
    (first(folder).parent / LEFT).write_bytes(b'half')


# What the disturbed run left: words of the verdict (None: no fault), what is spoilt, its status, its words on stderr, the signal
# that was sent.
DISTURBED = [
    (None, lambda out: None, 0, b'', None),
    (None, lambda out: first(out).unlink(), 1, b'error: no', None),
    (None, lambda out: first(out).unlink(), -signal.SIGKILL, b'', signal.SIGKILL),
    (None, leave, -signal.SIGKILL, b'', signal.SIGKILL),
    ('is not whole', cut, -signal.SIGKILL, b'', signal.SIGKILL),
    ('is not whole', spoil_one, 1, b'error: no', None),
    ('is not whole', lambda out: (out / 'other.wav').touch(), 1, b'error: no', None),
    ('is left', leave, 1, b'error: no', None),
    ('is left', leave, -signal.SIGTERM, b'', signal.SIGTERM),
    ('missing', lambda out: first(out).unlink(), 0, b'', None),
    ('ended with -11', lambda out: None, -signal.SIGSEGV, b'', None),
    ('ended with -9', lambda out: None, -signal.SIGKILL, b'', signal.SIGTERM),
    ('ended with no end', lambda out: None, 'no end', b'', None),
    ('without a word', lambda out: None, 1, b' \n', None),
]

# What the next run does beside its work, in sh; and what it finds. "$OUT" is its folder, and $ONE one of its files.
NEXT = [
    (None, ':', lambda checker: None),
    (None, ':', lambda checker: cut(checker.out)),
    ('the next run ends with 3', 'exit 3', lambda checker: None),
    ('these are wrong', 'printf x >>"$ONE"', lambda checker: None),
    ('these are wrong', 'rm "$ONE"', lambda checker: None),
    ('these are wrong', ':', lambda checker: (checker.out / 'left').touch()),
    ('these are wrong', f'touch "$OUT/{LEFT}"', lambda checker: None),
    ('left in TMPDIR', ':', lambda checker: (checker.temporary / 'spool').touch()),
]


def main(demucs):
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        checker = faults.Checker(Path(demucs).resolve(), work, 1)

        def look(what, wanted):
            found, checker.faults = checker.faults, []
            if (not found if wanted is None else len(found) == 1 and wanted in found[0]):
                return
            wrong.append(f'{what}: wanted {wanted}, found {found}')

        right = work / 'right'
        checker.fresh()
        checker.finish(checker.start(faults.SHAPES[INDEX], out=right))
        for number, (wanted, spoil, code, said, sent) in enumerate(DISTURBED):
            shutil.rmtree(checker.out)
            shutil.copytree(right, checker.out)
            spoil(checker.out)
            checker.check('planted', INDEX, code, said, 'planted', sent=sent)
            look(f'disturbed run {number}', wanted)
        for number, (wanted, words, spoil) in enumerate(NEXT):
            shutil.rmtree(checker.out)
            shutil.copytree(right, checker.out)
            spoil(checker)
            program = work / 'program'
            program.write_text(f'#!/bin/sh\n"{Path(demucs).resolve()}" "$@" || exit\nOUT="{checker.out}" ONE="{first(checker.out)}"\n{words}\n')
            program.chmod(0o755)
            checker.program = program
            checker.check_next('planted', INDEX, 'planted')
            look(f'next run {number}', wanted)
    for what in wrong:
        print(what)
    print(f'faults_can_fail: {len(DISTURBED) + len(NEXT)} cases, {len(wrong)} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
