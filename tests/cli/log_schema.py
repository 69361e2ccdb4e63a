"""log_schema.py DEMUCS TOOL MODELS SCHEMA - each line of --log and of --progress json is what the schema in docs/ says, and
none has a name of a file unless it was asked for."""

import copy
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import schema as checker


def check(schema, value):
    """What is wrong with a line, one sentence each: it has to be one of the kinds of lines."""
    for kind in schema["oneOf"]:
        if kind["properties"]["event"]["const"] == value.get("event"):
            return checker.check(kind, value)
    return [f"{value.get('event')!r} is no kind of line"]


def main(demucs, tool, models, schema):
    schema = json.loads(Path(schema).read_text())
    failed = []

    def expect(what, got, wanted):
        if got != wanted:
            failed.append(f"{what}: {got!r} and not {wanted!r}")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = [demucs, "--repo", models, "-n", "f0cb5d54", "--shifts", "2"]
        for path, kind in (("secret.wav", "music"), ("holes.wav", "nan")):
            subprocess.run([tool, "make", path, "44100", "2", "60000", kind], cwd=folder, check=True)
        (folder / "text.wav").write_text("no music")
        tracks = ["secret.wav", "holes.wav", "text.wav", "none.wav", "./secret.wav"]

        def lines_of(text):
            lines = [json.loads(line) for line in text.splitlines()]
            failed.extend(f"{line}: {sentence}" for line in lines for sentence in check(schema, line))
            return lines

        subprocess.run([*base, "--log", "log", "--progress", "none", *tracks], cwd=folder, capture_output=True)
        text = (folder / "log").read_text()
        lines = lines_of(text)
        records = [line for line in lines if line["event"] == "track"]
        expect("names", [word for word in ("secret", "holes", "text.wav", "none.wav", name) if word in text], [])
        expect("outcomes", {line["track"]: line["outcome"] for line in records}, {1: "done", 2: "done", 3: "failed", 4: "failed", 5: "skipped"})
        expect("errors", {line["track"]: line["error"] for line in records if line["error"]}, {3: "DEMUCS_ERROR_FORMAT", 4: "DEMUCS_ERROR_ARGUMENT"})
        first = next(line for line in records if line["track"] == 1)
        expect("sum", first["sha256"], hashlib.sha256((folder / "secret.wav").read_bytes()).hexdigest())
        expect("length", round(first["audio_seconds"], 3), round(60000 / 44100, 3))
        expect("speed", abs(first["real_time_factor"] * first["seconds"] - first["audio_seconds"]) < 0.01, True)
        expect("settings", first["settings"]["shifts"], 2)
        segments = [line for line in lines if line["event"] == "segment" and line["track"] == 1]
        percents = [line["percent"] for line in segments]
        expect("percents", (percents == sorted(percents), percents[-1], len(percents) > 2), (True, 100, True))
        expect("shifts", {line["shift"] for line in segments}, {1, 2})
        expect("last eta", segments[-1]["eta_seconds"], 0)
        expect("warnings", [(line["track"], line["kind"]) for line in lines if line["event"] == "warning"], [(2, "not finite")])

        expect("model", (first["model"]["name"], first["cache_hit"], first["quality"]), ("f0cb5d54", None, None))

        limits = "clipping=off,dc=off,correlation=off,residual=off,leak=off,silence=-1"
        words = ["--quality-limits", limits, "--mp3", "--mp3-bitrate", "96", "--stems", "vocals,no_vocals", "--start", "0.1", "--cache", "kept"]
        for outcome, hit in (("done", False), ("cached", True)):
            subprocess.run([*base, "--log", "second", "--progress", "none", *words, "secret.wav"], cwd=folder, capture_output=True)
            second = lines_of((folder / "second").read_text())
            record = second[-1]
            asked = {name: record["settings"][name] for name in ("output_format", "mp3_bitrate", "stems", "start", "overlap", "two_stems")}
            expect("settings", asked, {"output_format": "mp3", "mp3_bitrate": 96, "stems": ["vocals", "no_vocals"], "start": 0.1, "overlap": 0.25, "two_stems": None})
            expect("cache", (record["outcome"], record["cache_hit"], record["sha256"] == first["sha256"]), (outcome, hit, True))
            if not hit:
                outliers = record["quality"]["outliers"]
                expect("figures", ([stem["name"] for stem in record["quality"]["stems"]], {outlier["figure"] for outlier in outliers}),
                       (["drums", "bass", "other", "vocals"], {"silence"}))
                expect("outliers", {line["kind"] for line in second if line["event"] == "warning"}, {"outlier"})
                for what, change in (("a figure that is a text", lambda v: v["quality"]["mix"].update(rms="loud")), ("a setting too many", lambda v: v["settings"].update(x=1)),
                                     ("neither figures nor null", lambda v: v.update(quality=True)), ("no setting", lambda v: v["settings"].pop("seed"))):
                    fault = copy.deepcopy(record)
                    change(fault)
                    if not check(schema, fault):
                        failed.append(f"the checker does not see {what}")
            (folder / "second").unlink()

        size = (folder / "log").stat().st_size
        subprocess.run([*base, "--log", "log", "--log-names", "--progress", "none", "secret.wav", "holes.wav", "text.wav"], cwd=folder, capture_output=True)
        expect("the older lines", (folder / "log").read_text()[:size], text)
        lines = lines_of((folder / "log").read_text()[size:])
        expect("paths", [line["path"] for line in lines if line["event"] == "track"], ["secret.wav", "holes.wav", "text.wav"])
        expect("sentences", [line["text"].split(":")[0] for line in lines if "text" in line and line["event"] == "track"], ["'text.wav'"])

        done = subprocess.run([*base, "--progress", "json", "secret.wav"], cwd=folder, capture_output=True, text=True)
        events = [line["event"] for line in lines_of(done.stderr)]
        expect("on stderr", (done.returncode, events[0], events[-1], set(events)), (0, "begin", "track", {"begin", "segment", "track"}))
        done = subprocess.run([*base, "--progress", "none", "secret.wav"], cwd=folder, capture_output=True, text=True)
        expect("none", (done.returncode, done.stderr), (0, ""))
        read, write = os.pipe()
        subprocess.run([*base, "--log", f"/dev/fd/{write}", "secret.wav"], cwd=folder, capture_output=True, pass_fds=[write])
        os.close(write)
        with open(read, encoding="utf-8") as file:
            expect("through a descriptor", lines_of(file.read())[-1]["outcome"], "done")
        done = subprocess.run([*base, "--log", "no folder/log", "secret.wav", "-o", "never"], cwd=folder, capture_output=True, text=True)
        expect("no such folder", (done.returncode, "the log cannot be opened" in done.stderr, list(folder.glob("never/**/*.wav"))), (1, True, []))
        before = (folder / "secret.wav").read_bytes()
        done = subprocess.run([*base, "--log", "./secret.wav", "secret.wav", "-o", "never"], cwd=folder, capture_output=True, text=True)
        expect("a track", (done.returncode, "this is a track to separate" in done.stderr, (folder / "secret.wav").read_bytes() == before), (1, True, True))
        done = subprocess.run([*base, "--log", "stems/f0cb5d54/secret.wav", "--filename", "{track}.{ext}", "--two-stems", "vocals", "--other-method", "none",
                               "-o", "stems", "secret.wav"], cwd=folder, capture_output=True, text=True)
        expect("a stem", (done.returncode, "would overwrite" in done.stderr), (1, True))
        if Path("/dev/full").exists():
            done = subprocess.run([*base, "--log", "/dev/full", "secret.wav"], cwd=folder, capture_output=True, text=True)
            expect("a full disk", (done.returncode, "the log is not complete" in done.stderr), (1, True))

    for what, change in (("an unknown event", {"event": "end"}), ("too much", {"percent": 101}), ("a text", {"member": "1"}), ("an unknown field", {"x": 1})):
        if not check(schema, {**copy.deepcopy(segments[0]), **change}):
            failed.append(f"the checker does not see {what}")
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(str, sys.argv[1:])))
