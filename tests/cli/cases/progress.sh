# Progress through a pipe: the lines of the official program, from 0 % to 100 %, a bar for each member and shift; or words.
make a.wav 30
lines() { tr '\r' '\n' <"$1" | sed -n 's/^ *\([0-9]*%\)|[# ]*| \([0-9.]*\/[0-9.]*\) \[[0-9:]*<[0-9:?]*, *[0-9.?]*seconds\/s\]$/\1 \2/p'; }
demucs --overlap 0 --jobs 1 --shifts 2 -o bars a.wav >said.txt 2>lines.txt
lines lines.txt
grep -c "" lines.txt
demucs --progress plain --shifts 2 a.wav >said.txt 2>words.txt
lines words.txt
