# What is said: help that fits COLUMNS, a full disk under it, readers that leave, paths as Python writes them, true reasons.
for columns in 60 80 120; do
    longest=$(COLUMNS=$columns "$DEMUCS" --help | sed '/^Exit status/,$d' | awk 'length > most { most = length } END { print most }')
    [ "$longest" -lt $columns ] && [ "$longest" -gt $((columns - 12)) ] && echo "fits $columns"
done
for what in --help --version --list-models; do
    "$DEMUCS" $what --repo "$MODELS" >/dev/full
    echo "status $?"
done
mkfifo closed
head -c 1 closed >first.txt &
"$DEMUCS" --help >closed
echo "status $?"
wait
make a.wav 1
mkdir sub
demucs .//a.wav
cp a.wav b.wav
demucs ./sub/.././a.wav "$PWD//b.wav"
ln -s loop.wav loop.wav
demucs loop.wav
demucs nothing.wav a.wav/b.wav
echo "--- outputs that are links"
mkdir -p links/f0cb5d54/a shared
echo old >shared/bass.wav
ln -s ../../../shared/bass.wav links/f0cb5d54/a/bass.wav
ln -s ../../../shared/drums.wav links/f0cb5d54/a/drums.wav
demucs -o links a.wav >/dev/null 2>&1
for stem in bass drums vocals; do readlink links/f0cb5d54/a/$stem.wav || echo "no link"; done
tool info shared/*
