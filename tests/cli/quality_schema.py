"""quality_schema.py DEMUCS TOOL MODELS SCHEMA - what --quality-json writes is what the schema in docs/ says.

The schema is read by a small checker of the words that it uses; each word is tried on a value that breaks it, so that
the checker is known to see it.
"""

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TYPES = {"array": list, "object": dict, "string": str, "boolean": bool, "null": type(None), "number": (int, float), "integer": int}
WORDS = {"$schema", "title", "description", "type", "items", "additionalProperties", "required", "properties", "const", "enum",
         "minimum", "maximum", "minItems"}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def check(schema, value, where="$"):
    """What is wrong with the value, one sentence each."""
    unknown = set(schema) - WORDS
    if unknown:
        raise SystemExit(f"the checker does not know {unknown}")
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        return [f"{where}: {value!r} is not {' or '.join(names)}"]
    wrong = []
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{where}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{where}: {value!r} is none of {schema['enum']}")
    if is_type(value, "number"):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            wrong.append(f"{where}: {value} is out of range")
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            wrong.append(f"{where}: {len(value)} items")
        for i, item in enumerate(value):
            wrong += check(schema.get("items", {}), item, f"{where}[{i}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        wrong += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in properties:
                wrong += check(properties[name], item, f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                wrong.append(f"{where}: {name} is unknown")
    return wrong


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
