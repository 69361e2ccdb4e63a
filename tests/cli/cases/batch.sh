# A batch goes on after bad files, names them, and ends with status 1.
make a.wav 4
make b.wav 4
echo "this is no music" >text.mp3
demucs a.wav text.mp3 "missing file.wav" b.wav
files separated
echo "one bad file alone needs no list:"
demucs text.mp3
echo "those that are damaged or broke off are said once more in the end:"
make whole.wav 30
quietly --flac -o whole --two-stems bass --other-method none whole.wav
head -c $(($(wc -c <whole/f0cb5d54/whole/bass.flac) / 2)) whole/f0cb5d54/whole/bass.flac >cut.flac
demucs cut.flac text.mp3 a.wav -o ends --two-stems bass --other-method none 2>&1 >/dev/null | sed 's/after [0-9.]* s/after @LENGTH@/'
echo "one alone is said once:"
demucs cut.flac -o ends --two-stems bass --other-method none 2>&1 >/dev/null | grep -c 'not complete'
