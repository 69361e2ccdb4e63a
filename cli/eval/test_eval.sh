#!/bin/sh
# test_eval.sh PROGRAM - levels and SDR of files whose values are known: a reference at 1/2 of full scale and an estimate
# at 3/8 differ by 1/8, so the SDR is 20 log10(4) = 12.04 dB.
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failed() { echo "FAILED: $*" >&2; exit 1; }

# 65536 frames of two channels at 44100 Hz, all samples alike, as a wav file: $1 is the frame.
wav() {
    printf "$1" >frames
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do cat frames frames >twice; mv twice frames; done
    printf 'RIFF\044\000\004\000WAVEfmt \020\000\000\000\001\000\002\000\104\254\000\000\020\261\002\000\004\000\020\000'
    printf 'data\000\000\004\000'
    cat frames
}
mkdir true got
wav '\000@\000@' >true/drums.wav
wav '\0000\0000' >got/drums.wav
cp true/drums.wav true/bass.wav
cp true/drums.wav got/bass.wav
wav '\000\000\000\000' >got/other.wav

cat >expected <<'EOF'
stem                length      peak       RMS       SDR
bass                 1.5 s   -6.0 dB   -6.0 dB       inf
drums                1.5 s   -8.5 dB   -8.5 dB  12.04 dB
other                1.5 s    silent    silent         -
EOF
"$program" --reference true got >printed || failed "it ended with status $?"
diff expected printed || failed "another table"
"$program" got | grep -q '^drums .*-$' || failed "there is an SDR without a reference"

head -c 100044 true/drums.wav >short && mv short true/drums.wav
if "$program" --reference=true got >printed 2>message; then failed "files of different length are no failure"; fi
grep -q 'got/drums.wav.*length' message || failed "the message: $(cat message)"
grep -q '^other ' printed || failed "it did not go on after the bad file"
mkdir empty
if "$program" empty 2>message; then failed "an empty folder is no failure"; fi
grep -q 'empty' message || failed "the message: $(cat message)"
status=0
"$program" --unknown got 2>message || status=$?
[ $status -eq 2 ] || failed "a wrong command line ended with $status"
echo "1 passed, 0 failed"
