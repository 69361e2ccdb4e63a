"""rooms.py ROOT - what holds inside a folder of src/, a room.

No circles: if a.c or a.h includes b.h, then nothing that b includes leads back to a. So there is an order in which a
room can be read, and each file is understood from those before it. Public functions, and all of them, are defined in
src/api and nowhere else.
"""

import re
import sys

import tree

# Rooms with a file that hands over to others that know its types: file.c to the list of open files, checkpoint.c to the
# readers, stft.c to its plan, kernels.c to the levels, operations to the table of all of them.
WITH_CIRCLES = ("src/base", "src/checkpoint", "src/dsp", "src/kernels", "src/nn")

DEFINITION = re.compile(r"^(?!static\b)[A-Za-z][\w \t]*[ *](demucs_\w+)\([^;{]*\)\s*\{", re.M)
DECLARATION = re.compile(r"DEMUCS_API[^;(]*?[ *](demucs_\w+)\(")


def pairs(root, room):
    """For each pair x.c, x.h of the room: the pairs of the same room that it includes."""
    graph = {}
    for path in tree.files(root / room, ".c", ".h"):
        if len(path.parts) > 1:
            continue
        own = graph.setdefault(path.stem, set())
        for _, kind, name in tree.includes(tree.code_of(root, room / path)):
            other = tree.Path("src") / name
            if kind == "quoted" and other.parent == room and other.stem != path.stem:
                own.add(other.stem)
    return graph


def circle(graph):
    """The files of one circle, in order, or None."""
    done = set()

    def walk(at, way):
        if at in way:
            return way[way.index(at) :] + [at]
        if at in done:
            return None
        for other in sorted(graph.get(at, ())):
            found = walk(other, way + [at])
            if found:
                return found
        done.add(at)
        return None

    return next(filter(None, (walk(start, []) for start in sorted(graph))), None)


def check(root):
    findings = []
    rooms = sorted({(tree.Path("src") / path).parent for path in tree.files(root / "src", ".c", ".h")})
    for room in rooms:
        found = None if str(room) in WITH_CIRCLES else circle(pairs(root, room))
        if found:
            findings.append(f"{room}: a circle of includes: {' -> '.join(found)}")
    declared = set(DECLARATION.findall(tree.code_of(root, tree.Path("include/demucs.h"))))
    defined = set()
    for path in tree.files(root / "src", ".c"):
        path = tree.Path("src") / path
        for name in DEFINITION.findall(tree.code_of(root, path)):
            if path.parts[1] == "api":
                defined.add(name)
            else:
                findings.append(f"{path}: {name} is a public function, which are in src/api")
    findings += [f"include/demucs.h: {name} is not defined in src/api" for name in sorted(declared - defined)]
    findings += [f"src/api: {name} is not in include/demucs.h" for name in sorted(defined - declared)]
    return findings


if __name__ == "__main__":
    tree.report(check(tree.Path(sys.argv[1])), "rooms")
