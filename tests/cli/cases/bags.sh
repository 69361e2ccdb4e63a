# The official line about a bag, where the official program has it: for all that a yaml file or Hugging Face names, also of one model, also before a stem that is not there; not for a single model.
mkdir repo
cp "$MODELS/f0cb5d54.safetensors" "$MODELS/059eec0e.safetensors" repo
echo "models: ['f0cb5d54']" >repo/one.yaml
echo "models: ['f0cb5d54']" >repo/059eec0e.yaml
make a.wav 3
for name in one f0cb5d54 059eec0e; do
    echo "$name:"
    demucs --repo repo -n $name a.wav 2>/dev/null | grep bag
done
echo "a stem that is not there:"
demucs --repo repo -n one --two-stems guitar a.wav
echo "a segment that is too long:"
demucs --repo repo -n one --segment 5 a.wav
echo "a name that is both is listed as both:"
"$DEMUCS" --repo repo --list-models
