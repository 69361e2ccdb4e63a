"""The environment of the official package: a virtual environment that is made from PyPI once and used from then on.

enter() runs the calling script again in it, if it does not run there already. It lies in $DEMUCS_OFFICIAL, else in
$XDG_CACHE_HOME/demucs-official, else in ~/.cache/demucs-official; never in the tree. requirements.txt has the versions. FFmpeg's
program, with which the official package writes FLAC, is the one that imageio-ffmpeg ships.
"""

import os
from pathlib import Path
import subprocess
import sys

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = Path(os.environ.get('DEMUCS_BUILD', ROOT / 'build'))


def folder():
    cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache')
    return Path(os.environ.get('DEMUCS_OFFICIAL') or cache / 'demucs-official').absolute()


def make(venv):
    print(f'making {venv} (5.5 GB, minutes)', file=sys.stderr, flush=True)
    subprocess.run([sys.executable, '-m', 'venv', '--clear', venv], check=True)
    python = venv / 'bin/python'
    subprocess.run([python, '-m', 'pip', 'install', '-q', 'setuptools', 'wheel', 'Cython'], check=True)  # diffq is built here
    subprocess.run([python, '-m', 'pip', 'install', '-q', '-r', HERE / 'requirements.txt'], check=True)
    where = 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())'
    ffmpeg = subprocess.run([python, '-c', where], check=True, capture_output=True, text=True).stdout.strip()
    (venv / 'bin/ffmpeg').symlink_to(ffmpeg)
    (venv / 'made').touch()  # what was broken off is made again


def enter():
    venv = folder()
    if Path(sys.prefix) == venv:
        return
    if not (venv / 'made').exists():
        make(venv)
    settings = dict(os.environ, OMP_NUM_THREADS='1', MKL_NUM_THREADS='1', PATH=f'{venv / "bin"}:{os.environ["PATH"]}')
    os.execve(venv / 'bin/python', [str(venv / 'bin/python'), *sys.argv], settings)
