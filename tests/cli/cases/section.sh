# --start and --duration: as a file that holds the section and nothing else.
make a.wav 20
demucs --float32 --clip-mode none --two-stems drums -o out --start 0.5 --duration 0.75 a.wav
tool info out/*/a/*
demucs -o out --start 60 a.wav
last_words --start -1 a.wav
last_words --duration x a.wav
