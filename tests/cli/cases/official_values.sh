# Values that the official program takes: any count of jobs, any bit rate, no name of a folder, many shifts, and formats
# of variables, as Python has them.
make abcdef.wav 2
demucs -j -1 --mp3-bitrate 5000 -o jobs abcdef.wav
demucs -j 5000 --mp3-bitrate -7 --mp3 -o jobs abcdef.wav
demucs -o '' abcdef.wav
demucs --shifts 1001 -o shifts missing.wav
demucs -o spec --filename '{track:.3}_{stem:_>12}{stem:^9.2}{ext:s}{track:}.{ext:>3}' abcdef.wav
demucs -o spec --filename '{stem:09.2}{stem:é<8.1}.{ext}' abcdef.wav
for rate in 0 -7 128; do quietly --mp3 --mp3-bitrate $rate -o rate$rate abcdef.wav; done
same rate0/f0cb5d54/abcdef/drums.mp3 rate128/f0cb5d54/abcdef/drums.mp3
same rate-7/f0cb5d54/abcdef/drums.mp3 rate128/f0cb5d54/abcdef/drums.mp3
rm -r rate*
files .
