"""networks.py ROOT - what a network may not know.

The files of src/models describe networks: operations one after the other (src/nn/ops.h) on activations whose memory may be
that of a device. So none of them looks into an activation, asks whether anything is computed, hands out work, or knows how
the CPU does it; nor do those that load weights, which hand them over (src/nn/upload.h).
"""

import re
import sys

import tree

FORBIDDEN = {
    r"(?:->|\.)\s*data\b": "looks into an activation",
    r"\bplanning\b": "asks whether the pass computes",
    r"\bdmx_exec_\w+": "hands out work",
    r"\b(?:dmx_work_fn|dmx_thread_pool\w*)\b": "hands out work",
    r"(?:->|\.)\s*(?:kernels|scratch|mix|stems|pool)\s*(?:->|\[|\+)": "computes by itself",
}
INCLUDES = re.compile(r"(cpu|kernels)/")


def check(root):
    findings = []
    for path in tree.files(root / "src" / "models", ".c", ".h"):
        path = tree.Path("src") / "models" / path
        code = tree.code_of(root, path)
        for number, line in enumerate(code.split("\n"), 1):
            for pattern, what in FORBIDDEN.items():
                match = re.search(pattern, line)
                if match:
                    findings.append(f"{path}:{number}: {match[0]}: a network {what}")
        for number, kind, name in tree.includes(code):
            if kind == "quoted" and INCLUDES.match(name):
                findings.append(f"{path}:{number}: a network does not see {name}")
    return findings


if __name__ == "__main__":
    tree.report(check(tree.Path(sys.argv[1])), "networks")
