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
