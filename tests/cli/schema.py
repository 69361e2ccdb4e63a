"""schema.py - a small checker of JSON against a JSON schema, for the words that those in docs/ use.

A word that it does not know ends the test, so that no rule is passed over; and each test puts faults into a sound value
to see that they are found.
"""

import json
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
TYPES = {"array": list, "object": dict, "string": str, "boolean": bool, "null": type(None), "number": (int, float), "integer": int}
WORDS = {"$schema", "title", "description", "type", "items", "additionalProperties", "required", "properties", "const", "enum",
         "minimum", "maximum", "minItems", "oneOf", "$ref"}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def find(reference):
    """What "FILE#/items/properties" stands for, of a file in docs/."""
    file, path = reference.split("#")
    schema = json.loads((DOCS / file).read_text())
    for name in path.strip("/").split("/"):
        schema = schema[name]
    return schema


def check(schema, value, where="$"):
    """What is wrong with the value, one sentence each."""
    if "$ref" in schema:
        return check(find(schema["$ref"]), value, where)
    unknown = set(schema) - WORDS
    if unknown:
        raise SystemExit(f"the checker does not know {unknown}")
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        return [f"{where}: {value!r} is not {' or '.join(names)}"]
    wrong = []
    if "oneOf" in schema:
        fits = [check(choice, value, where) for choice in schema["oneOf"]]
        if sum(not sentences for sentences in fits) != 1:
            return fits[-1] or [f"{where}: {value!r} fits several"]
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
