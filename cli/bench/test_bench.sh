#!/bin/sh
# test_bench.sh PROGRAM MODELS - the stages of a tiny model come by in order, and JSON is JSON.
set -eu
program=$1
models=$2
failed() { echo "FAILED: $*" >&2; exit 1; }

table=$("$program" --repeat 2 --threads 1 "$models/f0cb5d54.safetensors")
for word in encoder.0 crosstransformer.layers.0 decoder.3 stems overlap_add; do
    printf '%s\n' "$table" | grep -q "^$word " || failed "no stage $word in: $table"
done
printf '%s\n' "$table" | grep -q "^arithmetic  [0-9.]* GFLOP a segment" || failed "no arithmetic in: $table"

status=0
"$program" "$models/bag_ft.yaml" 2>/dev/null || status=$?
[ $status -eq 1 ] || failed "a bag of four ends with $status"
status=0
"$program" --repeat 0 2>/dev/null || status=$?
[ $status -eq 2 ] || failed "--repeat 0 ends with $status"

DEMUCS_CPU=scalar "$program" --precision fast --repeat 1 "$models/f0cb5d54.safetensors" | head -1 |
    grep -q "level scalar, precision exact" || failed "scalar is fast"

command -v python3 >/dev/null || { echo "skipped the JSON: no python3"; exit 0; }
"$program" --json --repeat 2 "$models/f0cb5d54.safetensors" "$models/25b106ef.safetensors" | python3 -c '
import json, sys
results = json.load(sys.stdin)
assert len(results) == 2, results
for result in results:
    stages = result["stages"]
    assert result["precision"] == "exact", result
    assert result["class"] == "HTDemucs" and result["segment_seconds"]["runs"] == 2, result
    assert abs(sum(s["flops"] for s in stages) / result["flops"] - 1) < 1e-6, "the flops of the stages do not add up"
    assert result["segment_seconds"]["min"] <= result["segment_seconds"]["median"] <= result["segment_seconds"]["max"]
' || failed "the JSON"
