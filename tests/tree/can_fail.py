"""can_fail.py SCRATCH - each check of the tree must see the fault it is there for.

For each fault, a small tree or library that has it and nothing else; the check must fail and name it. The same without
the fault must pass, so that a check that always fails does not look like a good one.
"""

import subprocess
import sys
from pathlib import Path

import hygiene
import layers
import networks
import rooms
import symbols
import templates
import unused

SOUND = {
    "src/base/alloc.c": '#include "base/alloc.h"\n#include <stdlib.h>\nvoid *dmx_alloc(void) { return malloc(1); }\n',
    "src/base/alloc.h": "void *dmx_alloc(void);\n",
    "src/kernels/scalar.c": '#include "base/alloc.h"\n',
    "src/kernels/loop.h": "/* loop.h - a loop. Template. Parameters, which end with it:\n *   TYPE   of a number\n * Gives: HINT. */\n#define HINT\n#define ONCE(x) x\n#undef ONCE\n#undef TYPE\n",
    "src/kernels/x86.c": "#pragma GCC target(\"avx2\")\n",
    "src/kernels/CMakeLists.txt": "set_source_files_properties(x86.c PROPERTIES COMPILE_OPTIONS -mavx2)\n",
    "src/nn/conv.h": "int dmx_conv;\n",
    "src/nn/conv.c": '#include "nn/conv.h" /* #include "models/net.h" and malloc(1) in a comment are nothing */\n',
    "src/models/net.c": '#include "nn/conv.h"\nconst char *text = "malloc(1)";\n',
    "src/models/net.h": "int dmx_net;\n",
    "src/models/bag.h": '#include "models/net.h"\n',
    "src/checkpoint/json.c": "#include <jansson.h>\n",
    "src/api/model.c": '#include "demucs.h"\n#include "models/net.h"\nconst char *demucs_version(void)\n{\n    return "1";\n}\n',
    "include/demucs.h": "DEMUCS_API const char *demucs_version(void);\n",
    "digest/digest.h": "int digest;\n",
    "digest/sha256.c": '#include "base/alloc.h"\n#include "digest/digest.h"\n#include <openssl/evp.h>\n',
    "audio/audio.h": "int audio;\n",
    "audio/mp3_writer.c": '#include "audio/audio.h"\n#include "base/alloc.h"\n#include <lame/lame.h>\n#include <stdlib.h>\nvoid *p = malloc(1);\n',
    "hub/hub.h": "int hub;\n",
    "tracks/spool.h": "int spool;\n",
    "tracks/spool.c": '#include "tracks/spool.h"\n#include "audio/audio.h"\n#include "base/alloc.h"\n#include "demucs.h"\n#include "demucs_tracks.h"\nvoid *t = getenv("TMPDIR");\n',
    "tracks/paths.h": "int paths;\n",
    "tracks/cache/index.h": "int kept;\n",
    "tracks/cache/index.c": '#include "tracks/cache/index.h"\n#include "digest/digest.h"\n#include "demucs_cache.h"\n#include "tracks/paths.h"\n#include <sqlite3.h>\n',
    "include/demucs_cache.h": "int demucs_cache_open(void);\n",
    "include/demucs_tracks.h": "int demucs_tracks_separate(void);\n",
    "tracks/settings/keys.h": "int keys;\n",
    "tracks/settings/files.c": '#include "tracks/settings/keys.h"\n#include "demucs_settings.h"\n#include "demucs_tracks.h"\nvoid *t = getenv("HOME");\n',
    "tracks/request.h": "int request;\n",
    "tracks/runs/list.h": "int list;\n",
    "tracks/json.h": "#include <jansson.h>\n",
    "tracks/runs/json.c": '#include "tracks/json.h"\n',
    "tracks/runs/walk.c": '#include <fnmatch.h>\n#include "tracks/runs/list.h"\n#include "tracks/request.h"\n#include "demucs_runs.h"\n#include "demucs_tracks.h"\n',
    "audio/video.h": "int video;\n",
    "tracks/outputs.h": "int outputs;\n",
    "include/demucs_video.h": "int demucs_video_is_name(void);\n",
    "tracks/video/video.c": '#include "audio/video.h"\n#include "tracks/outputs.h"\n#include "demucs_video.h"\n',
    "tracks/quality/leak.h": "int leak;\n",
    "tracks/quality/leak.c": '#include "tracks/quality/leak.h"\n#include "audio/audio.h"\n#include "demucs_quality.h"\n',
    "tracks/quality/json.c": '#include "tracks/json.h"\n',
    "cli/common/bar.h": "int bar;\n",
    "cli/main.c": '#include "audio/audio.h"\n#include "base/alloc.h"\n#include "common/bar.h"\n#include "hub/hub.h"\n#include "demucs.h"\n#include "demucs_tracks.h"\nint main(void) { printf(""); }\n',
    "CMakeLists.txt": "add_compile_options(-Wall -ffp-contract=off)\n",
    "README.md": "Look in src/work/ and https://example.org/home.\n",
}

