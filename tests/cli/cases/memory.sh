# --max-memory: what a run would take is known before it begins; too much of it becomes less, and is said once. The numbers are those of the
# build, so they are taken from what the program says.
make a.wav 3
for name in b c d; do cp a.wav $name.wav; done
least() { sed -n 's/.*takes at least \([0-9.]*\) MB of memory, and --max-memory allows 1.0 KB; raise it, .*/\1/p'; }
needed() { sed -n 's/.* \([0-9.]*\) MB of memory$/\1/p'; }
without_numbers() { sed 's/[0-9.]* MB of memory/N MB of memory/; s/allows [0-9.]* MB/allows N MB/'; }
above() { awk "BEGIN { printf \"%.1fM\", $1 + $2 }"; }

echo "too little for anything:"
demucs --max-memory 1K -o none a.wav 2>said.txt
without_numbers <said.txt
files none
one=$(least <said.txt)

echo "room for one track and one segment, where more was asked for:"
demucs --threads 3 -j 3 --tracks-at-once 3 --max-memory "$(above $one 3)" --progress plain -o small a.wav b.wav c.wav d.wav 2>said.txt
grep '^note' said.txt | without_numbers

echo "room for all of it, and then for less of it, by the same words:"
demucs -v --threads 3 -j 3 --tracks-at-once 3 --max-memory 8GB --progress plain -o large a.wav b.wav c.wav d.wav 2>said.txt
grep '^note' said.txt
grep -c '3 tracks and 3 segments at once' said.txt
demucs --threads 3 -j 3 --tracks-at-once 3 --max-memory "$(above $(needed <said.txt) -5)" --progress plain -o less a.wav b.wav c.wav d.wav 2>said.txt
grep '^note' said.txt | without_numbers

echo "the files are the same:"
diff -r small large && diff -r less large && echo "no difference"

echo "a setting like others, and one track at a time where nothing else is asked for:"
DEMUCS_MAX_MEMORY=1KB "$DEMUCS" --repo "$MODELS" -n f0cb5d54 -o none a.wav 2>&1 >/dev/null | without_numbers
DEMUCS_TRACKS_AT_ONCE=2 "$DEMUCS" --max-memory 8GB --print-settings | grep -e max_memory -e tracks_at_once
demucs -v --threads 64 -o more a.wav b.wav 2>&1 >/dev/null | grep -c '1 track and'
demucs -v --threads 64 -j 1 --max-memory 8GB --progress none -o more a.wav b.wav c.wav 2>&1 >/dev/null | grep -c '3 tracks and'
last_words --max-memory much a.wav
last_words --max-memory 0 a.wav
