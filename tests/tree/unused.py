"""unused.py OBJECT... - what crosses files and is used by no other file is dead, or static in truth.

The objects are those of the libraries and of the programs, without the tests: what only a test uses counts as unused,
but for what is named below.
"""

import re
import subprocess
import sys

import tree

INTERNAL = re.compile(r"^(dmx|digest|audio|hub)_")
MAY_BE_UNUSED = {
    "dmx_alloc_fail_after": "lets an allocation fail",
    "dmx_cpu_level_of": "tells of machines that are not here",
    "dmx_thread_pool_may_spin": "says how a thread waits, which only time would show",
    "audio_wav_riff_limit": "spares writing 4 GiB",
    "hub_verify_in": "takes a registry of the test's own",
    "dmx_stft_bins": "assertions use it, which the release leaves out",
    "dmx_resample_length": "the same",
    "dmx_network_record": "a recorded pass is for a device, which is not there yet",
    "dmx_op_list_clear": "the same",
    "dmx_cpu_replay": "the same: it shows that the list holds the whole pass",
}


def symbols(objects):
    """(object, symbol, whether it is defined there) for everything that crosses files."""
    text = subprocess.run(["nm", "-A", "-g", "-P", *objects], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        file, rest = line.rsplit(": ", 1)
        symbol, kind = rest.split()[:2]
        yield file, symbol, kind.upper() != "U"


def check(objects):
    defined, used = {}, {}
    for file, symbol, here in symbols(objects):
        (defined if here else used).setdefault(symbol, set()).add(file)
    findings = []
    for symbol, files in sorted(defined.items()):
        if INTERNAL.match(symbol) and symbol not in used and symbol not in MAY_BE_UNUSED:
            findings.append(f"{sorted(files)[0]}: no other file uses {symbol}")
    findings += [f"{symbol} is used, and need not be named in unused.py" for symbol in sorted(set(MAY_BE_UNUSED) & set(used))]
    return findings


if __name__ == "__main__":
    tree.report(check(sys.argv[1:]), "unused")
