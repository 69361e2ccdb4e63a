# --replace-audio: a video with a stem in place of its sound.
clip=$MODELS/../../audio/video_two_tracks.mp4
cp "$clip" film.mp4
demucs --replace-audio no_vocals --stream 1 -o out.mp4 film.mp4
tool info out.mp4
demucs --replace-audio minus_drums --drop-other-audio --format alac -o 'new/{film}.mov' film.mp4
tool info 'new/{film}.mov'
echo "the sound is that of the stem alone:"
quietly --two-stems vocals --other-method none --float32 --clip-mode none -o stems film.mp4
quietly --replace-audio vocals --format wav --float32 --drop-other-audio -o vocals.mov film.mp4
tool info vocals.mov stems/*/film/vocals.wav
echo "several, and a mix:"
mkdir films
cp film.mp4 films/one.mp4
cp film.mp4 films/two.mov
quietly --replace-audio practice --mix practice=drums+0.5*bass -o copies films
files copies
echo "a narration:"
make voice.wav 8
tool make music.wav 44100 2 100000 music
demucs --dub voice.wav --loudness -23 --stream 1 -o dub.mp4 film.mp4
demucs --dub voice.wav --replace-audio minus_drums -o dub.flac music.wav
tool info dub.flac
echo "mistakes:"
cp out.mp4 before.mp4
demucs --replace-audio vocals -o film.mp4 film.mp4
demucs --replace-audio guitar -o out.mp4 film.mp4
demucs --replace-audio vocals --format ogg -o out.mp4 film.mp4
demucs --replace-audio vocals -o out.webm film.mp4
make song.wav
demucs --replace-audio vocals -o out.mp4 song.wav
tool limit 9000 "$DEMUCS" --repo "$MODELS" -n f0cb5d54 --replace-audio vocals -o out.mp4 film.mp4
echo "status $?"
same before.mp4 out.mp4
files .
last_words --replace-audio vocals -o out.mp4 film.mp4 film.mp4
last_words --replace-audio vocals --stems drums film.mp4
last_words --replace-audio vocals --start 1 film.mp4
last_words --drop-other-audio film.mp4
last_words --loudness -20 film.mp4
last_words --dub voice.wav --loudness 3 film.mp4
demucs --dub voice.wav -o voice.wav music.wav
demucs --dub missing.wav -o dub.wav music.wav
