#!/bin/sh
# test_tracks.sh PROGRAM MODELS CLI_TOOL - the example separates two tracks, and goes on after one that is no music.
set -eu
program=$1
model=$2/f0cb5d54.safetensors
tool=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed() { echo "FAILED: $*" >&2; exit 1; }

"$tool" make a.wav 44100 2 20000 music
"$tool" make b.wav 22050 1 9000 music
"$program" "$model" stems a.wav b.wav >printed 2>said || failed "it ended with status $?: $(cat said)"
for track in a b; do
    for stem in drums bass other vocals; do
        [ -s stems/$track/$stem.wav ] || failed "stems/$track/$stem.wav is not there"
        grep -q "^stems/$track/$stem.wav: 0\.[0-9] s, peak -*[0-9.]* dB, RMS -[0-9.]* dB$" printed || failed "$(cat printed)"
    done
done
grep -q "^a.wav: segment 1 of " said || failed "no progress: $(cat said)"

echo "no music" >c.wav
if "$program" "$model" more c.wav a.wav >printed 2>said; then failed "a bad track is no failure"; fi
grep -q "c.wav" said && [ -s more/a/drums.wav ] && [ ! -e more/c ] || failed "after a bad track: $(cat said)"
if "$program" none.safetensors more a.wav >printed 2>said; then failed "a bad model is no failure"; fi
grep -q "none.safetensors" said || failed "$(cat said)"
