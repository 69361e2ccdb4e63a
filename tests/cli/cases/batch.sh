# A batch goes on after bad files, names them, and ends with status 1.
make a.wav 4
make b.wav 4
echo "this is no music" >text.mp3
demucs a.wav text.mp3 "missing file.wav" b.wav
files separated
echo "one bad file alone needs no list:"
demucs text.mp3
