# No track overwrites the stems of another, or itself, or a track of the same run, unless it is told to.
mkdir x y
make x/a.wav 4
make y/a.wav 5
make y/a.aiff.wav 6
mv y/a.aiff.wav y/a.aiff
frames() { tool info "$1" 2>&1 | sed 's/.*, //'; }

echo "--- rename, the default; a second run gives the same"
for run in 1 2; do
    demucs x/a.wav y/a.wav y/a.aiff
    for folder in separated/f0cb5d54/*; do echo "$folder $(frames $folder/drums.wav)"; done
done
echo "--- without {track}, and with it cut"
demucs --filename '{stem}.{ext}' --two-stems bass -o plain x/a.wav y/a.wav
files plain
quietly --filename '{track:.1}/{stem}.{ext}' --two-stems bass -o cut x/a.wav y/a.wav
files cut
echo "--- a name that is there already, before or after"
cp y/a.wav y/a-2.wav
quietly -o taken --two-stems bass --other-method none x/a.wav y/a.wav y/a-2.wav
files taken
echo "--- what was promised holds when the first fails; a track that is not there takes no place"
echo "this is no music" >x/b.wav
make y/b.wav 4
demucs x/b.wav y/b.wav -o failed --two-stems bass --other-method none
files failed
quietly none/b.wav y/b.wav -o missing --two-stems bass --other-method none
files missing
echo "--- skip"
demucs --on-collision skip x/a.wav y/a.wav -o skip
files skip
frames skip/f0cb5d54/a/drums.wav
echo "--- overwrite"
demucs --on-collision overwrite x/a.wav y/a.wav y/a.aiff -o over
files over
frames over/f0cb5d54/a/drums.wav
echo "--- fail"
demucs --on-collision fail x/a.wav y/b.wav y/a.wav y/a.aiff -o fail
files fail
last_words --on-collision maybe x/a.wav
echo "--- as the message says"
demucs --on-collision fail --filename '{track}.{trackext}/{stem}.{ext}' x/a.wav y/a.aiff -o apart --two-stems bass --other-method none
files apart
echo "--- a folder that is a link, or a file system without upper and lower case"
cp x/a.wav A.wav
mkdir -p same/f0cb5d54/a
ln -s a same/f0cb5d54/A
demucs x/a.wav A.wav -o same --two-stems bass --other-method none
files same
echo "--- the same file twice"
mkdir y/link y/hard
ln -s ../../x/a.wav y/link/a.wav
ln x/a.wav y/hard/a.wav
demucs x/a.wav x/a.wav ./x//a.wav y/link/a.wav y/a.wav y/hard/a.wav -o twice --two-stems bass --other-method none
files twice
echo "--- the same file under two names"
ln -s ../x/a.wav y/link.wav
ln x/a.wav y/hard.wav
demucs x/a.wav y/link.wav y/hard.wav -o names --two-stems bass --other-method none
files names
echo "--- never an input"
mkdir -p here/f0cb5d54
make here/f0cb5d54/drums.wav 4
cp here/f0cb5d54/drums.wav kept.wav
for mode in rename overwrite fail; do
    demucs --on-collision $mode -o here --filename '{stem}.{ext}' here/f0cb5d54/drums.wav
done
demucs -o here --filename '{stem}.{ext}' y/b.wav here/f0cb5d54/drums.wav
same here/f0cb5d54/drums.wav kept.wav
echo "--- an older result is replaced"
quietly -o here --filename '{track}.wav' --two-stems drums --other-method none x/a.wav
quietly -o here --filename '{track}.wav' --two-stems bass --other-method none x/a.wav
files here
