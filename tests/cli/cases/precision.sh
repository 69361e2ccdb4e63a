# --precision: fast on a level that has no bfloat16 is exact, and says so; on the best level it runs.
make a.wav 6
quietly --float32 -o best --precision fast a.wav
export DEMUCS_CPU=scalar
quietly --float32 -o exact --precision exact a.wav
demucs --float32 -o fast --precision fast a.wav 2>&1 >/dev/null | grep "^note"
for stem in drums vocals; do same fast/f0cb5d54/a/$stem.wav exact/f0cb5d54/a/$stem.wav; done
