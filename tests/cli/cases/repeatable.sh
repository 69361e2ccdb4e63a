# The same input, the same bytes: run twice, with other threads, after another track; another seed, others.
make a.wav 17
make b.wav 6
quietly --shifts 2 -o one --threads 1 a.wav
quietly --shifts 2 -o again --threads 1 a.wav
quietly --shifts 2 -o threads --threads 2 a.wav
quietly --shifts 2 -o jobs --threads 2 -j 2 a.wav
quietly --shifts 2 -o second --seed 0 b.wav a.wav
quietly --shifts 2 -o seed --seed 1 a.wav
for folder in again threads jobs second seed; do
    for stem in drums vocals; do same $folder/f0cb5d54/a/$stem.wav one/f0cb5d54/a/$stem.wav; done
done
