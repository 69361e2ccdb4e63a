"""hygiene.py ROOT - what no file of the tree may hold.

C files stay short; no machine's own paths and no package registry's address; CPU flags only for files under
src/kernels, since all other code must run on the oldest CPU. The loops of demucs-bench that find out what the CPU can do
at most carry their level function by function.
"""

import re
import sys

import tree

MAX_LINES = 400  # but for the public headers, which are manuals

# Written so that this file does not hold them.
FOREIGN = {
    r"^(<{7}|>{7}) ": "the mark of a merge that was not finished",
    r"(?<![\w.])/(work|root|home/\w+|Users/\w+)/": "a path of one machine",
    r"(registry\.npm" r"js|pypi\." r"org|pythonhosted\." r"org|crates\." r"io|conda\.anaconda\." r"org)": "the address of a package registry",
}
BUILD_FILES = ("CMakeLists.txt", ".cmake", "CMakePresets.json", "Makefile")
CPU_FLAGS = re.compile(r"(?<![\w-])-m(arch|cpu|tune|avx|fma|f16c|sse|amx|bmi|fpu|popcnt)|(?<!\w)/arch:")
CPU_PRAGMAS = re.compile(r"#\s*pragma\s+(GCC|clang)\s+(target|attribute)|__attribute__\s*\(\(\s*(__)?target\b|target_clones")
MAY_TARGET = re.compile(r"^cli/bench/peak_\w+\.c$")
FAST_MATH = re.compile(r"-f(fast-math|associative-math|finite-math-only|unsafe-math-optimizations)|-Ofast\b|-ffp-contract=(fast|on)")


def check(root):
    findings = []
    for path in tree.files(root):
        text = tree.text_of(root, path)
        if "\0" in text[:8192]:
            continue
        lines = text.split("\n")
        in_kernels = path.parts[:2] in (("src", "kernels"), ("tests", "kernels"))
        is_c = path.suffix in (".c", ".h")
        is_build_file = path.name.endswith(BUILD_FILES)
        if is_c and path.parts[0] != "include" and len(lines) - 1 > MAX_LINES:
            findings.append(f"{path}: {len(lines) - 1} lines; a file has at most {MAX_LINES}")
        for number, line in enumerate(lines, 1):
            for pattern, what in FOREIGN.items():
                if re.search(pattern, line):
                    findings.append(f"{path}:{number}: {what}")
            if is_build_file and not in_kernels and CPU_FLAGS.search(line):
                findings.append(f"{path}:{number}: a CPU flag outside src/kernels")
            if is_build_file and FAST_MATH.search(line):
                findings.append(f"{path}:{number}: a flag that changes the arithmetic")
            if is_c and not in_kernels and not MAY_TARGET.search(str(path)) and CPU_PRAGMAS.search(line):
                findings.append(f"{path}:{number}: code for one CPU outside src/kernels")
    return findings


if __name__ == "__main__":
    tree.report(check(tree.Path(sys.argv[1])), "hygiene")
