# No track overwrites the stems of another, or itself, or a track of the same run.
mkdir x y
make x/a.wav 4
make y/a.wav 5
demucs x/a.wav y/a.wav
tool info separated/f0cb5d54/a/drums.wav
demucs x/a.wav x/a.wav -o twice
echo "a track that failed holds no names:"
echo "this is no music" >x/b.wav
make y/b.wav 4
demucs x/b.wav y/b.wav -o failed
files failed
mkdir -p here/f0cb5d54
make here/f0cb5d54/drums.wav 4
cp here/f0cb5d54/drums.wav kept.wav
demucs -o here --filename '{stem}.{ext}' here/f0cb5d54/drums.wav
demucs -o here --filename '{stem}.{ext}' y/b.wav here/f0cb5d54/drums.wav
same here/f0cb5d54/drums.wav kept.wav
echo "an older result is replaced:"
quietly -o here --filename '{track}.wav' --two-stems drums --other-method none x/a.wav
quietly -o here --filename '{track}.wav' --two-stems bass --other-method none x/a.wav
files here
