# One option, all its forms; prefixes; flags in one word; "--"; the last value wins.
make a.wav 4
make -odd.wav 4
model="--repo=$MODELS"
"$DEMUCS" "$model" -n f0cb5d54 -o o1 a.wav
"$DEMUCS" "$model" -nf0cb5d54 -oo2 a.wav
"$DEMUCS" "$model" -n=f0cb5d54 -o=o3 a.wav
"$DEMUCS" "$model" --name f0cb5d54 --out o4 a.wav
"$DEMUCS" "$model" --name=f0cb5d54 --out=o5 a.wav
"$DEMUCS" "$model" --na f0cb5d54 --ou=o6 a.wav --two-st bass --other none
"$DEMUCS" "$model" -vn f0cb5d54 -vo o7 a.wav 2>/dev/null
"$DEMUCS" -n nonsense "$model" -n f0cb5d54 a.wav -o o8
"$DEMUCS" -n f0cb5d54 "$model" -o o9 -- -odd.wav
files . | grep /o
# short for one option of the official program, whatever ours are called
"$DEMUCS" --v --re "$MODELS" -n f0cb5d54 -o o10 --t drums --se 0.3 a.wav 2>/dev/null
"$DEMUCS" --ve --repo "$MODELS" -n f0cb5d54 -o o11 a.wav 2>&1 >/dev/null | grep -c "^CPU level"
"$DEMUCS" --ver --repo "$MODELS" -n f0cb5d54 -o o12 a.wav 2>&1 >/dev/null | grep -c "^CPU level"
files o10
"$DEMUCS" --vers | cut -c 1-7
last_words --s 2 a.wav
