# --log-level: what is said on stderr besides progress; and what is said of the device.
make a.wav 20
make b.wav 20
head -c 200000 a.wav >cut.wav
said() { sed -e 's/^[0-9:]* of audio in .*/TIME/' -e 's/.*CPU level.*/CPU level/' -e "s|$MODELS|MODELS|"; }
echo "on standard output: the official words, whatever the level"
for level in error warning info debug; do
    "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --progress none --log-level $level -o out cut.wav none.wav >$level.txt 2>$level.err
    echo "status $?"
    cmp error.txt $level.txt
done
sed 's|/.*/|.../|' error.txt
for level in error warning info debug; do
    echo "--- $level"
    said <$level.err
done
echo "--- as the official program shows progress, error has nothing but bars"
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 --log-level error -o out a.wav 2>bars.err >/dev/null
tr '\r' '\n' <bars.err | grep -v '^$' | grep -vc '|'
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 --log-level error -o out a.wav 2>&1 >/dev/null | tr '\r' '\n' | grep -c '100%'
echo "--- -v is debug; a setting as others, which holds for what settings themselves say"
"$DEMUCS" --repo "$MODELS" -n f0cb5d54 --progress none -v -o out a.wav 2>&1 >/dev/null | said
DEMUCS_LOG_LEVEL=error "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --progress none -v --print-settings | grep log_level
DEMUCS_LOG_LEVEL=error "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --progress none -d cuda -o out a.wav 2>&1 >/dev/null
echo 'seed = 3' >demucs.conf
chmod 666 demucs.conf
for level in error warning; do "$DEMUCS" --log-level $level --print-settings 2>&1 >/dev/null; done
rm demucs.conf
last_words --log-level loud a.wav
echo "--- the device: named where nobody asked, silent where the CPU was asked for, and timed where another was"
device() {
    "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --progress plain "$@" -o out a.wav b.wav 2>&1 >/dev/null | grep -v 'of audio in' |
        sed -e 's/about [0-9:]* for/about TIME for/; s/, [0-9.]*x real/, Nx real/'
}
device | tr A-Z a-z
device --log-level warning | wc -l
device --progress json | grep -vc '^{'
device -d cpu | wc -l
device -d cuda
DEMUCS_DEVICE=mps device --tracks-at-once 2