# what to write where (added to what is there), the check, and a word of the finding
TREE_FAULTS = [
    ("src/kernels/scalar.c", '#include "nn/conv.h"\n', layers, "lies above"),
    ("src/nn/conv.c", '#include "models/net.h"\n', layers, "lies above"),
    ("src/models/net.c", '#include "stream/lane.h"\n', layers, "does not exist"),
    ("src/checkpoint/json.c", '#include "models/net.h"\n', layers, "lies above"),
    ("src/nn/conv.c", '#include "demucs.h"\n', layers, "demucs.h is for"),
    ("src/nn/conv.c", "void f(void) { x = malloc(3); }\n", layers, "does not call malloc"),
    ("src/nn/conv.c", "void f(void *x) { free (x); }\n", layers, "does not call free"),
    ("src/nn/conv.c", 'void f(void) { fprintf(stderr, ""); }\n', layers, "does not call fprintf"),
    ("src/api/model.c", "void f(void) { exit(1); }\n", layers, "does not call exit"),
    ("src/models/net.c", "#include <jansson.h>\n", layers, "wrapped in"),
    ("cli/main.c", "#include <libavutil/log.h>\n", layers, "wrapped in"),
    ("src/api/model.c", "#include <zlib.h>\n", layers, "neither C nor POSIX"),
    ("hub/hub.c", "const char *f(int e) { return strerror(e); }\n", layers, "hub/ does not call strerror"),
    ("audio/mp3_writer.c", '#include "nn/conv.h"\n', layers, "may not see"),
    ("src/base/alloc.c", '#include "audio/audio.h"\n', layers, "does not exist"),
    ("audio/mp3_writer.c", '#include "demucs.h"\n', layers, "does not know the engine"),
    ("hub/hub.c", '#include "audio/audio.h"\n', layers, "may not see"),
    ("hub/hub.c", "#include <openssl/evp.h>\n", layers, "wrapped in"),
    ("audio/audio.c", '#include "digest/digest.h"\n', layers, "may not see"),
    ("digest/sha256.c", '#include "demucs.h"\n', layers, "does not know the engine"),
    ("cli/main.c", '#include "models/net.h"\n', layers, "may not see"),
    ("cli/main.c", '#include "audio/pcm.h"\n', layers, "may not see"),
    ("cli/main.c", '#include "tracks/spool.h"\n', layers, "may not see"),
    ("audio/mp3_writer.c", '#include "demucs_tracks.h"\n', layers, "may not see"),
    ("src/api/model.c", '#include "demucs_tracks.h"\n', layers, "does not exist"),
    ("tracks/spool.c", '#include "common/bar.h"\n', layers, "may not see"),
    ("tracks/spool.c", '#include "cli/common/bar.h"\n', layers, "may not see"),
    ("tracks/spool.c", '#include "audio/pcm.h"\n', layers, "may not see"),
    ("tracks/spool.c", '#include "nn/conv.h"\n', layers, "may not see"),
    ("tracks/spool.c", '#include "hub/hub.h"\n', layers, "may not see"),
    ("tracks/cache/index.c", '#include "tracks/spool.h"\n', layers, "may not see"),
    ("tracks/spool.c", "#include <sqlite3.h>\n", layers, "wrapped in"),
    ("tracks/spool.c", '#include "tracks/settings/keys.h"\n', layers, "tracks/ may not see"),
    ("tracks/spool.c", '#include "settings/keys.h"\n', layers, "tracks/ may not see"),
    ("tracks/spool.c", '#include "demucs_settings.h"\n', layers, "tracks/ may not see"),
    ("tracks/settings/keys.c", '#include "tracks/spool.h"\n', layers, "tracks/settings/ may not see"),
    ("tracks/settings/keys.c", '#include "audio/audio.h"\n', layers, "tracks/settings/ may not see"),
    ("tracks/fit/plan.c", '#include "tracks/spool.h"\n', layers, "tracks/fit/ may not see"),
    ("tracks/settings/keys.c", 'char *f(void) { return getenv("HOME"); }\n', layers, "tracks/ does not call getenv"),
    ("tracks/runs/walk.c", "#include <jansson.h>\n", layers, "wrapped in"),
    ("tracks/runs/walk.c", '#include "tracks/spool.h"\n', layers, "tracks/runs/ may not see"),
    ("tracks/runs/walk.c", '#include "audio/audio.h"\n', layers, "tracks/runs/ may not see"),
    ("tracks/spool.c", '#include "tracks/quality/leak.h"\n', layers, "tracks/ may not see"),
    ("tracks/quality/leak.c", '#include "tracks/spool.h"\n', layers, "tracks/quality/ may not see"),
    ("tracks/quality/leak.c", '#include "demucs_tracks.h"\n', layers, "tracks/quality/ may not see"),
    ("tracks/quality/leak.c", "#include <libavutil/tx.h>\n", layers, "wrapped in"),
    ("tracks/quality/leak.c", 'void f(void) { puts(""); }\n', layers, "tracks/ does not call puts"),
    ("tracks/video/video.c", '#include "tracks/spool.h"\n', layers, "tracks/video/ may not see"),
    ("tracks/video/video.c", '#include "audio/audio.h"\n', layers, "tracks/video/ may not see"),
    ("tracks/spool.c", "#include <jansson.h>\n", layers, "wrapped in"),
    ("tracks/spool.c", "void f(void) { x = calloc(3, 1); }\n", layers, "tracks/ does not call calloc"),
    ("tracks/spool.c", "void f(void) { exit(3); }\n", layers, "tracks/ does not call exit"),
    ("tracks/track.c", 'void f(void) { printf(""); }\n', layers, "tracks/ does not call printf"),
    ("tracks/track.c", "void f(void) { sigaction(3, 0, 0); }\n", layers, "tracks/ does not call sigaction"),
    ("tracks/track.c", 'char *f(void) { return getenv("HOME"); }\n', layers, "tracks/ does not call getenv"),
    ("src/models/net.h", '#include "models/bag.h"\n', rooms, "a circle of includes: bag -> net -> bag"),
    ("src/models/net.c", '#include "models/bag.h"\n', rooms, "a circle of includes: bag -> net -> bag"),
    ("src/models/net.c", "int demucs_more(int a)\n{\n    return a;\n}\n", rooms, "demucs_more is a public function"),
    ("src/api/model.c", "int demucs_more(int a)\n{\n    return a;\n}\n", rooms, "demucs_more is not in include"),
    ("include/demucs.h", "DEMUCS_API int demucs_more(int a);\n", rooms, "demucs_more is not defined in src/api"),
    ("src/nn/long.c", "\n" * 401, hygiene, "401 lines"),
    ("docs/page.md", "<" * 7 + " HEAD\n", hygiene, "merge that was not finished"),
    ("docs/page.md", "see /wo" + "rk/main/README.md\n", hygiene, "path of one machine"),
    ("tools/fetch", "curl https://registry.npm" + "js.org/x\n", hygiene, "package registry"),
    ("CMakeLists.txt", "add_compile_options(-march=native)\n", hygiene, "CPU flag"),
    ("CMakePresets.json", '"CMAKE_C_FLAGS": "-mavx2"\n', hygiene, "CPU flag"),
    ("src/kernels/CMakeLists.txt", "add_compile_options(-ffast-math)\n", hygiene, "changes the arithmetic"),
    ("src/nn/conv.c", '__attribute__((target("avx2"))) void f(void);\n', hygiene, "code for one CPU"),
    ("src/kernels/loop.h", "#define LEFT 1\n", templates, "leaves the macro LEFT"),
    ("src/kernels/more.h", "/* Template. Parameters, which end with it:\n *   TYPE   of a number */\n", templates, "leaves the macro TYPE"),
    ("src/kernels/more.h", "/* more.h - Template: define TYPE. */\n#undef TYPE\n", templates, "lists its parameters"),
    ("src/models/net.c", "float first(const dmx_grid *x) { return x->data[0]; }\n", networks, "looks into"),
    ("src/models/net.c", "float last(dmx_grid x) { return x . data [9]; }\n", networks, "looks into"),
    ("src/models/net.h", "inline bool f(dmx_exec *e) { return e->planning; }\n", networks, "whether the pass computes"),
    ("src/models/net.c", "void f(dmx_exec *e) { dmx_exec_run(e, 1, 0, item, 0); }\n", networks, "hands out work"),
    ("src/models/net.c", "static dmx_work_fn *work;\n", networks, "hands out work"),
    ("src/models/net.c", "void f(dmx_exec *e) { e->kernels->add_f32(0, 0, 0, 0); }\n", networks, "computes by itself"),
    ("src/models/net.c", "float f(dmx_exec *e) { return e->mix[0]; }\n", networks, "computes by itself"),
    ("src/models/net.c", '#include "cpu/gemm.h"\n', networks, "does not see cpu/gemm.h"),
    ("src/models/net.c", '#include "kernels/kernels.h"\n', networks, "does not see kernels"),
    ("src/models/loading/weights.c", '#include "cpu/pack.h"\n', networks, "does not see cpu/pack.h"),
    ("cli/bench/main.c", '__attribute__((target("avx2"))) void f(void);\n', hygiene, "code for one CPU"),
]

