#!/bin/sh
# test_separate.sh PROGRAM MODELS - the example with a tiny model: the stems are there, as long as the mix, the same each
# time, and neither silent nor equal; what is missing is said.
set -eu
program=$1
model=$2/f0cb5d54.safetensors
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed() { echo "FAILED: $*" >&2; exit 1; }

# Three segments of noise: bytes whose last, the exponent, is moderate are samples of a moderate size.
awk 'BEGIN { srand(7); for (i = 0; i < 52920; i++) printf "%c%c%c%c", 48 + rand() * 64, 48 + rand() * 64, 48 + rand() * 64,
     rand() < 0.5 ? 62 : 61 }' | LC_ALL=C head -c 211680 >mix.f32
"$program" "$model" mix.f32 first >names 2>progress || failed "it ended with status $?: $(cat progress)"
[ "$(tr '\n' ' ' <names)" = "first.drums.f32 first.bass.f32 first.other.f32 first.vocals.f32 " ] || failed "names: $(cat names)"
grep -q '^segment 1 of [2-9]' progress || failed "no progress: $(cat progress)"
for stem in drums bass other vocals; do
    [ "$(wc -c <first.$stem.f32)" -eq 211680 ] || failed "$stem has another length than the mix"
    [ "$(od -An -v -tx1 first.$stem.f32 | sort -u | wc -l)" -gt 100 ] || failed "$stem is empty"
done
! cmp -s first.drums.f32 first.bass.f32 || failed "two stems are the same"

"$program" "$model" mix.f32 second >/dev/null 2>&1 || failed "the second run"
for stem in drums bass other vocals; do
    cmp first.$stem.f32 second.$stem.f32 || failed "$stem differs between two runs"
done

if "$program" missing.safetensors mix.f32 third 2>message; then failed "a missing model is no failure"; fi
grep -q 'missing.safetensors' message || failed "the message does not name the file: $(cat message)"
if "$program" "$model" missing.f32 third 2>message; then failed "a missing mix is no failure"; fi
grep -q 'missing.f32' message || failed "the message does not name the file: $(cat message)"
echo "1 passed, 0 failed"
