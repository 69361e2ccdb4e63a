#!/bin/sh
# installed.sh BUILD CONSUMER SCRATCH - install into a scratch prefix, move it elsewhere, and use what is there as a
# stranger would: through pkg-config and through find_package, shared and static.
set -eu
build=$1
consumer=$2
scratch=$3
rm -rf "$scratch"
mkdir -p "$scratch"

cmake --install "$build" --prefix "$scratch/first place" >"$scratch/install.log"
mv "$scratch/first place" "$scratch/moved"
prefix=$scratch/moved

pc=$(dirname "$(find "$prefix" -name demucs.pc)")
libraries=$(dirname "$pc")
export PKG_CONFIG_PATH="$pc"
export LD_LIBRARY_PATH="$libraries"
# shellcheck disable=SC2046 # words
cc "$consumer/main.c" -o "$scratch/with-pkg-config" $(pkg-config --cflags --libs demucs)
"$scratch/with-pkg-config"
# shellcheck disable=SC2046 # words
cc "$consumer/main.c" -o "$scratch/with-pkg-config-static" $(pkg-config --static --cflags demucs) \
    "$libraries/libdemucs.a" $(pkg-config --static --libs demucs | sed 's/-ldemucs//')
LD_LIBRARY_PATH='' "$scratch/with-pkg-config-static"
# shellcheck disable=SC2046 # words
cc "$consumer/tracks.c" -o "$scratch/tracks" $(pkg-config --cflags --libs demucs_tracks)
"$scratch/tracks"
# Ours static, the others' shared: pkg-config --static would ask for all that FFmpeg stands on.
# shellcheck disable=SC2046 # words
cc "$consumer/tracks.c" -o "$scratch/tracks-static" $(pkg-config --cflags demucs_tracks) \
    "$libraries/libdemucs_tracks.a" "$libraries/libdemucs.a" -lmp3lame -lm -pthread \
    $(pkg-config --libs $(pkg-config --print-requires-private demucs_tracks demucs | sed 's/ .*//'))
LD_LIBRARY_PATH='' "$scratch/tracks-static"

cmake -S "$consumer" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/configure.log"
cmake --build "$scratch/build" >"$scratch/build.log"
for program in shared tracks_shared; do "$scratch/build/$program"; done
for program in static tracks_static; do LD_LIBRARY_PATH='' "$scratch/build/$program"; done

# The programs run where they are, and nothing of the build folder went along.
for program in "$prefix"/bin/*; do LD_LIBRARY_PATH='' "$program" --version; done
if grep -rlF "$build" "$prefix"; then
    echo "These installed files name the build folder."
    exit 1
fi
headers=$(find "$prefix" -name '*.h' | wc -l)
public=$(find "$consumer/../../../include" -name '*.h' | wc -l)
[ "$headers" -eq "$public" ] || { echo "$headers headers were installed, not $public."; exit 1; }
