# Names of tracks: no extension, only an extension, blanks and letters beyond ASCII, two dots, in other folders.
mkdir "in side"
for name in plain .wav "two  blanks.wav" "Zoë ♫.wav" "in side/deep.er.wav" '{stem}.wav' '%s%n.wav'; do
    make "$name" 3
    demucs --two-stems vocals --other-method none "$name" 2>/dev/null
done
files separated
# the names of models: hf:// and slashes do not make folders; a file gives its own name
"$DEMUCS" -n "$MODELS/f0cb5d54.safetensors" -o byfile plain --two-stems vocals 2>/dev/null
files byfile
mkdir -p "$DEMUCS_CACHE/hf/someone"
cp "$MODELS"/* "$DEMUCS_CACHE/hf/someone"
"$DEMUCS" -n hf://someone/bag_ft -o hub plain --two-stems vocals --other-method none 2>/dev/null
files hub
