# Ctrl-C: the end is by the signal itself (130 in a shell), the tracks that are missing by name, no file left behind, finished tracks kept.
make short.wav 4
make long.wav 1200
long="--shifts 1000 --threads 1 --repo $MODELS -n f0cb5d54"

# interrupt SIGNALS ARGUMENT...: run the program, and send the signals while it separates long.wav.
interrupt() {
    signals=$1
    shift
    rm -f out.txt
    tool signal $signals out.txt "track long" sh -c 'exec "$@" >out.txt' sh "$DEMUCS" --progress plain "$@"
}

for mode in rescale clamp; do
    interrupt INT $long --clip-mode $mode -o one$mode long.wav short.wav
    echo "status $?"
    files one$mode
    find one$mode -type d
done
interrupt TERM $long -o term long.wav
echo "status $?"
echo "several segments at once:"
interrupt INT $long --threads 3 --jobs 3 -o jobs long.wav
echo "status $?"
files jobs
echo "a track that was done before stays:"
interrupt INT --repo "$MODELS" -n f0cb5d54 --shifts 20 --threads 1 -o batch short.wav long.wav short2.wav
echo "status $?"
files batch
echo "while a track of the lowest rate is read:"
tool make long_at_1_khz.wav 1000 1 1000000 music
interrupt INT --repo "$MODELS" -n f0cb5d54 -o slow long_at_1_khz.wav
echo "status $?"
files slow
echo "while nobody writes to a FIFO:"
mkfifo long.fifo
interrupt INT --repo "$MODELS" -n f0cb5d54 -o fifo long.fifo
echo "status $?"
files fifo
echo "the second signal ends at once:"
interrupt INT,TERM $long --clip-mode clamp -o two long.wav >two.txt 2>/dev/null
[ $? -gt 128 ] && grep -q "ended by signal" two.txt && echo "by one of the two"
files two
