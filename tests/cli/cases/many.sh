# Folders and lists: which tracks, in which order, where their results lie; one at a time and several at once.
mkdir -p in/disc1 in/disc2/bonus
make in/intro.wav 4
make in/disc1/song.wav 5
make in/disc2/song.wav 6
make in/disc2/bonus/live.wav 4
cp in/intro.wav in/intro.dat
echo text >in/notes.txt
ln -s .. in/disc1/up
short="--two-stems bass --other-method none"

echo "--- a folder"
demucs $short -o plain in
files plain
echo "--- and the folders in it"
demucs $short -o deep --recursive in
files deep
echo "--- results lie beside the tracks, and are no tracks"
cp -r in beside
for run in 1 2; do demucs $short -o beside --recursive beside; done
echo "--- a pattern"
demucs $short -o glob --recursive --glob '*.dat' in
demucs $short -o glob --recursive --glob 'disc?/*.wav' in
demucs $short -o glob --glob '*.aiff' in
echo "--- a list, as it may come from Windows"
printf '# today\r\n\r\nin/intro.wav\r\nin/disc1\r\n' >list.txt
demucs $short -o list --from list.txt
find in -name 'song.wav' | sort | demucs $short -o list --from - in/intro.wav
demucs $short -o list --from none.txt
printf '# nothing\n' | demucs $short -o list --from -
last_words --repo "$MODELS" -n f0cb5d54
echo "--- several at once: the same files"
echo "no music" >in/disc1/text.wav
demucs -o one --recursive in none.wav 2>/dev/null
demucs -o four --recursive --tracks-at-once 4 in none.wav 2>err.txt
sort err.txt | sed -e 's/: [0-9:]* of audio in [0-9:]*, .*/: done/' -e '/^[0-9]* %, .* so far/d'
diff -r one four && echo "no difference"
last_words --tracks-at-once 65 in
echo "--- a track that takes too long"
make in/slow.wav 600
echo text >in/text.wav
demucs $short --shifts 200 --threads 1 --timeout 0.5 -o late in/slow.wav in/text.wav in/slow.wav 2>&1
find late -name '*.wav'
echo "--- interrupted with several under way"
make in/long1.wav 1200
make in/long2.wav 1200
rm -f out.txt
tool signal INT out.txt "track in/long2" sh -c 'exec "$@" >out.txt' sh "$DEMUCS" --progress plain --repo "$MODELS" -n f0cb5d54 \
    --shifts 1000 --threads 2 --tracks-at-once 2 -o stop in/long1.wav in/long2.wav in/intro.wav
echo "status $?"
files stop
