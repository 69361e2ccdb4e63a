#!/bin/sh
# test_bench.sh PROGRAM MODELS GENERATED - the stages of a tiny model come by in order, alone, in a bag and in a song; the peaks of
# the machine are there; JSON is JSON; temporary files are gone.
set -eu
program=$1
models=$2 generated=$3
failed() { echo "FAILED: $*" >&2; exit 1; }
# says WORDS TABLE: a line of the table begins so
says() { printf '%s\n' "$2" | grep -q "^$1" || failed "no line \"$1\" in: $2"; }
# ends STATUS WORDS...: demucs-bench with these words ends so, and what it says on stderr is in $said
ends() {
    expected=$1 status=0
    shift
    said=$("$program" "$@" 2>&1 >/dev/null) || status=$?
    [ $status -eq "$expected" ] || failed "$* ends with $status: $said"
}

TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
empty() { [ -z "$(ls -A "$TMPDIR")" ] || failed "$1 left something: $(ls -A "$TMPDIR")"; }

table=$("$program" --repeat 2 --threads 1 "$models/f0cb5d54.safetensors")
for word in encoder.0 crosstransformer.layers.0 decoder.3 stems overlap_add; do says "$word " "$table"; done
says "arithmetic  [0-9.]* GFLOP a segment, [0-9.]* GFLOP/s, [0-9.]*% of peak" "$table"
says "  multiply-add, [a-z0-9]* *[0-9.]* *[0-9.]* GFLOP/s" "$table"
says "  memory, read *[0-9.]* GB/s" "$table"
says "stage .* GFLOP/s *of peak" "$table"

table=$("$program" --repeat 1 --no-peaks --cpu scalar --precision fast "$models/bag_ft.yaml")
says ".*bag_ft.yaml: bag of 4, HTDemucs, level scalar, precision exact" "$table"
says "0a0ae777.safetensors HTDemucs " "$table"
says "stage of f0cb5d54.safetensors + 3 " "$table"
says "decoder.3 " "$table"
if printf '%s\n' "$table" | grep -q peak; then failed "--no-peaks speaks of peaks: $table"; fi

table=$("$program" --repeat 1 --no-peaks --seconds 2 --song-repeat 2 "$models/f0cb5d54.safetensors" 2>/dev/null)
says "song .* 2 runs) for 2.0 s of audio" "$table"
says "outside  *[0-9.]*% of the time" "$table"
for part in load read input network stems "overlap add" write rest; do says "$part  *[0-9.]*  *[0-9.]*%" "$table"; done
empty "a song that is made"

table=$("$program" --repeat 1 --no-peaks --streams 3 "$models/f0cb5d54.safetensors")
says "streams  *3 at once [0-9.]* s (.*), one after the other [0-9.]* s (.*): [0-9.]* times" "$table"
says "memory  *[0-9]* MB for the engine, [0-9]* MB for each stream" "$table"

ends 2 --streams 0
ends 2 --repeat 0
ends 2 --seconds 3 --song some.wav "$models/f0cb5d54.safetensors"
ends 1 --repeat 1 --no-peaks --song "$TMPDIR/none.wav" "$models/f0cb5d54.safetensors"
case $said in *none.wav*) ;; *) failed "a song that is not there: $said" ;; esac
empty "a song that is not there"

command -v python3 >/dev/null || { echo "skipped the JSON: no python3"; exit 0; }
cp "$generated/hd_old.safetensors" "$TMPDIR/old.safetensors"
cp "$models/059eec0e.safetensors" "$TMPDIR"
printf 'models: [old, 059eec0e]\n' >"$TMPDIR/mixed.yaml"
"$program" --json --repeat 3 --no-peaks "$TMPDIR/mixed.yaml" | python3 -c '
import json, sys
result, = json.load(sys.stdin)
old, new = result["members"]
assert (old["class"], new["class"]) == ("HDemucs", "HTDemucs"), result["members"]
assert result["audio_seconds"] == max(old["audio_seconds"], new["audio_seconds"]), result["audio_seconds"]
assert result["peaks"] is None and result["of_peak"] is None
for number, member in enumerate((old, new)):
    flops = sum(s["flops"] for s in result["stages"] if s["member"] == number)
    assert flops > 0 and abs(3 * flops / member["all_flops"] - 1) < 1e-6, (flops, member)
    assert member["segments"] >= 3 and member["segments"] % 3 == 0, member
