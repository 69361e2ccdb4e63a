# The plain run: folders, names, format and length of the stems; words on stdout, times on stderr.
make "a song.wav" 13
demucs "a song.wav"
tool info separated/f0cb5d54/"a song"/*
files separated
echo "only stdout:"
demucs -n bag_ft -o out "a song.wav" 2>/dev/null
files out
echo "started with stdout and stderr closed, it writes no words into its own files:"
tool make bad.wav 44100 2 20000 nan
quietly --float32 -o open bad.wav
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 --float32 -o closed bad.wav >&- 2>&-
for stem in drums vocals; do same closed/f0cb5d54/bad/$stem.wav open/f0cb5d54/bad/$stem.wav; done
