# Mistakes on the command line: argparse's words, status 2, nothing on stdout, nothing created.
make a.wav 1
for line in "" "--no-such a.wav -q" "-n" "--out" "a.wav --shifts" "a.wav --shifts x" "a.wav --shifts -1" \
    "a.wav --shifts 100001" "a.wav --shifts 99999999999999999999" "a.wav --overlap 1" "a.wav --overlap nan" \
    "a.wav --segment 0" "a.wav --segment x" "a.wav --clip-mode loud" "a.wav --other-method all" \
    "a.wav --mp3-preset 1" "a.wav --mp3-bitrate loud" \
    "a.wav -j 1.5" "a.wav --seed -1" "a.wav --threads 5000" "a.wav --stream -1" "a.wav --precision high" \
    "a.wav --mp3 --flac" "a.wav --int24 --float32" "a.wav --no-split --segment 1" "a.wav -s x -n y" \
    "a.wav -s 955717e8" "a.wav --mp3=yes" "a.wav --mp3-" "a.wav --filename {song}" "a.wav --filename {stem" \
    "a.wav --filename }" "a.wav --sh 1 --s 2"; do
    echo "demucs $line"
    last_words $line
    "$DEMUCS" $line >/dev/null 2>&1
    echo "status $?"
done
for spec in '{stem:d}' '{stem:>5000}' '{stem:.}' '{stem:=9}' '{stem:x<y}'; do last_words --filename "$spec" a.wav; done
last_words -n "" a.wav
last_words ""
files .
