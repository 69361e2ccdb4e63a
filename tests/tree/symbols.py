"""symbols.py SHARED STATIC... - what the two libraries of each pair show to the linker.

The shared libdemucs exports demucs_* and nothing else, libdemucs_tracks demucs_tracks_*, demucs_run*, demucs_cache_*, demucs_settings_*, demucs_quality_*, demucs_fit_* and demucs_video_*. In the static ones, what crosses
files has these names, or dmx_*, or those of audio/, and no object asks the C library for what src/ and tracks/ may not use:
memory (but for base/alloc.c), the screen, the end of the program, signals; tracks/ not for the environment either, but for
TMPDIR (spool.c) and for settings (settings/files.c).
"""

import re
import subprocess
import sys
from pathlib import Path

import tree

LINKERS_OWN = {"_init", "_fini", "_edata", "_end", "__bss_start", "__end__", "_bss_end__"}
MEMORY = {"malloc", "calloc", "realloc", "free", "aligned_alloc", "posix_memalign", "memalign", "strdup", "strndup"}
MAY_USE_MEMORY = {"alloc.c.o": MEMORY, "json.c.o": {"free"}}  # json.c: texts that json_dumps allocated
PROGRAM = {"printf", "puts", "putchar", "fputs", "fprintf", "vprintf", "vfprintf", "perror", "stdout", "stderr", "stdin",
           "exit", "_exit", "abort", "quick_exit", "atexit", "signal", "sigaction", "setlocale", "setenv", "putenv"}

ENVIRONMENT = {"getenv", "secure_getenv"}
MAY_ASK_ENVIRONMENT = {"spool.c.o", "files.c.o"}

# A library: what its symbols begin with in the shared form, besides in the static form, and one that must be there.
LIBRARIES = {
    "libdemucs": (("demucs_",), ("dmx_",), "demucs_version"),
    "libdemucs_tracks": (("demucs_tracks_", "demucs_run", "demucs_cache_", "demucs_settings_", "demucs_quality_", "demucs_fit_", "demucs_video_"), ("dmx_", "digest_", "audio_", "ffmpeg_"), "demucs_tracks_separate"),
}


def nm(*arguments):
    """(object file, type, symbol) for each line of nm."""
    text = subprocess.run(["nm", "-A", "-P", *arguments], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        file, rest = line.split(": ", 1)
        symbol, kind = rest.split()[:2]
        member = re.search(r"\[(.+)\]$", file)
        yield (member[1] if member else file), kind, re.sub(r"@.*", "", symbol)


def plain(symbol):
    """A checked variant (__printf_chk) is the function it checks."""
    match = re.fullmatch(r"__(\w+)_chk", symbol)
    return match[1] if match else symbol


def check(shared, static):
    findings = []
    library = Path(static).name.removesuffix(".a")
    public, internal, expected = LIBRARIES[library]
    exported = {symbol for _, kind, symbol in nm("-D", "--defined-only", shared)}
    for symbol in sorted(exported - LINKERS_OWN):
        if not symbol.startswith(public):
            findings.append(f"{shared} exports {symbol}")
    if expected not in exported:
        findings.append(f"{shared} does not export {expected}")
    for member, _, symbol in nm("-g", "--defined-only", static):
        if not symbol.startswith(public + internal):
            findings.append(f"{static}: {member} defines {symbol}, which is neither static nor {' nor '.join(public + internal)}")
    for member, _, symbol in nm("-u", static):
        name = plain(symbol)
        if (name in PROGRAM or (name in MEMORY and name not in MAY_USE_MEMORY.get(member, ()))
                or (library == "libdemucs_tracks" and name in ENVIRONMENT and member not in MAY_ASK_ENVIRONMENT)):
            findings.append(f"{static}: {member} uses {name}")
    return findings


if __name__ == "__main__":
    pairs = sys.argv[1:]
    tree.report([finding for i in range(0, len(pairs), 2) for finding in check(pairs[i], pairs[i + 1])], "symbols")
