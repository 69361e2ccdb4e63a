# --keep-tags: what a track says of itself, in each format; nothing without it.
tool tagged song.mp3
make plain.wav 10
for format in wav flac mp3 ogg opus m4a alac aiff; do
    quietly -o "$format" --keep-tags --format "$format" --two-stems vocals song.mp3
    tool tags $(files "$format") | sed "s,to 1007,to 1000," # FFmpeg counts what Opus skips into the last chapter
done
echo "a section:"
quietly -o section --keep-tags --mp3 --start 0.3 --duration 0.5 --two-stems vocals --other-method none song.mp3
tool tags $(files section)
echo "without:"
quietly -o without --two-stems vocals song.mp3
tool tags $(files without)
quietly -o plain --keep-tags --format flac --two-stems vocals song.mp3 plain.wav
tool tags plain/f0cb5d54/plain/*
quietly -o untagged --format flac --two-stems vocals plain.wav
same plain/f0cb5d54/plain/vocals.flac untagged/f0cb5d54/plain/vocals.flac
echo "a picture of another kind, which is said with -v alone:"
sed 's/PNG/GNP/' song.mp3 >odd.mp3
demucs -o odd --keep-tags --two-stems vocals --other-method none odd.mp3 2>&1 >/dev/null | grep -c note
demucs -v -o odd --keep-tags --two-stems vocals --other-method none odd.mp3 2>&1 >/dev/null | grep note
tool tags $(files odd)
