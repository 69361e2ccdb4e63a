#!/bin/sh
# real.sh TEST_REAL DEMUCS_MODELS SOURCE_DIR - find the real htdemucs and the recordings, then run TEST_REAL on them.
#
# The weights: $DEMUCS_TEST_WEIGHTS, else what `demucs-models fetch htdemucs` brings. The recordings: $DEMUCS_SHARED, else
# the folder `shared` beside the checkout, which is not part of the project. Without either the test is skipped (exit status
# 77) and says why. With CI=true it fails instead, unless there is no such folder at all.
program=$1
models=$2
shared=${DEMUCS_SHARED:-$3/../shared}
clip=$shared/testdata/music_delta_80s_rock.stem.mp4
song=$shared/testdata/demucs_test.mp3
clip_results=$shared/reference/real/music_delta.npz
song_results=$shared/reference/real/demucs_test_cut.npz

skip() {
    echo "skipped: $1"
    exit 77
}

missing() {
    [ "${CI:-}" != true ] || { echo "FAILED: $1"; exit 1; }
    skip "$1"
}

[ -e "$shared" ] || skip "there is no folder $shared with recordings and the official program's results on them"
for file in "$clip" "$song" "$clip_results" "$song_results"; do
    [ -r "$file" ] || missing "$file cannot be read"
done

weights=${DEMUCS_TEST_WEIGHTS:-}
if [ -z "$weights" ]; then
    said=$("$models" fetch htdemucs 2>&1) || missing "the weights of htdemucs cannot be had: $said"
    weights=$("$models" path htdemucs) || missing "the weights of htdemucs are not where they should be"
fi
[ -r "$weights" ] || missing "the weights $weights cannot be read"
exec "$program" "$weights" "$clip" "$clip_results" "$song" "$song_results"
