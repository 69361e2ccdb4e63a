# Figures of the stems: words when something is unusual, a file, an exit status; and the stems stay as they are.
make song.wav
make second.wav
numbers() { sed 's/-*[0-9][0-9.]*/N/g'; }
quietly song.wav -o plain
demucs --quality-limits clipping=off,dc=off,correlation=off,residual=off,leak=off song.wav -o measured
for stem in drums bass other vocals; do cmp plain/f0cb5d54/song/$stem.wav measured/f0cb5d54/song/$stem.wav; done
echo "-- above their limits"
all=clipping=-1,silence=-1,dc=-1,correlation=-1,residual=-99,leak=off
demucs --quality-limits $all song.wav 2>words >/dev/null
grep ^warning: words | sort | numbers
echo "-- as an exit status, of a run of several"
limits=clipping=off,dc=off,correlation=off,residual=off,leak=off
demucs --strict-quality --quality-limits $limits,silence=-1 song.wav second.wav 2>words >/dev/null
tail -n 3 words
demucs --strict-quality --quality-limits $limits song.wav >/dev/null
demucs --strict-quality --quality-limits $limits,silence=-1 song.wav missing.wav >/dev/null 2>&1
echo "-- a file"
demucs --quality-json figures.json --quality-limits $limits song.wav missing.wav second.wav >/dev/null 2>&1
head -n 1 figures.json
sed 's/,"channels".*//' figures.json | sed 1d
demucs --quality-json none.json missing.wav >/dev/null 2>&1
cat none.json
demucs --quality-json song.wav song.wav >/dev/null
demucs --quality-json nowhere/figures.json song.wav >/dev/null
demucs --quality-json separated/f0cb5d54/song/bass.wav song.wav >/dev/null
echo "-- a page"
demucs --report page.html --quality-limits $limits song.wav >/dev/null 2>&1
grep -c "<article>" page.html
demucs --report page.html --quality-limits $limits missing.wav >/dev/null 2>&1
grep -c "<article>" page.html
demucs --report second.wav second.wav >/dev/null
demucs --report nowhere/page.html song.wav >/dev/null
echo "-- stems that are not computed"
demucs --cache kept -o first song.wav >/dev/null 2>&1
demucs --cache kept -o again --quality --quality-json none.json --report page.html song.wav 2>words >/dev/null
grep quality words
cat none.json
grep -c "<article>" page.html
echo "-- as settings"
printf 'quality_limits = %s,silence=-1\ncache_limit = 1G\n' "$limits" >demucs.conf
demucs song.wav 2>&1 >/dev/null | grep -c "^quality\|^warning"
demucs --quality song.wav 2>&1 >/dev/null | grep -c "^warning.*silent"
DEMUCS_QUALITY=strict DEMUCS_LOG=log DEMUCS_SUMMARY=run.json demucs song.wav >/dev/null 2>&1
grep -c '"figure": "silence"' run.json
grep -c '"event":"track"' log
grep -c song.wav log
DEMUCS_LOG=log DEMUCS_LOG_NAMES=on DEMUCS_TIMEOUT=0.000001 demucs song.wav 2>&1 >/dev/null | grep -c "took longer than 1e-06 s"
grep -c song.wav log
DEMUCS_QUALITY=strict demucs --quality-limits "$limits" song.wav >/dev/null 2>&1
rm demucs.conf
echo "-- mistakes"
last_words --cache-limit 1G song.wav
last_words --cache-limit much --cache kept song.wav
last_words --quality-limits loudness=3 song.wav
last_words --quality-limits leak=loud song.wav
files . | grep -v -e /f0cb5d54/ -e /kept/
