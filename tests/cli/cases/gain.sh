# --gain and --sum-to-mix: gains of files, and stems that add up.
make a.wav 11 loud
quietly -o each a.wav
quietly -o common --gain common a.wav
quietly -o plain --float32 --clip-mode none a.wav
quietly -o float --float32 --gain common a.wav
echo "the loudest file is turned down the same, the others more:"
for stem in drums bass other vocals; do
    same each/f0cb5d54/a/$stem.wav common/f0cb5d54/a/$stem.wav
    tool rescaled float/f0cb5d54/a/$stem.wav plain/f0cb5d54/a/$stem.wav | cut -c 1-3
done
echo "they add up:"
make b.wav 11 quiet
for flags in "" "--int24" "--flac --int24" "--format alac" "--two-stems drums --format aiff" "--clip-mode none"; do
    rm -rf sum
    quietly -o sum --sum-to-mix $flags b.wav
    tool adds-up b.wav $(files sum)
done
quietly -o off b.wav
tool adds-up b.wav $(files off)
echo "what cannot be:"
last_words --sum-to-mix --clip-mode clamp a.wav
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 --sum-to-mix --mp3 a.wav 2>&1 >/dev/null | grep error
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 --sum-to-mix --two-stems bass --other-method none a.wav 2>&1 >/dev/null | grep error
