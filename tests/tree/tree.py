"""What the checks of the tree share: which files are ours, C without its comments and texts, and reporting."""

import re
import sys
from pathlib import Path

SKIPPED_FOLDERS = re.compile(r"^(\.git|build.*|demo|__pycache__|\.venv|venv)$")


def files(root, *endings):
    """All our files below root, sorted, as paths relative to it; only those with one of the endings if any is named."""
    found = []
    for path in sorted(Path(root).rglob("*")):
        relative = path.relative_to(root)
        if any(SKIPPED_FOLDERS.match(part) for part in relative.parts) or path.is_symlink() or not path.is_file():
            continue
        if not endings or path.name.endswith(endings):
            found.append(relative)
    return found


def text_of(root, path):
    return (Path(root) / path).read_bytes().decode("utf-8", "replace")


_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_of(root, path):
    """The text of a C file with comments and literals blanked, line numbers kept. #include lines keep their names."""

    def blank(match):
        token = match.group()
        line_start = match.string.rfind("\n", 0, match.start()) + 1
        if re.match(r"\s*#\s*include\s*$", match.string[line_start : match.start()]):
            return token
        return "\n" * token.count("\n") if token[0] == "/" else token[0] * 2

    return _TOKEN.sub(blank, text_of(root, path))


def includes(code):
    """(line number, "quoted" or "system", name) for each #include."""
    for number, line in enumerate(code.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            yield number, "quoted" if match[1] else "system", match[1] or match[2]


def report(findings, what):
    """Print the findings and leave, with a status that says whether there were any."""
    for finding in findings:
        print(finding)
    print(f"{what}: {len(findings)} finding(s)")
    sys.exit(1 if findings else 0)
