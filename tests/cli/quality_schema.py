"""quality_schema.py DEMUCS TOOL MODELS SCHEMA - what --quality-json writes is what the schema in docs/ says.

Each word of the schema is tried on a value that breaks it, so that the checker is known to see it.
"""

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from schema import check


def faults(sound):
    """(what, the same with one fault) for each word of the schema."""

    def changed(what, change):
        value = copy.deepcopy(sound)
        change(value[0])
        return what, value

    yield "no array", sound[0]
    yield changed("another version", lambda v: v.update(version=2))
    yield changed("a text for a number", lambda v: v.update(seconds="3"))
    yield changed("true for a number", lambda v: v.update(frames=True))
    yield changed("a missing field", lambda v: v["stems"][0].pop("dc"))
    yield changed("an unknown field", lambda v: v["mix"].update(loudness=3))
    yield changed("no stems", lambda v: v.update(stems=[]))
    yield changed("too little", lambda v: v["stems"][1].update(rms=-0.5))
    yield changed("too much", lambda v: v["correlation"][0].__setitem__(1, 1.5))
    yield changed("an unknown figure", lambda v: v["outliers"][0].update(figure="loudness"))


def main(demucs, tool, models, schema):
    schema = json.loads(Path(schema).read_text())
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        run = lambda *words: subprocess.run(words, cwd=folder, check=True, capture_output=True)
        names = ["song.wav", 'odd "name" \\ \udcff\n<b>.wav', "silence.wav"]
        for name in names:
            run(tool, "make", name, "44100", "2", "20000", "silence" if name == "silence.wav" else "music")
        separate = [demucs, "--repo", models, "-n", "f0cb5d54", "--quality-limits", "silence=-1,correlation=-1,leak=off"]
        run(*separate, "--quality-json", "all.json", *names)
        run(*separate, "--quality-json", "two.json", "--two-stems", "vocals", "--other-method", "minus", names[0])
        every, two = [json.loads((Path(folder) / name).read_text()) for name in ("all.json", "two.json")]
    for what, value in (("all.json", every), ("two.json", two)):
        failed += [f"{what}: {sentence}" for sentence in check(schema, value)]
    if [item["track"] for item in every] != ["song.wav", 'odd "name" \\ ??<b>.wav', "silence.wav"]:
        failed.append(f"tracks {[item['track'] for item in every]}")
    if [stem["name"] for stem in two[0]["stems"]] != ["vocals"] or two[0]["residual_db"] is not None:
        failed.append(f"one stem was computed, but {two}")
    if every[2]["residual_db"] is not None or len(every[0]["stems"]) != len(every[0]["correlation"]):
        failed.append("a silent track has no residual, and each stem has a row of correlations")
    for what, value in faults(every):
        if not check(schema, value):
            failed.append(f"the checker does not see {what}")
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(str, sys.argv[1:])))
