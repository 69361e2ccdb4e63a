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
