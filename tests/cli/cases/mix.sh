# --mix: files that are sums of stems and of the track, beside the stems or alone.
make a.wav 4 quiet
raw="--float32 --clip-mode none"
demucs $raw -o all --mix karaoke=mix-vocals --mix 'practice = drums + other - 0.5*vocals' a.wav 2>/dev/null
files all
quietly $raw -o rest --stems minus_vocals,no_vocals a.wav
same all/f0cb5d54/a/karaoke.wav rest/f0cb5d54/a/minus_vocals.wav
echo "some stems, or none:"
quietly -o some --stems bass --mix band=drums+bass+other --mp3 a.wav
quietly -o none --stems none --mix band=drums+bass+other $raw a.wav
files some
files none
same none/f0cb5d54/a/band.wav rest/f0cb5d54/a/no_vocals.wav
quietly -o speech --preset asr -n f0cb5d54 --asr-rate 16000 --mix both=vocals+other a.wav
tool info speech/f0cb5d54/a/both.wav
echo "a setting, also of several:"
printf 'mix = low=drums+bass, high=other+vocals\nstems = none\n' >demucs.conf
"$DEMUCS" --print-settings --mix x=bass --mix y=mix | grep '^mix'
quietly -o set --sum-to-mix a.wav
files set
tool adds-up a.wav $(files set)
rm demucs.conf
echo "kept, and there:"
for again in 1 2; do quietly --cache kept -o kept$again --stems none --mix k=mix-vocals a.wav; done
same kept1/f0cb5d54/a/k.wav kept2/f0cb5d54/a/k.wav
demucs --cache kept -o kept3 --stems none --mix other-name=mix-vocals a.wav 2>&1 >/dev/null | grep -o 'from the cache'
demucs --skip-existing -o kept3 --stems none --mix other-name=mix-vocals a.wav 2>&1 >/dev/null | grep -o Skipped
echo "what is wrong:"
last_words --mix karaoke a.wav
last_words --mix 'k=drums+' a.wav
last_words --mix 'k=drums' --mix 'k=bass' a.wav
demucs --mix 'k=drums+othr' a.wav 2>&1 >/dev/null | tail -n 1
demucs --mix 'vocals=drums' a.wav 2>&1 >/dev/null | tail -n 1
demucs --stems none a.wav 2>&1 >/dev/null | tail -n 1
