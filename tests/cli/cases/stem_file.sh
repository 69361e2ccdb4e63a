# --format stem.mp4: the track and its stems as streams of one file.
make a.wav 4 loud
demucs -o out --format stem.mp4 a.wav 2>/dev/null
files out
tool info out/f0cb5d54/a.stem.mp4
grep -ao '"stems":.*' out/f0cb5d54/a.stem.mp4
quietly -o whole --format stem.alac --int24 a.wav
tool info whole/f0cb5d54/a.stem.mp4
echo "each stream is a track, too:"
for stream in 0 1 4 5; do
    demucs --stream $stream --two-stems bass --other-method none -o again whole/f0cb5d54/a.stem.mp4 2>&1 >/dev/null | grep error
done
files again
echo "by a setting, under another name, in a report:"
DEMUCS_OUTPUT_FORMAT=stem.mp4 quietly -o named --filename '{track} ({stem}).{ext}' --bitrate 96 --report page.html a.wav
files named
grep -c '<h3>' page.html
grep -o '"data:image/png[^"]*"' page.html | sort -u | wc -l # pictures of five different sounds
demucs --skip-existing -o out --format stem.mp4 a.wav 2>&1 >/dev/null | grep -o 'Skipped.*'
echo "what cannot be:"
for flags in "--stems vocals" "--two-stems vocals" "--mix k=mix" "--asr-rate 16000" "--sum-to-mix" "--filename {track}.m4a"; do
    demucs --format stem.mp4 $flags a.wav 2>&1 >/dev/null | tail -n 1
done
demucs --filename '{track}.stem.mp4' a.wav 2>&1 >/dev/null | tail -n 1
