# Whatever a name holds, of a track, a folder, a model, a word of the command line: nothing of it steers the terminal.
programs=$(dirname "$DEMUCS")
# the title of the window, a clearing of the screen in one byte as in UTF-8, a line that looks like an error
nasty=$(printf 'a\033]0;title\007\233\302\2332J\nerror: fake')

word=$(printf 'x\033[2J') # without a blank

# clean PROGRAM ARGUMENT...: what it says has no control characters, and no line of its own out of a name.
clean() {
    name=$1
    shift
    "$programs/$name" "$@" </dev/null >out.txt 2>&1
    echo "$name $(printf %s "$1" | tr -cd 'a-z-' | cut -c 1-16): status $?"
    tr -d '\r' <out.txt >text.txt
    [ -s text.txt ] || echo "said nothing"
    if LC_ALL=C tr -d '\n' <text.txt | LC_ALL=C grep -q "$(printf '[\001-\037\177\233]')"; then
        echo "control characters:"
        LC_ALL=C sed -n l text.txt
    fi
    grep -q '^error: fake' text.txt && echo "a line out of a name"
}

mkdir "$nasty.d" "$nasty.models"
cp "$MODELS"/* "$nasty.models"
cp "$MODELS/f0cb5d54.safetensors" "$nasty.safetensors"
make "$nasty.wav" 3
make "$nasty.d/$nasty.wav" 4
ln -s "$nasty.wav" "$nasty.link.wav"
echo "no music" >"$nasty.mp3"
for extra in "" -v --on-collision=fail; do
    clean demucs --repo "$MODELS" -n f0cb5d54 -o "$nasty.out" $extra "$nasty.wav" "$nasty.d/$nasty.wav" "$nasty.link.wav" \
        "$nasty.mp3" "$nasty.none"
done
clean demucs -n "$nasty.safetensors" -v -o out "$nasty.wav"
clean demucs -n "$nasty" "$nasty.wav"
clean demucs --repo "$nasty.models" -n f0cb5d54 -v -d "$nasty" "$nasty.wav"
clean demucs --repo "$nasty.models" --list-models
clean demucs --repo "$nasty.none" --list-models
clean demucs --repo "$MODELS" -n f0cb5d54 --two-stems "$nasty" "$nasty.wav"
clean demucs --repo "$MODELS" -n f0cb5d54 --filename "$nasty" "$nasty.wav"
clean demucs --filename "{$nasty}" "$nasty.wav"
clean demucs "--$word" "-$word" x
clean demucs --shifts "$nasty" x
clean demucs --clip-mode "$nasty" x
clean demucs -s "$nasty" x
clean demucs-models list --repo "$nasty.models"
clean demucs-models info "$nasty.safetensors"
clean demucs-models info --repo "$nasty.models" bag_ft
clean demucs-models verify "$nasty.safetensors"
clean demucs-models verify --repo "$nasty.models"
clean demucs-models verify --repo "$nasty.d"
clean demucs-models convert "$nasty.safetensors" "$nasty.2.safetensors"
clean demucs-models convert "$nasty.mp3" "$nasty.3.safetensors"
clean demucs-models fetch "$nasty"
clean demucs-models "$nasty"
clean demucs-eval "$nasty.d"
clean demucs-eval "$nasty.none"
clean demucs-eval --reference "$nasty.none" "$nasty.d"
clean demucs-eval "--$word"
clean demucs-bench --repeat 1 --no-peaks "$nasty.safetensors"
clean demucs-bench "$nasty.none"
clean demucs-bench --json --repeat 1 --no-peaks "$nasty.safetensors"
