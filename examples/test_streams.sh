#!/bin/sh
# test_streams.sh PROGRAM SEPARATE MODELS - three tracks at once have the stems that each has alone; one that is missing
# leaves the others alone.
set -eu
program=$1
separate=$2
model=$3/f0cb5d54.safetensors
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed() { echo "FAILED: $*" >&2; exit 1; }

# Noise: bytes whose last, the exponent, is moderate are samples of a moderate size. Three lengths.
awk 'BEGIN { srand(7); for (i = 0; i < 90000; i++) printf "%c%c%c%c", 48 + rand() * 64, 48 + rand() * 64, 48 + rand() * 64,
     rand() < 0.5 ? 62 : 61 }' >noise.f32
for bytes in 211680 8000 300000; do LC_ALL=C head -c $bytes noise.f32 >$bytes.f32; done

"$program" "$model" 211680.f32 8000.f32 300000.f32 >names 2>&1 || failed "it ended with status $?: $(cat names)"
[ "$(grep -c ': done$' names)" -eq 3 ] || failed "three tracks should be done: $(cat names)"
for bytes in 211680 8000 300000; do
    "$separate" "$model" $bytes.f32 alone >/dev/null 2>&1 || failed "the track alone"
    for stem in drums bass other vocals; do
        cmp alone.$stem.f32 $bytes.$stem.f32 || failed "$stem of $bytes.f32 differs from the same alone"
    done
done

rm -f ./*.drums.f32
if "$program" "$model" missing.f32 8000.f32 >names 2>&1; then failed "a missing track is no failure"; fi
grep -q '^missing.f32: cannot be read' names || failed "it does not say what is missing: $(cat names)"
cmp alone.bass.f32 300000.bass.f32 && [ -s 8000.drums.f32 ] || failed "the other track was not separated"
echo "1 passed, 0 failed"
