# Clipping: rescale as torch divides, clamp at 0.99, none leaves float32 alone; integers can never wrap.
make a.wav 9 loud
for mode in none rescale clamp; do quietly --float32 --clip-mode $mode -o $mode a.wav; done
quietly --float32 -o default a.wav
for stem in drums bass other vocals; do
    file=f0cb5d54/a/$stem.wav
    tool rescaled rescale/$file none/$file
    tool clamped clamp/$file none/$file
    same default/$file rescale/$file
    same rescale/$file none/$file
done
quietly --clip-mode none -o whole a.wav
tool info whole/f0cb5d54/a/*
echo "quiet stems are not touched:"
make b.wav 3 quiet
quietly --float32 --clip-mode none -o none b.wav
quietly --float32 -o default b.wav
same default/f0cb5d54/b/drums.wav none/f0cb5d54/b/drums.wav
