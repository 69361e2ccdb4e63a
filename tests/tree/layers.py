"""layers.py ROOT - who may include whom, who may call what.

A file includes only from its own row of the layer order or from rows above it (ARCHITECTURE.md):

    base
    kernels
    nn   dsp   checkpoint
    cpu
    models
    engine
    stream
    api                             <- include/demucs.h
    ------------------------------------------------------
    digest                          base, and nothing else from src/
    audio   hub                     base; hub also digest/digest.h
    tracks/cache                    of tracks/ only paths.h; base, digest/digest.h  <- include/demucs_cache.h
    tracks/quality                  base, demucs.h, audio/audio.h, tracks/json.h   <- include/demucs_quality.h
    tracks                          base, demucs.h, demucs_quality.h, audio/audio.h, digest/digest.h  <- include/demucs_tracks.h
    tracks/fit                      base and demucs.h               <- include/demucs_fit.h
    tracks/video                    base, demucs.h, demucs_video.h, audio/video.h; what a sound passes through in tracks/: outputs, paths, planes
                                                                    <- include/demucs_video.h
    tracks/settings                 base and the public headers     <- include/demucs_settings.h
    tracks/runs                     base and the public headers; of tracks/ json.h, paths.h, request.h <- include/demucs_runs.h
    cli                             base, the public headers, audio/audio.h, hub/hub.h
"""

import re
import sys

import tree

ROWS = [["base"], ["kernels"], ["nn", "dsp", "checkpoint"], ["cpu"], ["models"], ["engine"], ["stream"], ["api"]]
ROW = {part: number for number, row in enumerate(ROWS) for part in row}

# The engine's own header, seen below the API where its types are: errors (base) and the streaming objects.
MAY_SEE_DEMUCS_H = re.compile(r"^src/(base|dsp|models|engine|stream|api)/")

# Each library is wrapped: its headers are included here and nowhere else.
WRAPPED = {
    r"jansson\.h": r"src/checkpoint/json\.c|tracks/json\.h",
    r"yaml\.h": r"src/base/bag\.c",
    r"cpuid\.h": r"src/base/cpu\.c",
    r"curl/.*": r"hub/download\.c",
    r"openssl/.*": r"digest/sha256\.c",
    r"sqlite3\.h": r"tracks/cache/index\.c",
    r"ebur128\.h": r"tracks/video/r128\.c",
    r"lib(av\w+|sw\w+)/.*": r"audio/ffmpeg_\w+\.[ch]|tracks/quality/(transform|png)\.c",
    r"lame/.*": r"audio/mp3_writer\.c",
}
POSIX = r"""(assert|complex|ctype|dirent|errno|fcntl|fenv|float|fnmatch|glob|inttypes|iso646|limits|locale|math|poll|pthread|sched|
    semaphore|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|
    termios|tgmath|time|unistd|wchar|\w*intrin|sys/\w+|arm_\w+|linux/\w+)\.h"""

# What a part outside src/ may see of the others, besides base/.
MAY_SEE = {
    "hub": r"digest/digest\.h",
    "tracks": r"demucs\.h|demucs_tracks\.h|demucs_cache\.h|demucs_quality\.h|audio/audio\.h|digest/digest\.h|tracks/(cache|video)/\w+\.h",
    "tracks/video": r"demucs\.h|demucs_video\.h|audio/video\.h|tracks/(outputs|paths|planes)\.h",
    "tracks/cache": r"demucs\.h|demucs_cache\.h|digest/digest\.h|tracks/paths\.h",
    "tracks/quality": r"demucs\.h|demucs_quality\.h|audio/audio\.h|tracks/json\.h",
    "tracks/fit": r"demucs\.h|demucs_fit\.h",
    "tracks/settings": r"demucs\.h|demucs_fit\.h|demucs_tracks\.h|demucs_settings\.h",
    "tracks/runs": r"demucs\.h|demucs_tracks\.h|demucs_runs\.h|digest/digest\.h|tracks/(json|paths|request)\.h",
    "cli": r"demucs\.h|demucs_fit\.h|demucs_tracks\.h|demucs_runs\.h|demucs_cache\.h|demucs_settings\.h|demucs_quality\.h|demucs_video\.h|audio/audio\.h|hub/hub\.h",
}

