# Sample types and codecs. float32 has no meaning for flac: 16 bits then, as in the official program.
make a.wav 5
for flags in "" --int24 --float32 --flac "--flac --int24" "--flac --float32" --mp3 "--mp3 --mp3-bitrate 128" \
    "--mp3 --mp3-preset 7 --mp3-bitrate=64"; do
    echo "flags: $flags"
    rm -rf separated
    quietly $flags a.wav
    tool info separated/*/a/*
done
echo "a higher bit rate is a bigger file:"
quietly --mp3 -o high a.wav
quietly --mp3 --mp3-bitrate 64 -o low a.wav
[ "$(wc -c <high/f0cb5d54/a/drums.mp3)" -gt "$(wc -c <low/f0cb5d54/a/drums.mp3)" ] && echo yes
echo "24 bits are no rounded 16:"
quietly --int24 -o deep a.wav
quietly -o shallow a.wav
tool sum deep/f0cb5d54/a/drums.wav shallow/f0cb5d54/a/drums.wav | cut -c 1-3
echo "the other formats:"
for flags in "--format ogg" "--format opus --bitrate 96" "--format m4a" "--format alac --int24" "--format aiff --float32" \
    "--format mp3 --bitrate 64" "--format alac --filename {stem}.m4a" "--filename {stem}.m4a" "--filename {stem}.AIF"; do
    echo "flags: $flags"
    rm -rf separated
    quietly --two-stems drums --other-method none $flags a.wav
    tool info $(files separated)
done
echo "without loss:"
for format in alac aiff; do
    quietly --format $format -o $format a.wav
    tool sum shallow/f0cb5d54/a/drums.wav $format/f0cb5d54/a/drums.*
done
echo "twice the same:"
for format in ogg opus m4a; do
    quietly --format $format -o again a.wav
    quietly --format $format -o once a.wav
    same again/f0cb5d54/a/drums.$format once/f0cb5d54/a/drums.$format
done
echo "what is refused:"
last_words --format wma a.wav
last_words --format ogg --flac a.wav
last_words --bitrate 4 a.wav
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 --format ogg --bitrate 1000 -o refused a.wav 2>&1 >/dev/null | grep Vorbis
files . | grep -c refused
