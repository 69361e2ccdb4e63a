# --list-presets within 80 columns; --asr-rate: one channel at that rate, also of what the preset asr writes.
"$DEMUCS" --list-presets
"$DEMUCS" --list-presets | awk 'length > 79 { print "too wide: " $0 }'
make a.wav 5
demucs --preset asr -n f0cb5d54 --asr-rate 16000 -o asr a.wav >/dev/null 2>&1
demucs --preset karaoke -n f0cb5d54 -o karaoke a.wav >/dev/null 2>&1
files asr
files karaoke
tool info asr/f0cb5d54/a/vocals.wav