# Calls that the libraries, src/ and tracks/, may not make, and the files that may. nm checks the same on the objects
# (symbols.py); this names the line.
FORBIDDEN_CALLS = {
    r"malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup": ("src/base/alloc.c",),
    r"free": ("src/base/alloc.c",),
    r"printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror": (),
    r"exit|_exit|abort|quick_exit|atexit|signal|sigaction|setlocale": (),
}
# What no room may call, for there is one way for all of them.
FORBIDDEN_EVERYWHERE = {r"strerror|strerror_r": ("src/base/text.c",)}
# In tracks/, besides: the environment is asked for TMPDIR, and for settings where a caller says so.
FORBIDDEN_IN_TRACKS = {**FORBIDDEN_CALLS, r"getenv|secure_getenv": ("tracks/spool.c", "tracks/settings/files.c")}
# Except where another library's memory is handed back as it asks for it: file -> why.
MAY_FREE = {"src/checkpoint/json.c": "texts that json_dumps allocated"}


def part_of(path):
    """The layer that a file belongs to: a folder below src/, a folder of tracks/, else the top folder."""
    if path.parts[0] == "tracks":
        return str(path.parent)
    return path.parts[1] if path.parts[0] == "src" else path.parts[0]


def check_quoted(root, path, name):
    """What is wrong with including our own header `name` in the file `path`, or None."""
    part = part_of(path)
    if name == "demucs.h":
        if part in ROW and not MAY_SEE_DEMUCS_H.search(str(path)):
            return "demucs.h is for the API and the parts that share its types"
        return f"{part}/ does not know the engine" if part in ("digest", "audio", "hub") else None
    folder = name.split("/")[0] if "/" in name else part
    if folder == "base" and (root / "src" / name).is_file():
        return None
    if part in ROW:
        if not (root / "src" / name).is_file():
            return f"src/{name} does not exist (headers are named from src/)"
        if ROW.get(folder, 99) > ROW[part]:
            return f"{part} lies above {folder} in the layer order"
        return None
    if (root / name).is_file() and str(tree.Path(name).parent) == part:
        return None
    if path.parts[0] != "tracks" and ((root / part / name).is_file() or (root / path.parent / name).is_file()):
        return None
    return None if re.fullmatch(MAY_SEE.get(part, "(?!)"), name) else f"{part}/ may not see {name}"


def check_system(path, name):
    if re.fullmatch(POSIX, name, re.X):
        return None
    for header, file in WRAPPED.items():
        if re.fullmatch(header, name):
            return None if re.fullmatch(file, str(path)) else f"<{name}> is wrapped in {file} and seen nowhere else"
    return f"<{name}> is neither C nor POSIX: wrap the library in one file and name it in tests/tree/layers.py"


def forbidden_in(room):
    rules = FORBIDDEN_IN_TRACKS if room == "tracks" else FORBIDDEN_CALLS if room == "src" else {}
    return {**rules, **FORBIDDEN_EVERYWHERE}


def check_calls(path, code):
    room = path.parts[0]
    for number, line in enumerate(code.split("\n"), 1):
        for calls, exceptions in forbidden_in(room).items():
            match = re.search(rf"(?<![\w.>])({calls})\s*\(", line)
            if not match or str(path) in exceptions or (calls == "free" and str(path) in MAY_FREE):
                continue
            yield f"{path}:{number}: {room}/ does not call {match[1]}" + (f": that is for {' and '.join(exceptions)}" if exceptions else "")


def check(root):
    findings = []
    for folder in ("src", "digest", "audio", "hub", "tracks", "cli"):
        for path in tree.files(root / folder, ".c", ".h"):
            path = tree.Path(folder) / path
            code = tree.code_of(root, path)
            for number, kind, name in tree.includes(code):
                wrong = check_quoted(root, path, name) if kind == "quoted" else check_system(path, name)
                if wrong:
                    findings.append(f"{path}:{number}: {wrong}")
            findings += check_calls(path, code)
    return findings


if __name__ == "__main__":
    tree.report(check(tree.Path(sys.argv[1])), "layers")
