#!/bin/sh
# Run the tests of the command line.
#
#     run_cli_tests.sh [--update] DEMUCS CLI_TOOL [CASE...]
#
# Each cases/NAME.sh runs in an empty folder, after prelude.sh. What it prints must be cases/NAME.out (stdout) and
# cases/NAME.err (stderr; no file means nothing), where @DIR@ stands for that folder, @MODELS@ and @CACHE@ for those
# of the models, @WORK@ for the one that @DIR@ lies in (with a demucs.conf that is empty, and a config/ for the user's), and @TIME@ for how long a track took. Progress is left out, and the line that names the device. --update writes what was printed as the new expectation: read the difference.
here=$(cd "$(dirname "$0")" && pwd)
update=no
if [ "$1" = --update ]; then update=yes; shift; fi
DEMUCS=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
TOOL=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
MODELS=$(cd "$here/../data/cli/models" && pwd)
PRELUDE=$here/prelude.sh
shift 2
export DEMUCS TOOL MODELS PRELUDE
unset TMPDIR COLUMNS
for variable in $(env | sed -n 's/^\(DEMUCS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$variable"; done # settings among them
LC_ALL=C; export LC_ALL
DEMUCS_OFFLINE=1; export DEMUCS_OFFLINE

work=$(mktemp -d) || exit 1
work=$(cd "$work" && pwd -P)
trap 'rm -rf "$work"' EXIT
DEMUCS_CACHE=$work/cache; export DEMUCS_CACHE
XDG_CONFIG_HOME=$work/config HOME=$work/home; export XDG_CONFIG_HOME HOME # no settings of the person who runs the tests
TORCH_HOME=$work/torch HF_HOME=$work/huggingface; export TORCH_HOME HF_HOME

normalize() {
    sed -e "s|$work/run|@DIR@|g" -e "s|$work/cache|@CACHE@|g" -e "s|$work/|@WORK@/|g" -e "s|$MODELS|@MODELS@|g" \
        -e 's|^[0-9:]* of audio in [0-9:]*, .*|@TIME@|' -e 's|^\(warning: the CPU takes about \).*|\1@TIME@|' \
        -e '/^[0-9]* %, .* so far/d' -e '/^Auto-detected device: cpu$/d' \
        -e "/^$(printf '\r') *[0-9]*%|.*seconds\/s]\$/d" "$1"
}

# Compare what was printed with what was expected; the latter is "" when there is no file.
check() { # NAME.KIND
    normalize "$work/$1" >"$work/$1.normal"
    if [ $update = yes ]; then
        rm -f "$here/cases/$1"
        if [ -s "$work/$1.normal" ]; then cp "$work/$1.normal" "$here/cases/$1"; fi
    fi
    expected=$here/cases/$1
    [ -f "$expected" ] || expected=/dev/null
    diff -u "$expected" "$work/$1.normal"
}

[ $# -gt 0 ] || set -- $(cd "$here/cases" && ls *.sh | sed 's/\.sh$//')
passed=0 failed=0 skipped=0
for name; do
    rm -rf "$work"/* # what another case left: models, settings, a home
    mkdir "$work/run" || exit 1
    : >"$work/demucs.conf" # so that none is found above the scratch folder
    (cd "$work/run" && sh -c '. "$PRELUDE"; . "$0"' "$here/cases/$name.sh") \
        >"$work/$name.out" 2>"$work/$name.err" </dev/null
    if [ $? -eq 77 ]; then
        echo "skip $name: $(tail -n 1 "$work/$name.out")"
        skipped=$((skipped + 1))
    elif check "$name.out" && check "$name.err"; then
        echo "pass $name"
        passed=$((passed + 1))
    else
        echo "FAIL $name"
        failed=$((failed + 1))
    fi
done
echo "cli: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] || exit 1
[ $passed -gt 0 ] || exit 77
