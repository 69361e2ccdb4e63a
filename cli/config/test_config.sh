#!/bin/sh
# test_config.sh DEMUCS-CONFIG - the demucs-config program as a person uses it: output, exit status, what is in the files.
set -u
config=$1
work=$(mktemp -d) || exit 1
work=$(cd "$work" && pwd -P)
trap 'rm -rf "$work"' EXIT
for variable in $(env | sed -n 's/^\(DEMUCS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$variable"; done
XDG_CONFIG_HOME=$work/config HOME=$work/home; export XDG_CONFIG_HOME HOME
mkdir -p "$work/project/inside"
cd "$work/project/inside" || exit 1
user=$work/config/demucs/demucs.conf
project=$work/project/demucs.conf
failed=0 checked=0

# expect STATUS OUTPUT WORDS...: what is printed, on stdout and stderr together, has to begin with OUTPUT
expect() {
    status=$1 output=$2
    shift 2
    said=$("$config" "$@" 2>&1)
    got=$?
    checked=$((checked + 1))
    case $said in
    "$output"*) [ $got -eq "$status" ] && return ;;
    esac
    echo "demucs-config $*: status $got instead of $status, or no '$output' in:"
    echo "$said"
    failed=$((failed + 1))
}

# holds FILE TEXT: the whole file
holds() {
    checked=$((checked + 1))
    printf "$2" | cmp -s - "$1" && return
    echo "$1 holds:"
    cat "$1"
    failed=$((failed + 1))
}

expect 0 'usage: demucs-config' --help
expect 0 'demucs-config ' --version
expect 2 'usage:'
expect 2 'usage:' put x
expect 2 'usage:' get
expect 2 'usage:' set shifts
expect 2 'usage:' list --user --project
expect 0 'usage: demucs-config set' set --help
expect 0 "$user" path
: >"$work/demucs.conf" # none from above the scratch folder; then the project's own
expect 0 "$work/demucs.conf" path --project
expect 0 '1' get shifts
expect 1 'error: shifts is not set in the user' get --user shifts
expect 0 '' set shifts 2
holds "$user" 'shifts = 2\n'
expect 0 '2' get shifts
expect 0 '2' get --user shifts
printf '# ours\nshifts = 3   # more\n\nsegment=5\n' >"$project"
expect 0 '3' get shifts
expect 0 '' set --project shifts 4
expect 0 '' set --project stems 'bass, drums'
holds "$project" '# ours\nshifts = 4   # more\n\nsegment=5\nstems = bass, drums\n'
expect 0 'bass, drums' get stems
DEMUCS_SHIFTS=6; export DEMUCS_SHIFTS
expect 0 '6' get shifts
expect 0 '4' get --project shifts
expect 0 '2' get --user shifts
unset DEMUCS_SHIFTS
expect 0 "# user file: $user
# project file: $project
model = htdemucs                            # default" list
expect 0 'shifts = 2' list --user
expect 0 'stems = "bass, drums"
shifts = 4
segment = 5' list --project
expect 0 '' unset --project shifts
holds "$project" '# ours\n\nsegment=5\nstems = bass, drums\n'
expect 0 '2' get shifts
expect 1 "error: shifts is not set in $project" unset --project shifts
expect 1 "error: there is no setting 'shfts'; there are model" get shfts
expect 1 "error: there is no setting 'shfts'; there are model" set shfts 2
expect 1 "error: there is no setting 'shfts'; there are model" unset shfts
expect 1 "error: shifts is 'x', but should be a whole number from 0 to 100000" set shifts x
expect 1 "error: output_format is 'aac', but should be one of wav, flac, mp3" set output_format aac
holds "$user" 'shifts = 2\n'

# a file that is wrong is told, and can be put right
printf 'shfts = 2\nshifts = x\n' >"$user"
expect 1 "error: '$user': line 1: there is no setting 'shfts'" get shifts
expect 1 "error: '$user': line 1: there is no setting 'shfts'" list
expect 0 '' unset shfts
expect 0 '' set shifts 5
holds "$user" 'shifts = 5\n'

# one that others may change does not count
chmod 666 "$project"
expect 0 'warning: ' get seed

# a new one is made here; unless, on this machine, one lies above the scratch folder
rm "$project" "$work/demucs.conf"
if "$config" path --project >"$work/path" 2>&1; then
    echo "not tried: there is $(cat "$work/path")"
else
    expect 1 'error: there is no demucs.conf in this folder or above it' path --project
    expect 1 'error: there is no demucs.conf in this folder or above it' unset --project seed
    expect 0 '' set --project seed 1
    holds demucs.conf 'seed = 1\n'
fi
unset XDG_CONFIG_HOME HOME
expect 1 'error: there is no home folder' path
echo "config: $checked checks, $failed failed"
[ $failed -eq 0 ]
