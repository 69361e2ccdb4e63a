#!/bin/sh
# test_bench.sh PROGRAM MODELS - the stages of a tiny model come by in order, alone and in a bag; the peaks of the
# machine are there; JSON is JSON.
set -eu
program=$1
models=$2
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

ends 2 --repeat 0

command -v python3 >/dev/null || { echo "skipped the JSON: no python3"; exit 0; }
cp "$models"/../../golden_families/models/old.safetensors "$models/059eec0e.safetensors" "$TMPDIR"
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

"$program" --json --repeat 2 "$models/f0cb5d54.safetensors" "$models/bag_ft.yaml" \
    2>/dev/null | python3 -c '
import json, sys

def near(one, other, share):
    return abs(one - other) <= share * abs(other)

def check(result, members):
    stages, peaks = result["stages"], result["peaks"]
    seconds = result["segment_seconds"]
    assert result["precision"] == "exact", result
    assert result["class"] == "HTDemucs" and seconds["runs"] == 2 and len(result["members"]) == members, result
    assert seconds["min"] <= seconds["median"] <= seconds["max"]
    assert near(sum(s["flops"] for s in stages), result["flops"], 1e-6), "the flops of the stages do not add up"
    assert all(m["segments"] == 2 for m in result["members"]), result["members"]
    assert all(m["flops"] > 0 and near(m["all_flops"], 2 * m["flops"], 1e-9) for m in result["members"]), result
    spent = sum(m["seconds"] for m in result["members"]) / 2
    assert seconds["min"] * 0.5 <= spent <= seconds["max"], "the members do not take the time of a segment"
    assert sum(s["seconds"] for s in stages) <= spent * 1.0001, "the stages take longer than the members"
    assert peaks["multiply_add"][0] > 1e8 and peaks["multiply_add"][1] > 1e8, peaks
    assert peaks["memory_read"] > 1e8 and peaks["memory_triad"] > 1e8 and peaks["threads"] >= 1, peaks
    for s in stages:
        share = s["flops"] / s["seconds"] / peaks["multiply_add"][1] if s["seconds"] > 1e-4 else 0
        assert share < 1e-4 or near(s["of_peak"], share, 0.05), s

one, bag = json.load(sys.stdin)
check(one, 1)
check(bag, 4)
assert near(bag["flops"], 4 * one["flops"], 1e-9), "a bag of four is not four times the work"
' || failed "the JSON"