# a function added to a library of two files, and a word of the finding
SYMBOL_FAULTS = [
    ('__attribute__((visibility("default"))) int helper(void) { return 1; }', "exports helper"),
    ("int helper(void) { return 1; }", "defines helper"),
    ("void *malloc(unsigned long); void *dmx_more(void) { return malloc(8); }", "uses malloc"),
    ("int puts(const char *); int dmx_say(void) { return puts(\"\"); }", "uses puts"),
    ("void abort(void); void dmx_end(void) { abort(); }", "uses abort"),
]
# the same for the library of tracks/
TRACKS_SYMBOL_FAULTS = [
    ('__attribute__((visibility("default"))) int demucs_helper(void) { return 1; }', "exports demucs_helper"),
    ("int spool_create(void) { return 1; }", "defines spool_create"),
    ("int hub_fetch(void) { return 1; }", "defines hub_fetch"),
    ("void *calloc(unsigned long, unsigned long); void *dmx_more(void) { return calloc(8, 1); }", "uses calloc"),
    ("void exit(int); void dmx_end(void) { exit(1); }", "uses exit"),
    ('char *getenv(const char *); char *dmx_home(void) { return getenv("HOME"); }', "uses getenv"),
]


# the same for two objects
UNUSED_FAULTS = [
    ("int dmx_dead(void) { return 2; }", "no other file uses dmx_dead"),
    ("int dmx_own(void) { return 2; } int other(void) { return dmx_own(); }", "no other file uses dmx_own"),
    ("int dmx_alloc_fail_after(void); int other(void) { return dmx_alloc_fail_after(); }", "need not be named"),
]


