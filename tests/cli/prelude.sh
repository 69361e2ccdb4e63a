# What the cases share. Sourced by the runner before each.
exec 3>&1 # where "status" lines go, whatever a case does with the output of a program

# Run the program on a tiny model, and say how it ended when not well. A later -n or --repo wins.
demucs() {
    "$DEMUCS" --repo "$MODELS" -n f0cb5d54 "$@"
    code=$?
    [ $code -eq 0 ] || echo "status $code" >&3
}

# The same, silent but for the status: for cases that look at the files.
quietly() { demucs "$@" >/dev/null 2>&1; }

# Print only the last line of what the program says on stderr: mistakes on the command line, without the usage.
last_words() {
    "$DEMUCS" "$@" 2>&1 >/dev/null | tail -n 1
}

tool() { "$TOOL" "$@"; }

# make FILE [SECONDS*10] [KIND]: some stereo audio at 44100 Hz.
make() { tool make "$1" 44100 2 $((4410 * ${2:-10})) "${3:-music}"; }

# All files below a folder, hidden ones too, in a fixed order.
files() { find "$1" -type f | sort; }

# Compare two files by their bytes.
same() { if cmp -s "$1" "$2"; then echo "same $1"; else echo "differ $1"; fi; }
