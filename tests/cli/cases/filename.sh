# --filename: all variables, braces, folders, an absolute path; the ending chooses the codec; wrong endings.
make a.b.wav 4
demucs --filename '{track}-{stem}.{ext}' a.b.wav
demucs --filename '{trackext}/{{{track}}}/x_{stem}.{ext}' --flac a.b.wav
demucs --filename '{stem}/{stem}.mp3' a.b.wav
demucs --filename "$PWD/elsewhere/{stem}.{ext}" a.b.wav
demucs --filename '{stem}.{trackext}' --mp3 a.b.wav
demucs --filename '{stem}.wma' a.b.wav
demucs --filename '{stem}' a.b.wav
demucs --filename '{track}.{ext}' a.b.wav
files .
tool info separated/*/a.b-drums.wav separated/*/drums.wav separated/*/drums/* separated/*/wav/*/*drums*
