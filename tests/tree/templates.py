"""templates.py ROOT - the templates of src/kernels say what they take, and leave nothing behind.

A header there that is compiled once per level has "Template" in its opening comment. That comment lists its parameters;
the macros among them, and those that it defines for itself, are undefined in the same header or in one that it includes. What the templates of a
level share stays: the names of simd_*.h, and what a header says that it gives.
"""

import re
import sys

import tree


def check(root):
    findings = []
    for path in tree.files(root / "src/kernels", ".h"):
        path = tree.Path("src/kernels") / path
        text = tree.text_of(root, path)
        opening = text[: text.find("*/")]
        if "Template" not in opening:
            continue
        if not re.search(r"\bParameters(,[^:.]*)?:", opening):
            findings.append(f"{path}: a template lists its parameters in its opening comment")
        gives = re.search(r"\bGives\b(.*?)(\n \*\n|\.\s|$)", opening, re.S)
        given = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", gives[1])) if gives else set()
        listed = set(re.findall(r"^ \*   ([A-Z][A-Z0-9_]+)\b", opening, re.M))
        code = tree.code_of(root, path)
        made = {name for name in re.findall(r"^#define ([A-Z]\w*)", code, re.M) if not name.startswith("DMX_KERNELS_")}
        inner = [name for _, kind, name in tree.includes(code) if kind == "quoted" and (root / "src" / name).is_file()]
        ended = set(re.findall(r"^\s*#undef (\w+)", "".join([code] + [tree.text_of(root, f"src/{name}") for name in inner]), re.M))
        for name in sorted((made | listed) - given - ended):
            findings.append(f"{path}: the template leaves the macro {name} defined")
    return findings


if __name__ == "__main__":
    tree.report(check(tree.Path(sys.argv[1])), "templates")
