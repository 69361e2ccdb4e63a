# --shifts, --overlap, --segment, --no-split do something, and not for nothing; what cannot be is refused.
make a.wav 17
quietly --float32 -o default a.wav
for flags in "--shifts 0" "--shifts 3" "--overlap 0.5" "--overlap 0" "--segment 0.2"; do
    quietly --float32 $flags -o other a.wav
    tool info other/f0cb5d54/a/drums.wav
    echo "$flags: $(same other/f0cb5d54/a/drums.wav default/f0cb5d54/a/drums.wav)"
done
quietly --float32 --segment 0.4 -o other a.wav
echo "the model's own segment: $(same other/f0cb5d54/a/drums.wav default/f0cb5d54/a/drums.wav)"
demucs --segment 0.5 a.wav
demucs --no-split --shifts 0 a.wav
make b.wav 3
quietly --no-split --shifts 0 b.wav
tool info separated/f0cb5d54/b/drums.wav
