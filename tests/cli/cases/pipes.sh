# A stem to standard output, a track from standard input, both, and pipes that break.
make a.wav 6
quietly -o files a.wav
quietly -o files --mp3 a.wav
echo "out:"
demucs -o - --stems vocals a.wav 2>said >vocals.wav
same vocals.wav files/f0cb5d54/a/vocals.wav
grep -c 'Separating track a.wav' said
demucs -o - --stems vocals --mp3 a.wav 2>/dev/null | cmp - files/f0cb5d54/a/vocals.mp3 && echo "same mp3"
demucs -o - --two-stems drums --other-method none --clip-mode none --format opus a.wav 2>/dev/null >drums.opus
tool info drums.opus
demucs -o - --format stem.mp4 a.wav 2>/dev/null >a.stem.mp4
tool info a.stem.mp4
echo "in:"
cat a.wav | demucs -o in - 2>/dev/null
files in
same in/f0cb5d54/stdin/bass.wav files/f0cb5d54/a/bass.wav
demucs -o again - <a.wav >/dev/null 2>&1
same again/f0cb5d54/stdin/bass.wav files/f0cb5d54/a/bass.wav
echo "both:"
cat a.wav | demucs -o - --stems none --mix k=mix-vocals - 2>/dev/null >k.wav
tool info k.wav
mkfifo pipe.wav
cat a.wav >pipe.wav &
demucs -o - --stems vocals pipe.wav 2>/dev/null | cmp - vocals.wav && echo "same from a FIFO"
echo "a pipe that breaks off:"
make long.wav 100
head -c 1000000 long.wav | demucs -o - --stems vocals - 2>broken >part.wav
grep -o 'warning: .*' broken
tool info part.wav
echo "a reader who leaves:"
for flags in "" "--clip-mode none"; do
    ("$DEMUCS" --repo "$MODELS" -n f0cb5d54 -o - --stems vocals $flags long.wav 2>left; echo "status $?" >&2) | head -c 9 | cut -c 1-4
    grep -c 'error\|Traceback' left
done
echo "what cannot be:"
quietly -o - a.wav
demucs -o - a.wav 2>&1 | tail -n 1
make b.wav 2
demucs -o - --stems bass a.wav b.wav 2>&1 | tail -n 1
last_words -o - --report page.html --stems bass a.wav
last_words -o - --replace-audio vocals a.wav
last_words --from - -
demucs -o - --stems bass none.wav 2>/dev/null | wc -c
demucs -o - --stems bass a.wav 2>&1 >/dev/full | tail -n 1
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 -o - --stems bass a.wav 2>closed >&-
echo "status $?, $(cat closed)"
files . | grep -c 'partial\|/-'
