# Every flag with its default; the version; both on stdout and well.
demucs --help
demucs --version
demucs --offline -h --no-such-flag | head -n 1
