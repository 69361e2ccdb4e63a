# Inputs of every kind: a right result or one sentence.
tool make silence.wav 44100 2 20000 silence
tool make one.wav 44100 2 1 music
tool make two.wav 44100 2 2 music
tool make nan.wav 44100 2 20000 nan
tool make mono8k.wav 8000 1 4000 music
tool make surround.wav 48000 8 24000 music
tool make fast.wav 192000 2 96000 music
tool make odd.wav 44099 2 20001 music
tool make tiny.wav 192000 2 1 music
tool make empty.wav 44100 2 0 music
: >nothing.wav
mkdir folder.wav
for track in silence one two nan mono8k surround fast odd tiny empty nothing folder; do
    demucs $track.wav
    [ ! -e separated/f0cb5d54/$track ] || tool info separated/f0cb5d54/$track/drums.wav
done
echo "mono is copied to both channels, and of eight the first two are taken:"
tool make stereo.wav 22050 2 9000 equal
tool make mono.wav 22050 1 9000 equal
tool make eight.wav 22050 8 9000 equal
quietly --float32 -o shapes mono.wav eight.wav stereo.wav
for track in mono eight; do same shapes/f0cb5d54/$track/drums.wav shapes/f0cb5d54/stereo/drums.wav; done
echo "what is not finite counts as silence:"
tool make bad.wav 22050 2 9000 nan
tool make gaps.wav 22050 2 9000 gaps
quietly --two-stems drums --other-method minus -o holes bad.wav gaps.wav
for stem in drums minus_drums; do same holes/f0cb5d54/bad/$stem.wav holes/f0cb5d54/gaps/$stem.wav; done
echo "a stream that is not there:"
demucs --stream 3 one.wav
echo "and all eight with --downmix, without a word:"
demucs --downmix -o mixed surround.wav
same separated/f0cb5d54/surround/drums.wav mixed/f0cb5d54/surround/drums.wav
