# --two-stems: which files, and their arithmetic to the last bit.
make a.wav 11
quietly --float32 --clip-mode none -o all a.wav
quietly --float32 --clip-mode none -o add --two-stems drums a.wav
quietly --float32 --clip-mode none -o minus --two-stems drums --other-method minus a.wav
quietly --float32 --clip-mode none -o none --two-stems drums --other-method none a.wav
files add
files minus
files none
stems=all/f0cb5d54/a
tool sum add/f0cb5d54/a/no_drums.wav $stems/bass.wav $stems/other.wav $stems/vocals.wav
tool minus minus/f0cb5d54/a/minus_drums.wav a.wav $stems/drums.wav
for folder in add minus none; do same $folder/f0cb5d54/a/drums.wav $stems/drums.wav; done
echo "a bag of specialists computes only the one it needs, with the same result:"
quietly -n bag_ft --float32 --clip-mode none -o all a.wav
quietly -n bag_ft --float32 --clip-mode none -o one --two-stems other --other-method minus a.wav
same one/bag_ft/a/other.wav all/bag_ft/a/other.wav
tool minus one/bag_ft/a/minus_other.wav a.wav all/bag_ft/a/other.wav
echo "the others, also resampled, in another rate:"
tool make b.wav 22050 2 9000 music
quietly --float32 --clip-mode none -o rate --two-stems bass b.wav
tool info rate/f0cb5d54/b/*
demucs --two-stems guitar a.wav
