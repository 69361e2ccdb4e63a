# --keep-rate and --keep-depth: each track of a run as itself.
tool make a.wav 48000 2 24001 music
tool make quiet.wav 48000 2 24001 quiet
tool make b.wav 22050 2 11025 music
tool make mono.wav 96000 1 30000 music
demucs -o out --keep-rate --keep-depth --two-stems vocals a.wav b.wav mono.wav
tool info $(files out)
for format in flac mp3 ogg opus m4a alac aiff; do
    quietly -o "$format" --keep-rate --keep-depth --format "$format" --two-stems bass --other-method none a.wav mono.wav
    tool info $(files "$format") | grep -v "m4a: m4a" # whose last block is filled up
done
demucs -o loss --keep-rate --mp3 --two-stems bass --other-method none mono.wav
echo "a section:"
quietly -o section --keep-rate --start 0.1 --duration 0.25 --two-stems bass a.wav
tool info $(files section)
echo "they add up to the track as it was:"
for flags in "" --int24 "--float32 --gain common" "--format flac --keep-depth" "--clip-mode none"; do
    rm -rf sum
    quietly -o sum --sum-to-mix --keep-rate $flags --cache kept quiet.wav
    tool adds-up quiet.wav $(files sum)
done
rm -rf sum
demucs -v -o sum --sum-to-mix --keep-rate --cache kept quiet.wav 2>&1 >/dev/null | grep -c cache
tool adds-up quiet.wav $(files sum)
echo "settings:"
mkdir project
cd project
echo keep_rate = on >demucs.conf
demucs --print-settings | grep keep
demucs --asr-rate 16000 --print-settings | grep -E "keep_rate|asr_rate"
echo asr_rate = 16000 >>demucs.conf
last_words --print-settings
cd ..
last_words --keep-rate --asr-rate 16000 a.wav
last_words --keep-rate=1 a.wav
