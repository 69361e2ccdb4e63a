# Two runs at once into the same folder: both well, whole files, no rest.
make a.wav 20
quietly -o alone a.wav
quietly -o together a.wav &
quietly -o together a.wav &
wait
files together
for stem in drums bass other vocals; do same alone/f0cb5d54/a/$stem.wav together/f0cb5d54/a/$stem.wav; done