def write_tree(root, content):
    for name, text in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def libraries(folder, extra, name="libdemucs", public="demucs_version"):
    """A shared and a static library of a sound source file, with `extra` in it."""
    folder.mkdir(parents=True, exist_ok=True)
    source = f'__attribute__((visibility("default"))) const char *{public}(void) {{ return "1"; }}\nint dmx_inner;\n'
    (folder / "api.c").write_text(source + extra + "\n")
    run = lambda *words: subprocess.run(words, check=True, cwd=folder)
    run("cc", "-c", "-fPIC", "-fvisibility=hidden", "-fno-builtin", "api.c", "-o", "api.c.o")
    run("cc", "-shared", "api.c.o", "-o", f"{name}.so")
    run("ar", "rcs", f"{name}.a", "api.c.o")
    return str(folder / f"{name}.so"), str(folder / f"{name}.a")


def objects(folder, extra):
    """Two objects, of which the first uses the second; `extra` is added to that."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.c").write_text("int dmx_used(void); int main(void) { return dmx_used(); }\n")
    (folder / "inner.c").write_text("int dmx_used(void) { return 1; }\n" + extra + "\n")
    subprocess.run(["cc", "-c", "main.c", "inner.c"], check=True, cwd=folder)
    return [str(folder / "main.o"), str(folder / "inner.o")]


def header_passes(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demucs.h").write_text(text)
    script = Path(__file__).with_name("header.sh")
    return subprocess.run(["sh", script, folder / "demucs.h", folder / "scratch"], capture_output=True).returncode == 0


def main(scratch):
    missed = []

    def expect(what, findings, word):
        if word is None and findings:
            missed.append(f"{what}: sound, but: {findings}")
        elif word is not None and not any(word in finding for finding in findings):
            missed.append(f"{what}: \"{word}\" was not found; findings: {findings}")

    for number, (name, text, check, word) in enumerate([("README.md", "", check, None) for check in (layers, hygiene, networks, rooms, templates)]
                                                       + TREE_FAULTS):
        root = scratch / f"tree{number}"
        write_tree(root, {**SOUND, name: SOUND.get(name, "") + text})
        expect(f"{name} + {text[:60]!r}", check.check(root), word)
    for number, (extra, word) in enumerate([("", None)] + SYMBOL_FAULTS):
        expect(extra, symbols.check(*libraries(scratch / f"library{number}", extra)), word)
    for number, (extra, word) in enumerate([("", None)] + TRACKS_SYMBOL_FAULTS):
        pair = libraries(scratch / f"tracks{number}", extra, "libdemucs_tracks", "demucs_tracks_separate")
        expect(extra, symbols.check(*pair), word)

    for number, (extra, word) in enumerate([("", None), ("static int f(void) { return 2; } int other(void) { return f(); }", None)]
                                           + UNUSED_FAULTS):
        expect(extra, unused.check(objects(scratch / f"objects{number}", extra)), word)

    good = "#ifndef D\n#define D\n#ifdef __cplusplus\nextern \"C\" {\n#endif\nconst char *demucs_version(void);\n" \
           "#ifdef __cplusplus\n}\n#endif\n#endif\n"
    if not header_passes(scratch / "good", good):
        missed.append("a sound header does not pass")
    for number, bad in enumerate([good + "bool demucs_open;\n", good + "enum demucs_e { DEMUCS_A, };\nint f(class);\n",
                                  good.replace("#ifndef D\n", "").replace("#endif\n#endif\n", "#endif\ntypedef int t; enum { A };\n")]):
        if header_passes(scratch / f"bad{number}", bad):
            missed.append(f"a header with a fault passes: {bad!r}")

    print("\n".join(missed))
    print(f"{len(TREE_FAULTS) + len(SYMBOL_FAULTS) + len(UNUSED_FAULTS) + len(TRACKS_SYMBOL_FAULTS) + 3} faults, {len(missed)} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir(parents=True)
    sys.exit(main(folder))
