#!/bin/sh
# standard_output.sh MODELS CLI_TOOL DEMUCS DEMUCS-MODELS DEMUCS-BENCH DEMUCS-EVAL DEMUCS-CONFIG DEMUCS-CACHE - what
# the programs print reaches its reader, or they say so: a disk that is full is an error, a reader that has left is none.
models=$1 tool=$2 demucs=$3 demucs_models=$4 bench=$5 eval=$6 config=$7 cache=$8
[ -w /dev/full ] || { echo "skipped: there is no /dev/full"; exit 77; }
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
DEMUCS_CACHE=$scratch/cache XDG_CONFIG_HOME=$scratch/config; export DEMUCS_CACHE XDG_CONFIG_HOME
: >demucs.conf # no settings from above
mkdir stems
"$tool" make stems/a.wav 44100 2 4410 music || exit 1
mkfifo pipe
exec 3<>pipe 4>pipe 3>&- # what is written to 4 has no reader
failed=0 passed=0

# ends STATUS WORDS PROGRAM...: standard output is where the caller put it
ends() {
    expected=$1 words=$2 status=0
    shift 2
    "$@" 2>message || status=$?
    if [ $status -eq "$expected" ] && { [ -z "$words" ] || grep -q "$words" message; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$* ended with $status and said: $(cat message)" >&2
    fi
}

# prints PROGRAM...: something to standard output
prints() {
    "$@" 2>/dev/null | grep -q . || { failed=$((failed + 1)); echo "$* prints nothing" >&2; }
    ends 1 '^error: cannot write to standard output: No space left on device$' "$@" >/dev/full
    ends 0 '' "$@" >&4
}

for program in "$demucs" "$demucs_models" "$bench" "$eval" "$config" "$cache"; do
    prints "$program" --help
    prints "$program" --version
done
prints "$demucs" --list-models
prints "$demucs" --repo "$models" --list-models
prints "$demucs" --repo "$models" -n f0cb5d54 stems/a.wav
prints "$demucs" --list-presets
prints "$demucs" --print-settings
prints "$config" list
prints "$config" get shifts
prints "$config" path
prints "$demucs_models" list
prints "$demucs_models" info --help
prints "$demucs_models" info --repo "$models" bag_ft
prints "$demucs_models" path --repo "$models" f0cb5d54
prints "$demucs_models" verify --repo "$models" f0cb5d54
prints "$demucs_models" convert "$models/f0cb5d54.safetensors" made.safetensors
prints "$bench" --repeat 1 --no-peaks "$models/f0cb5d54.safetensors"
prints "$bench" --repeat 1 --no-peaks --json "$models/f0cb5d54.safetensors"
prints "$eval" stems
"$demucs" --repo "$models" -n f0cb5d54 --cache kept stems/a.wav >log 2>&1 || { cat log; exit 1; }
key=$("$cache" ls --cache kept | grep -o '^[0-9a-f]\{8,\}')
for command in ls show verify prune clear; do
    case $command in prune) options='--limit 1G' ;; show) options=$key ;; *) options= ;; esac
    prints "$cache" $command --cache kept $options
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
