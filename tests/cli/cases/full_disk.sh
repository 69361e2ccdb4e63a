# Files that cannot grow stand for a disk that is full: one sentence, status 1, nothing left behind, the batch goes on.
tool make a.wav 44100 2 12800 music
tool make short.wav 44100 2 1000 music
size=102400 # 12800 frames of two floats: temporary files just fit, a float32 wav with its header does not
run() { tool limit "$@"; echo "status $?"; }
run 50000 "$DEMUCS" --repo "$MODELS" -n f0cb5d54 -o spool a.wav short.wav
files spool
run $size "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --float32 -o rescale a.wav
files rescale
run $size "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --float32 --clip-mode clamp -o clamp a.wav
files clamp
find clamp -type d
echo "an older result is kept:"
quietly -o keep --float32 a.wav
cp -r keep before
run $size "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --float32 -o keep a.wav 2>/dev/null
diff -r keep before && echo kept
echo "folders that cannot be made or used:"
: >file
demucs -o file a.wav
TMPDIR=/dev/fd "$DEMUCS" --repo "$MODELS" -n f0cb5d54 a.wav
echo "status $?"
