# Models: the list, bags and single ones, files, names that are unknown, damaged files; notes for other devices.
"$DEMUCS" --repo "$MODELS" --list-models
"$DEMUCS" --list-models | grep -e : -e htdemucs -e 955717e8
make a.wav 3
demucs -n bag_ft a.wav
"$DEMUCS" -n "$MODELS/bag_ft.yaml" -o path a.wav
files path
demucs -n "$MODELS/bag_ft.yaml" a.wav
demucs -n htdemucs_9 a.wav
"$DEMUCS" -n htdemucs_9 a.wav
echo "status $?"
"$DEMUCS" --offline a.wav
echo "status $?"
"$DEMUCS" --repo nowhere -n x a.wav
echo "status $?"
head -c 1000 "$MODELS/f0cb5d54.safetensors" >damaged.safetensors
"$DEMUCS" -n damaged.safetensors a.wav
echo "status $?"
mkdir "$DEMUCS_CACHE"
cp damaged.safetensors "$DEMUCS_CACHE/955717e8.safetensors"
"$DEMUCS" -n 955717e8 a.wav
echo "status $?"
demucs -d cuda a.wav
demucs -v a.wav 2>&1 >/dev/null | sed 's/CPU level.*/CPU level/'
echo "--- names with blanks and accents, of models of one's own"
mkdir "mes modèles"
cp "$MODELS/f0cb5d54.safetensors" "mes modèles/mon modèle.safetensors"
cp "$MODELS/f0cb5d54.safetensors" "mes modèles/l'été (2).safetensors"
printf "models: ['mon modèle', \"l'été (2)\"]\n" >"mes modèles/mon sac.yaml"
for name in "mon modèle" "mon sac" "l'été (2)"; do
    demucs --repo "mes modèles" -n "$name" a.wav --two-stems bass --other-method none 2>/dev/null
done
files separated | grep -e mon -e été
"$DEMUCS" --list-models --repo "mes modèles"
mkdir -p "$DEMUCS_CACHE"
cp "mes modèles"/* "$DEMUCS_CACHE"
"$DEMUCS" -n "mon sac" -o cached a.wav --two-stems bass --other-method none 2>/dev/null
for name in ../x .x "a/b" "$(printf 'a\nb')"; do last_words --repo "mes modèles" -n "$name" a.wav; done