names = [s["name"] for s in result["stages"] if s["member"] == 1]
assert "crosstransformer.layers.0" in names and names[-1] == "overlap_add", names
' || failed "the JSON of a bag of two kinds"
rm "$TMPDIR"/*

"$program" --json --repeat 2 --seconds 1 --song-repeat 1 "$models/f0cb5d54.safetensors" "$models/bag_ft.yaml" \
    2>/dev/null | python3 -c '
import json, sys

def near(one, other, share):
    return abs(one - other) <= share * abs(other)

def check(result, members):
    stages, peaks, song = result["stages"], result["peaks"], result["song"]
    seconds = result["segment_seconds"]
    assert result["precision"] == "exact", result
    assert result["class"] == "HTDemucs" and seconds["runs"] == 2 and len(result["members"]) == members, result
    assert seconds["min"] <= seconds["median"] <= seconds["max"]
    assert near(sum(s["flops"] for s in stages), result["flops"], 1e-6), "the flops of the stages do not add up"
    assert all(m["segments"] == 2 for m in result["members"]), result["members"]
    assert all(m["flops"] > 0 and near(m["all_flops"], 2 * m["flops"], 1e-9) for m in result["members"]), result
    spent = sum(m["seconds"] for m in result["members"]) / 2
    assert seconds["min"] * 0.5 <= spent <= seconds["max"], "the members do not take the time of a segment"
    rounding = 1e-6 * (len(stages) + members) # six decimals each
    assert sum(s["seconds"] for s in stages) <= spent + rounding, "the stages take longer than the members"
    assert peaks["multiply_add"][0] > 1e8 and peaks["multiply_add"][1] > 1e8, peaks
    assert peaks["memory_read"] > 1e8 and peaks["memory_triad"] > 1e8 and peaks["threads"] >= 1, peaks
    for s in stages:
        share = s["flops"] / s["seconds"] / peaks["multiply_add"][1] if s["seconds"] > 1e-4 else 0
        assert share < 1e-4 or near(s["of_peak"], share, 0.05), s
    assert song["audio_seconds"] == 1 and song["seconds"]["runs"] == 1 and song["peak_bytes"] > 1e6, song
    parts = song["parts"]
    assert list(parts) == ["load", "read", "input", "network", "stems", "overlap_add", "write", "rest"], parts
    assert near(sum(parts.values()), song["seconds"]["median"], 1e-3) and min(parts.values()) >= 0, parts
    assert near(song["outside"], 1 - parts["network"] / sum(parts.values()), 1e-3), song
    assert [s["name"] for s in song["stages"]] == [s["name"] for s in stages], "the song runs through other stages"
    segments = sum(s["flops"] for s in song["stages"]) / result["members"][0]["flops"]
    assert near(segments, round(segments), 1e-6) and segments >= 3 * members, segments

one, bag = json.load(sys.stdin)
check(one, 1)
check(bag, 4)
assert near(bag["flops"], 4 * one["flops"], 1e-9), "a bag of four is not four times the work"
' || failed "the JSON"
empty "all of it"

"$program" --json --repeat 1 --no-peaks --streams 1 "$models/f0cb5d54.safetensors" | python3 -c '
import json, sys
result, = json.load(sys.stdin)
streams = result["streams"]
assert streams["count"] == 1 and streams["runs"] >= 1 and "song" not in result, result
assert abs(streams["ratio"] * streams["one_by_one"] - streams["at_once"]) < 0.01 * streams["at_once"], streams
assert streams["engine_bytes"] > streams["stream_bytes"] > 1000, streams
' || failed "the JSON of a stream"

for names in "none.th $models/f0cb5d54.safetensors" "$models/f0cb5d54.safetensors none.th" "none.th"; do
    json=$("$program" --json --repeat 1 --no-peaks $names 2>/dev/null) && failed "a model that is not there is no failure"
    printf '%s\n' "$json" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))' >/dev/null ||
        failed "the JSON without one of its models: $json"
done

"$program" --json --repeat 2 --precision fast "$models/f0cb5d54.safetensors" | python3 -c '
import json, sys
result, = json.load(sys.stdin)
kinds = {"exact": "multiply_add", "fast": "bf16_tiles" if result["cpu"] == "amx" else "bf16_dot_product"}
peak = result["peaks"][kinds[result["precision"]]][1]
share = result["flops"] / result["segment_seconds"]["median"] / peak
assert abs(result["of_peak"] - share) < 0.05 * share, (result["of_peak"], share)
' || failed "the peak of bf16"
