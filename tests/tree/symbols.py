"""symbols.py SHARED STATIC - what the two libraries show to the linker.

The shared library exports demucs_* and nothing else. In the static one, what crosses files is demucs_* or dmx_*, and no
object asks the C library for what src/ may not use: memory (but for base/alloc.c), the screen, the end of the program.
"""

import re
import subprocess
import sys

import tree

LINKERS_OWN = {"_init", "_fini", "_edata", "_end", "__bss_start", "__end__", "_bss_end__"}
MEMORY = {"malloc", "calloc", "realloc", "free", "aligned_alloc", "posix_memalign", "memalign", "strdup", "strndup"}
MAY_USE_MEMORY = {"alloc.c.o": MEMORY, "json.c.o": {"free"}}  # json.c: texts that json_dumps allocated
PROGRAM = {"printf", "puts", "putchar", "fputs", "fprintf", "vprintf", "vfprintf", "perror", "stdout", "stderr", "stdin",
           "exit", "_exit", "abort", "quick_exit", "atexit", "signal", "sigaction", "setlocale", "setenv", "putenv"}


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
    exported = {symbol for _, kind, symbol in nm("-D", "--defined-only", shared)}
    for symbol in sorted(exported - LINKERS_OWN):
        if not symbol.startswith("demucs_"):
            findings.append(f"{shared} exports {symbol}")
    if "demucs_version" not in exported:
        findings.append(f"{shared} does not export demucs_version")
    for member, _, symbol in nm("-g", "--defined-only", static):
        if not symbol.startswith(("demucs_", "dmx_")):
            findings.append(f"{static}: {member} defines {symbol}, which is neither static nor dmx_ nor demucs_")
    for member, _, symbol in nm("-u", static):
        name = plain(symbol)
        if name in PROGRAM or (name in MEMORY and name not in MAY_USE_MEMORY.get(member, ())):
            findings.append(f"{static}: {member} uses {name}")
    return findings


if __name__ == "__main__":
    tree.report(check(sys.argv[1], sys.argv[2]), "symbols")
