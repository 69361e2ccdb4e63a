# Settings: which source wins, what --print-settings shows, and what is refused. @WORK@/demucs.conf, above, is empty.
make a.wav 2
show() { "$DEMUCS" --print-settings "$@" | grep -v '# default$'; }

echo "none"; show
mkdir -p "$XDG_CONFIG_HOME/demucs" album/takes
cat >"$XDG_CONFIG_HOME/demucs/demucs.conf" <<END
# mine
output_format = flac
seed = 7
END
printf 'seed = 8\npreset = karaoke # all of it\noutput_dir = stems\n' >album/demucs.conf
echo "user"; show
cd album/takes || exit 1
echo "project"; show
echo "variable"; DEMUCS_SEED=9 DEMUCS_PRESET=draft show
echo "flag"; DEMUCS_SEED=9 show --preset archive --int24 --mp3 --seed 10 --shifts 2 --no-split
echo "empty takes back"; show --preset '' --two-stems drums

echo "a run goes by them"
demucs --other-method none --stems bass,no_drums ../../a.wav 2>&1 >/dev/null | grep -v 'real time'
demucs --preset draft --flac --two-stems vocals --other-method none -o flags ../../a.wav >/dev/null 2>&1
cd ../..
files album
grep -c . album/demucs.conf

echo "refused"
for line in 'shfts = 2' 'shifts = two' 'shifts' 'output_format = wma'; do
    echo "$line" >demucs.conf
    "$DEMUCS" a.wav 2>&1
    echo "status $?"
done
"$DEMUCS" --help | head -n 1 # help comes before what is wrong
rm demucs.conf
DEMUCS_OVERLAP=2 "$DEMUCS" a.wav
echo "status $?"
last_words --preset loud a.wav
last_words --stems a,,b a.wav
last_words --stems vocals --two-stems vocals a.wav
demucs --stems vocals,guitar a.wav
demucs --stems no_guitar a.wav

echo "not trusted"
echo 'seed = 3' >demucs.conf
chmod 666 demucs.conf
show
