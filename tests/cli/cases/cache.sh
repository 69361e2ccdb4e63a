# Results that are kept: found by content, told of, damaged and mended, linked, listed, removed; and --skip-existing.
cache() { "$(dirname "$DEMUCS")/demucs-cache" "$@" 2>&1; echo "status $?"; }
# What was said on stderr of tracks that were not computed, without times and keys.
told() { sed -e 's/computed on .* in .* s$/computed on DATE/' -e 's/^[0-9a-f]\{12\} /KEY /'; }
run() { demucs "$@" 2>&1 >/dev/null | grep -v seconds/s | grep -v 'x real time' | told; }
make a.wav 5
echo "computed, then kept under another name"
run --cache kept a.wav
mv a.wav b.wav
run --cache kept -o other b.wav
cp -r separated first
cmp first/f0cb5d54/a/vocals.wav other/f0cb5d54/b/vocals.wav && echo "the same stems"
echo "each setting is another result"
for flags in "--int24" "--clip-mode none" "--two-stems drums" "--shifts 0" "--seed 3" "-n 25b106ef" "--flac"; do
    run --cache kept -o other $flags b.wav
    run --cache kept -o more $flags b.wav
done
echo "threads and jobs are not"
run --cache kept --threads 2 -o more b.wav
echo "damage"
for file in kept/entries/*/0; do echo more >>"$file"; done
run --cache kept b.wav
run --cache kept b.wav
cmp separated/f0cb5d54/b/vocals.wav first/f0cb5d54/a/vocals.wav && echo "the same stems"
cache verify --cache kept | grep -c removed
cache ls --cache kept | sed -e 's/^[0-9a-f]\{12\} /KEY /' -e 's/[0-9-]* [0-9:]*  [0-9-]* [0-9:]*  *[0-9.]*  b.wav/DATES b.wav/'
echo "refreshed"
run --cache kept --force-refresh b.wav
run --cache kept b.wav
echo "linked"
run --cache kept --cache-links -o linked b.wav
run --cache kept --cache-links -o linked b.wav
ls -A linked/f0cb5d54/b
[ linked/f0cb5d54/b/drums.wav -ef "$(echo kept/entries/*/0)" ] && echo "one file with the cache"
echo more >>linked/f0cb5d54/b/drums.wav
run --cache kept --cache-links -o linked b.wav
cmp linked/f0cb5d54/b/drums.wav first/f0cb5d54/a/drums.wav && echo "the same stems"
run --cache kept b.wav
key=$(cache ls --cache kept | sed -n '2s/ .*//p')
cache show --cache kept "$key" | sed -e '/^setting *input/d' -e '/^setting *cpu/d' -e '/^setting *libraries/d' \
    -e 's/^computed .*/computed/' -e 's/^used .*,/used/' -e 's/^key .*/key/' -e 's/^file *[0-9a-f]*/file/'
cache show --cache kept 0123456789abcdef
cache prune --cache kept --limit 1MB
cache prune --cache kept --unused 1
run --cache kept --cache-limit 100 b.wav
cache clear --cache kept
cache ls --cache kept
echo "skipped"
run --skip-existing -o plain b.wav
touch -t 202001010000 b.wav
run --skip-existing -o plain b.wav
rm plain/f0cb5d54/b/bass.wav
run --skip-existing -o plain b.wav
files plain
run --skip-existing -o plain b.wav
echo "mistakes"
cache ls --cache nowhere
cache clear --cache plain
cache verify --cache kept xyz
cache verify
cache prune --cache kept
cache prune --cache kept --limit lots
cache undo
mkdir -m 777 open
chmod 777 open
run --cache open b.wav
last_words --force-refresh b.wav
last_words --cache-limit 5G b.wav
last_words --cache-links b.wav
last_words --cache kept --cache-limit 5X b.wav
echo "the setting"
DEMUCS_RESULT_CACHE=$PWD/kept; export DEMUCS_RESULT_CACHE
run -o set --seed 4 b.wav
run -o set --seed 4 b.wav
run -o set --seed 4 --cache "" b.wav
cache ls | tail -n 2
unset DEMUCS_RESULT_CACHE
echo "result_cache = $PWD/kept" >demucs.conf
run -o set --seed 4 b.wav
cache ls | tail -n 2
