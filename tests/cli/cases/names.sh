# Names of tracks: no extension, only an extension, blanks and letters beyond ASCII, two dots, in other folders.
mkdir "in side"
for name in plain .wav "two  blanks.wav" "Zoë ♫.wav" "in side/deep.er.wav" '{stem}.wav' '%s%n.wav'; do
    make "$name" 3
    demucs --two-stems vocals --other-method none "$name" 2>/dev/null
done
files separated
echo "--- names that lead elsewhere, or are no text"
for name in ...wav ..wav -dash.wav 'back\slash.wav' 'trail .wav' dot..wav "$(printf 'bad\377.wav')" "$(printf 'line\nbreak.wav')"; do
    cp plain "./$name"
    demucs --two-stems vocals --other-method none -o strange -- "$name" >/dev/null 2>&1
done
find strange -type f -print0 | tr '\n\377\0' '??\n' | sort
long=$(printf '%0251d' 0).wav
cp plain $long
quietly --two-stems vocals --other-method none -o long $long
echo "too long with the stem:"
quietly --two-stems vocals --other-method none -o long --filename '{track}{stem}.{ext}' $long
files long | wc -l
echo "elsewhere:"
find . -name 'vocals.wav' ! -path './separated/f0cb5d54/*' ! -path './strange/f0cb5d54/*' ! -path './long/f0cb5d54/*'
echo "--- the names of models"
cp "$MODELS/f0cb5d54.safetensors" ...safetensors
"$DEMUCS" -n ./...safetensors -o bydots plain --two-stems vocals --other-method none 2>/dev/null
files bydots
# the names of models: hf:// and slashes do not make folders; a file gives its own name
"$DEMUCS" -n "$MODELS/f0cb5d54.safetensors" -o byfile plain --two-stems vocals 2>/dev/null
files byfile
mkdir -p "$DEMUCS_CACHE/hf/someone"
cp "$MODELS"/* "$DEMUCS_CACHE/hf/someone"
"$DEMUCS" -n hf://someone/bag_ft -o hub plain --two-stems vocals --other-method none 2>/dev/null
files hub
