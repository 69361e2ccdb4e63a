"""summary_schema.py DEMUCS TOOL MODELS SCHEMA - what --summary writes is what the schema in docs/ says, and what happened.

Faults are put into a sound summary, and the checker must see each.
"""

import copy
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from schema import check


def faults(sound):
    """(what, the same with one fault) for each word of the schema."""

    def changed(what, change):
        value = copy.deepcopy(sound)
        change(value)
        return what, value

    yield changed("another version", lambda v: v.update(version=2))
    yield changed("a text for a number", lambda v: v.update(seconds="3"))
    yield changed("true for a number", lambda v: v["counts"].update(done=True))
    yield changed("a missing field", lambda v: v["tracks"][0].pop("reason"))
    yield changed("an unknown field", lambda v: v["tracks"][0].update(quality=3))
    yield changed("too little", lambda v: v["counts"].update(failed=-1))
    yield changed("an unknown outcome", lambda v: v["tracks"][1].update(outcome="lost"))
    yield changed("a file without a path", lambda v: v["tracks"][0]["files"][0].pop("path"))


def main(demucs, tool, models, schema):
    schema = json.loads(Path(schema).read_text())
    failed = []

    def expect(what, got, wanted):
        if got != wanted:
            failed.append(f"{what}: {got!r} and not {wanted!r}")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = [demucs, "--repo", models, "-n", "f0cb5d54"]
        summary = folder / "run.json"

        def make(path, seconds=0.4):
            subprocess.run([tool, "make", path, "44100", "2", str(int(44100 * seconds)), "music"], cwd=folder, check=True)

        def run(*words):
            done = subprocess.run([*base, "--summary", "run.json", *words], cwd=folder, capture_output=True)
            value = json.loads(summary.read_text())
            failed.extend(f"{' '.join(words)}: {sentence}" for sentence in check(schema, value))
            return done.returncode, value

        (folder / "in/sub").mkdir(parents=True)
        make("in/a.wav")
        make("in/sub/b.wav")
        make('odd "name" \\ \udcff\n.wav')
        (folder / "text.wav").write_text("no music")
        words = ["--recursive", "in", "in/a.wav", "text.wav", "none.wav", 'odd "name" \\ \udcff\n.wav']
        status, value = run(*words)
        rows = value["tracks"]
        expect("status", status, 1)
        expect("tracks", [row["track"] for row in rows],
               ["in/a.wav", "in/sub/b.wav", "in/a.wav", "text.wav", "none.wav", 'odd "name" \\ ??.wav'])
        expect("outcomes", [row["outcome"] for row in rows], ["done", "done", "skipped", "failed", "failed", "done"])
        expect("counts", value["counts"], {"done": 3, "cached": 0, "skipped": 1, "failed": 2, "cancelled": 0})
        expect("folder", rows[1]["folder"], "sub")
        expect("files", [file["path"] for file in rows[1]["files"]],
               [f"separated/f0cb5d54/sub/b/{stem}.wav" for stem in ("drums", "bass", "other", "vocals")])
        expect("lengths", [row["audio_seconds"] for row in rows], [0.4, 0.4, None, None, None, 0.4])
        expect("reason", rows[3]["reason"].startswith("'text.wav': not an audio file"), True)
        for what, fault in faults(value):
            if not check(schema, fault):
                failed.append(f"the checker does not see {what}")

        first = {path: path.stat().st_mtime_ns for path in folder.glob("separated/**/*.wav")}
        make("in/sub/c.wav")
        status, value = run("--skip-existing", "--recursive", "in")
        expect("a second run", [row["outcome"] for row in value["tracks"]], ["skipped", "skipped", "done"])
        expect("what was there", {path: path.stat().st_mtime_ns for path in first}, first)
        expect("not measured", [row["outliers"] for row in value["tracks"]], [None, None, None])
        limits = "clipping=off,dc=off,correlation=off,residual=off,leak=off,silence="
        status, value = run("--quality-limits", limits + "-1", "in/a.wav", "text.wav")
        outliers = value["tracks"][0]["outliers"]
        expect("outliers", (status, {outlier["figure"] for outlier in outliers}, [outlier["stem"] for outlier in outliers], value["tracks"][1]["outliers"]),
               (1, {"silence"}, ["drums", "bass", "other", "vocals"], None))
        expect("the checker sees an outlier without a figure",
               bool(check(schema, {**value, "tracks": [{**value["tracks"][0], "outliers": [{"figure": "loud"}]}]})), True)
        expect("nothing unusual", run("--quality-limits", limits + "1", "in/a.wav")[1]["tracks"][0]["outliers"], [])
        expect("model", value["model"], "f0cb5d54")
        run("--cache", "kept", "in/a.wav")
        expect("from the cache", run("--cache", "kept", "in/a.wav")[1]["tracks"][0]["outcome"], "cached")

        make("long.wav", 120)
        summary.unlink()
        process = subprocess.Popen([*base, "--summary", "run.json", "--shifts", "100", "--threads", "1", "in/a.wav", "long.wav", "in/sub/b.wav"],
                                   cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        expect("it gets to the second", any("long.wav" in line for line in process.stdout), True)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate()
        value = json.loads(summary.read_text())
        expect("interrupted", [row["outcome"] for row in value["tracks"]], ["done", "cancelled", "cancelled"])

        before = (folder / "in/a.wav").read_bytes()
        for path, why in (("in/a.wav", "this is a track to separate"), ("none/run.json", "No such file")):
            done = subprocess.run([*base, "--summary", path, "in/a.wav", "-o", "never"], cwd=folder, capture_output=True, text=True)
            expect(path, (done.returncode, why in done.stderr), (1, True))
        expect("nothing was begun", list(folder.glob("never/**/*.wav")), [])
        expect("the track", (folder / "in/a.wav").read_bytes(), before)
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(str, sys.argv[1:])))
