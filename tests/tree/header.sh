#!/bin/sh
# header.sh HEADER SCRATCH - a public header compiles alone, as C99 and as C++11, without a warning.
set -u
header=$1
scratch=$2
name=$(basename "$header")
mkdir -p "$scratch"
failed=0
compiled=0

syntax() { # compiler, ending, standard
    command -v "$1" >/dev/null || return 0
    compiled=$((compiled + 1))
    "$1" "-std=$3" -pedantic -Wall -Wextra -Wundef -Werror -fsyntax-only -I"$(dirname "$header")" "$scratch/alone.$2" ||
        { echo "$1 -std=$3 refuses $header"; failed=1; }
}

# Twice: the guard. And a use, so that the declarations are looked at and not only parsed.
for ending in c cc; do
    cat >"$scratch/alone.$ending" <<END
#include "$name"
#include "$name"
const char *version_of_library(void);
const char *version_of_library(void) { return demucs_version(); }
END
done
for compiler in gcc clang; do
    syntax $compiler c c99
    syntax $compiler c c11
done
for compiler in g++ clang++; do syntax $compiler cc c++11; done
echo "header: compiled $compiled times"
[ $failed -eq 0 ] && [ $compiled -gt 0 ]
