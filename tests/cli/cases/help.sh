# Every flag with its default; the version; both on stdout and well.
demucs --help
demucs --version
demucs --offline -h --no-such-flag >help.txt
head -n 1 help.txt
