# -j: more memory (each segment that runs at once has its own), the same files.
make a.wav 30
memory() { sed -n 's/.* \([0-9]*\)\.[0-9] MB of memory/\1/p' "$1"; }
for jobs in 1 3; do
    demucs -v --threads 3 -j $jobs -o jobs$jobs a.wav >/dev/null 2>said$jobs.txt
done
[ "$(memory said3.txt)" -gt "$(memory said1.txt)" ] && echo "more memory"
for stem in drums bass other vocals; do same jobs3/f0cb5d54/a/$stem.wav jobs1/f0cb5d54/a/$stem.wav; done
