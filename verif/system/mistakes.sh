#!/usr/bin/env bash
# What users get wrong: each mistake is answered by one line on stderr and exit status 2, and leaves nothing behind.
#   mistakes.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$(realpath "$1") examples=$2
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/place" "$room/cache"
export XDG_CACHE_HOME="$room/cache" TMPDIR="$room/place"
cd "$room/place"
failed=0
rows=0

# mistake NAME PATTERN ARGUMENT...: `quillgen ARGUMENT...` must refuse with a line like PATTERN. $path, when set, replaces PATH; $stack is its stack in KiB.
mistake() {
  local name=$1 pattern=$2 status=0 problem='' before
  shift 2
  before=$(find . -mindepth 1 -printf '%p %y %s %T@\n' | sort)
  (
    [ -z "${path:-}" ] || export PATH="$path"
    [ -z "${stack:-}" ] || ulimit -Ss "$stack"
    exec "$quillgen" "$@" >../stdout 2>../stderr </dev/null
  ) || status=$?
  rows=$((rows + 1))
  [ "$status" -eq 2 ] || problem+="; exit status $status"
  [ "$(wc -l <../stderr)" -eq 1 ] || problem+="; $(wc -l <../stderr) lines on stderr"
  [ ! -s ../stdout ] || problem+='; output on stdout'
  grep -qE "^quillgen: .*$pattern" ../stderr || problem+="; no \"$pattern\""
  [ "$(find . -mindepth 1 -printf '%p %y %s %T@\n' | sort)" = "$before" ] || problem+='; files were changed'
  if [ -z "$problem" ]; then
    printf 'ok      %-36s %s\n' "$name" "$(cut -c11-200 ../stderr)"
  else
    printf 'FAILED  %s: %s\n' "$name" "${problem#; }"
    cat ../stderr ../stdout
    failed=1
  fi
}

# Workloads: nano's, then that file with one fault each. `replaced` swaps text of the header for another of the same length.
cp "$examples/official_test_shapes.safetensors" good.safetensors
export LC_ALL=C
replaced() { # FILE FROM TO
  local text=${2//[/\\[}
  grep -qaF "$2" good.safetensors && [ ${#2} -eq ${#3} ] || { echo "cannot make $1" >&2; exit 1; }
  sed "s/$text/$3/" good.safetensors >"$1.safetensors"
}
size=$(stat -c %s good.safetensors)
header=$(($(od -An -tu8 -N8 good.safetensors) + 8))
head -c 5 good.safetensors >stump.safetensors
head -c 1000 good.safetensors >half_header.safetensors
head -c $((size - 4)) good.safetensors >truncated.safetensors
{ cat good.safetensors; printf 'more'; } >surplus.safetensors
head -c 4096 /dev/zero | tr '\0' 'x' >noise.safetensors
: >empty.safetensors
cp good.safetensors nan.safetensors
printf '\000\000\300\177' | dd of=nan.safetensors bs=1 seek="$header" conv=notrunc status=none
cp good.safetensors infinite.safetensors
printf '\000\000\200\377' | dd of=infinite.safetensors bs=1 seek="$header" conv=notrunc status=none
replaced no_query '"query"' '"quary"'
replaced wrong_shape '"shape": [4, 4], "data_offsets": [1056,' '"shape": [2, 8], "data_offsets": [1056,'
replaced inconsistent '"shape": [4], "data_offsets": [1120,' '"shape": [3], "data_offsets": [1120,'
replaced no_metadata '"n_heads"' '"m_heads"'
replaced odd_type '"I64"' '"U64"'
replaced bad_heads '"n_heads": "2"' '"n_heads": "3"'
replaced unknown_tensor '"expected_value"' '"unexpect_value"'
replaced unknown_metadata '"seed"' '"sead"'
deep() { head -c "$1" /dev/zero | tr '\0' '['; head -c "$1" /dev/zero | tr '\0' ']'; } # a list in a list in a list ..
printf '{ "name": %s }\n' "$(deep 50000)" >deep.json
printf '{ "name": "x" }\0{}' >nul.json
mkdir deep && { printf '{ "top": "quillgen", "config": '; deep 1000000; echo ' }'; } >deep/manifest.json

echo 'not JSON' >bad.json
sweep=(--preset nano --vary gemm.rows=1,2 --workload good.safetensors)
for i in 1 2 3; do "$quillgen" explore "${sweep[@]}" --shard $i/3 --out shards >/dev/null; done
"$quillgen" explore --preset nano --vary gemm.rows=1,3 --workload good.safetensors --shard 2/3 --out other_shards >/dev/null
printf '{ "name": "x" }\n' >incomplete.json
mkdir other taken && echo keep >other/file && echo keep >taken/pe.v
mkdir folder.fst
mkdir ../no_zlib && printf '#!/bin/sh\ncase "$*" in *zlib.h*) exit 1 ;; esac\nexec %s "$@"\n' "$(command -v g++)" >../no_zlib/g++ && chmod +x ../no_zlib/g++
"$quillgen" generate --preset nano --out edited >/dev/null && echo '// mine' >>edited/pe.v
"$quillgen" generate --preset nano --module softmax --out block >/dev/null

mistake 'no command' 'subcommand'
mistake 'unknown command' 'simulat' simulat
mistake 'unknown option' 'fast' presets --fast
mistake 'no configuration' 'config' model --workload good.safetensors
mistake 'two configurations' 'config' model --preset nano --config bad.json --workload good.safetensors
mistake 'unknown preset' 'nanu' model --preset nanu --workload good.safetensors
mistake 'configuration missing' 'none.json' model --config none.json --workload good.safetensors
mistake 'configuration not JSON' 'bad.json' model --config bad.json --workload good.safetensors
mistake 'configuration incomplete' 'incomplete.json' model --config incomplete.json --workload good.safetensors
mistake 'configuration a folder' 'other' model --config other --workload good.safetensors
mistake 'unknown parameter' 'gemm."row" = 8: unknown field' model --preset nano --set gemm.row=8 --workload good.safetensors
mistake 'parameter out of range' 'gemm.rows = 0' model --preset nano --set gemm.rows=0 --workload good.safetensors
mistake 'parameter no number' 'gemm.rows' model --preset nano --set gemm.rows=many --workload good.safetensors
mistake 'impossible pair of parameters' 'multiple of attention.heads' model --preset nano --set attention.heads=3 --workload good.safetensors
mistake 'impossible cache' 'feature_cache.kilobytes' model --preset nano --set feature_cache.kilobytes=3 --workload good.safetensors
mistake 'unknown format' 'numerics.preset' model --preset nano --set numerics.preset=int7 --workload good.safetensors
mistake 'workload missing' 'none.safetensors' model --preset nano --workload none.safetensors
mistake 'workload a folder' 'other' model --preset nano --workload other
for broken in empty stump half_header truncated surplus noise nan infinite no_query wrong_shape inconsistent no_metadata odd_type bad_heads; do
  mistake "workload: $broken" "$broken.safetensors" model --preset nano --workload "$broken.safetensors"
done
mistake 'workload: unknown tensor' 'tensor "unexpect_value": is not known, .* the nearest that is known is expected_output;' model --preset nano --workload unknown_tensor.safetensors
mistake 'workload: unknown metadata' 'metadata "sead": is not known, .* the nearest that is known is seed;' model --preset nano --workload unknown_metadata.safetensors
mistake 'simulation: unknown tensor' 'tensor "unexpect_value": is not known' simulate --preset nano --workload unknown_tensor.safetensors
mistake 'trace: unknown metadata' 'metadata "sead": is not known' trace --preset nano --workload unknown_metadata.safetensors
mistake 'sweep: unknown tensor' 'tensor "unexpect_value": is not known' explore --preset nano --vary gemm.rows=1,2 --workload unknown_tensor.safetensors
mistake 'clock: 0' '--clock 0: must be from 1 to 10000 MHz' estimate --preset nano --model rt-detr --clock 0
mistake 'layers without a clock' '--layers: .* needs --clock; give both' estimate --preset nano --model rt-detr --layers 6
mistake 'layers of a network' '--layers: a network has its layers' estimate --preset detector --network "$examples/tiny_detector.safetensors" --clock 400 --layers 6
mistake 'area in an unknown library' '--library .osu.: unknown; must be one of osu018' estimate --preset small --model rt-detr --fit --library osu
mistake 'density without a library' '--sram: .* needs --library; give both' estimate --preset small --model rt-detr --fit --sram 3
mistake 'sweep by mm2 without a library' '--objectives mm2: .* name it with --library' explore --preset small --model rt-detr --fit --vary gemm.rows=1,2 --objectives cycles,mm2
mistake 'sweep simulated at another clock than estimated' '--simulate: runs --memory at the clock of its description' explore --preset nano --workload good.safetensors --vary gemm.rows=1,2 --memory ddr4-2400 --clock 400 --simulate 1
mistake 'sweep by SQNR without numbers' '--objectives sqnr: needs numbers' explore --preset small --model rt-detr --fit --vary gemm.rows=1,2 --objectives cycles,sqnr
mistake 'sweep by AP without scenes' '--objectives ap: needs --scales and --input' explore --preset detector --network "$examples/tiny_detector.safetensors" --vary gemm.rows=4,8 --objectives cycles,ap
stack=512 # less than recursion needs for so deep a document
mistake 'configuration: nested' 'deep.json: nested deeper than 32 levels' model --config deep.json --workload good.safetensors
mistake 'parameter: nested' 'gemm.rows = .*: must be an integer' model --preset nano --set "gemm.rows=$(deep 50000)" --workload good.safetensors
mistake 'sweep: nested' 'is no integer' explore --preset nano --vary "gemm.rows=$(deep 50000)" --workload good.safetensors
mistake 'simulation: nested manifest' 'deep/manifest.json: nested deeper than 32 levels' simulate --rtl deep --workload good.safetensors
mistake 'lint: nested manifest' 'deep/manifest.json: nested deeper than 32 levels' lint deep
mistake 'RTL onto a nested manifest' 'deep: holds manifest.json, which quillgen did not write' generate --preset nano --out deep
stack=
mistake 'configuration: NUL' 'nul.json: not valid JSON: byte 15 is NUL' model --config nul.json --workload good.safetensors
mistake 'dimensions of another layer: fit' 'with --fit, or use --set attention.embed_dim=4' model --preset small --workload good.safetensors
for seed in -1 18446744073709551616 0x10 1e3 ''; do
  mistake "seed $seed" "seed: \"$seed\" is no whole number from 0 to 18446744073709551615" simulate --preset nano --workload good.safetensors --seed "$seed"
  mistake "layer: seed $seed" 'is no whole number from 0 to 18446744073709551615' workload --model rt-detr --scale 0.1 --seed "$seed" --out layer.safetensors
  mistake "estimate: seed $seed" 'is no whole number from 0 to' estimate --preset quill --fit --model rt-detr --scale 0.1 --seed "$seed"
done
mistake 'one seed of a list' 'seed: "-1" is no whole number' simulate --preset nano --workload good.safetensors --seed 1,-1
mistake 'scale: no decimal number' 'scale: "0x1" is no decimal number' workload --model rt-detr --scale 0x1 --out layer.safetensors
mistake 'latency: no decimal number' 'latency: "0x10" is no whole number from 1 to 100000' simulate --preset nano --workload good.safetensors --latency 0x10
mistake 'sweep: weights of 2^64' 'weights: "18446744073709551616" is no whole number from 0 to 1000' explore "${sweep[@]}" --weights 1,18446744073709551616,1
mistake 'too many queries' 'attention.max_queries' model --preset nano --set attention.max_queries=1 --workload good.safetensors
mistake 'level too wide' 'attention.max_width' model --preset nano --set attention.max_width=2 --workload good.safetensors
mistake 'dimensions of another layer' 'attention.embed_dim is 4 in the workload and 64' model --preset small --workload good.safetensors
mistake 'fit: other parameter illegal' 'fitted to good.*projection_columns = 8: must be at most .*; lower it' model --preset nano --set core.projection_columns=8 --fit --workload good.safetensors
mistake 'fit: simulation' 'fitted to good.*projection_columns = 8' simulate --preset nano --set core.projection_columns=8 --fit --workload good.safetensors
mistake 'fit without a workload' 'workload' model --preset nano --fit
mistake 'fit in generate' 'fit' generate --preset nano --fit --out rtl
mistake 'report cannot be written' 'nowhere/report.json' model --preset nano --workload good.safetensors --json nowhere/report.json
mistake 'report onto a folder' 'other' model --preset nano --workload good.safetensors --json other
mistake 'RTL without a place' 'out' generate --preset nano
mistake 'RTL into a folder in use' 'holds file, which' generate --preset nano --out other
mistake 'RTL over a file of others' 'pe.v was not written by quillgen' generate --preset nano --out taken --force
mistake 'RTL over edited RTL' 'pe.v was edited' generate --preset nano --out edited
mistake 'kept RTL over edited RTL' 'pe.v was edited' simulate --preset nano --workload good.safetensors --keep edited
mistake 'RTL onto a file' 'bad.json' generate --preset nano --out bad.json
mistake 'RTL below a file' 'bad.json' generate --preset nano --out bad.json/rtl
mistake 'RTL that cannot be written' '/proc/rtl' generate --preset nano --out /proc/rtl
mistake 'RTL of impossible parameters' 'gemm.columns' generate --preset nano --set gemm.columns=3 --out rtl
mistake 'unknown reset' 'reset = "low": must be one of sync_high, sync_low, async_low' generate --preset nano --set implementation.reset=low --out rtl
mistake 'memories are no configuration' 'sram' generate --preset nano --set implementation.sram=macro --out rtl
mistake 'prefix with a capital' 'lower-case letters' generate --preset nano --prefix Left_ --out rtl
mistake 'prefix that starts with a digit' 'a letter first' generate --preset nano --prefix 2nd_ --out rtl
mistake 'prefix with another sign' 'digits or _' generate --preset nano --prefix left- --out rtl
mistake 'prefix too long' '1 to 32' generate --preset nano --prefix abcdefghijklmnopqrstuvwxyzabcdefg --out rtl
mistake 'prefix that makes a keyword' 'keyword type of module pe' generate --preset nano --prefix ty --out rtl
mistake 'unknown block' 'nearest .* are softmax,' generate --preset nano --module softmx --out rtl
mistake 'block of another configuration' 'requantise_20_to_13' generate --preset nano --module requantise --out rtl
mistake 'no configuration, no RTL' 'config' simulate --workload good.safetensors
mistake 'simulation: workload missing' 'none.safetensors' simulate --preset nano --workload none.safetensors
mistake 'simulation: too many queries' 'max_queries' simulate --preset nano --set attention.max_queries=1 --workload good.safetensors
mistake 'simulation of nothing' 'nothing to simulate: give .* --workload FILE, .* --network FILE, or .* --dense' simulate --preset nano
mistake 'simulation: too many tokens' 'max_tokens' simulate --preset nano --set attention.max_tokens=29 --workload good.safetensors
mistake 'pack: no configuration' 'give one of --rtl, --config and --preset' pack --workload good.safetensors --out packed
mistake 'pack: two configurations' '--rtl: the folder has its configuration' pack --rtl rtl --preset nano --workload good.safetensors --out packed
mistake 'pack nothing' 'nothing to pack: give .* --workload FILE, .* --network FILE' pack --preset nano --out job
mistake 'pack two things' 'either --workload or --network' pack --preset nano --workload good.safetensors --network good.safetensors --scales bad.json --input good.safetensors --out job
mistake 'pack: a given map of a network' 'given-map: is about the value map of a workload' pack --preset nano --given-map --network good.safetensors --scales bad.json --input good.safetensors --out job
mistake 'pack: existing folder' 'taken: is there already: name a new folder' pack --preset nano --workload good.safetensors --out taken
mistake 'pack: a file in the way' 'bad.json: is there already' pack --preset nano --workload good.safetensors --out bad.json
mistake 'pack: below a file' 'bad.json/job' pack --preset nano --workload good.safetensors --out bad.json/job
mistake 'pack: too many queries' 'max_queries' pack --preset nano --set attention.max_queries=1 --workload good.safetensors --out job
mistake 'pack: no address' 'base "0x12z": must be an address, a multiple of 64' pack --preset nano --workload good.safetensors --base 0x12z --out job
mistake 'pack: an odd address' 'base "96": must be an address' pack --preset nano --workload good.safetensors --base 96 --out job
mistake 'pack: beyond the address bits' 'base "0xffffffffc0": 1216 bytes from there on end behind memory.address_bits = 40' pack --preset nano --workload good.safetensors --base 0xffffffffc0 --out job
mistake 'pack: beyond 64 bits' 'base "0x10000000000000000": must be' pack --preset nano --workload good.safetensors --base 0x10000000000000000 --out job
mistake 'pack: json that cannot be written' 'none/x.json: cannot be written' pack --preset nano --workload good.safetensors --out job --json none/x.json
mistake 'dense: two kinds of work' 'either --dense or --workload' simulate --preset nano --dense 1x1x1 --workload good.safetensors
mistake 'dense: no shape' 'dense "12": must be rows, .* write 64x256x96' simulate --preset nano --dense 12
mistake 'dense: two numbers' 'dense "4x4": must be' simulate --preset nano --dense 4x4
mistake 'dense: four numbers' 'dense "4x4x4x4": must be' simulate --preset nano --dense 1x1x1,4x4x4x4
mistake 'dense: no row' 'dense "0x1x1": must be' simulate --preset nano --dense 0x1x1
mistake 'dense: negative' 'dense "1x-1x1": must be' simulate --preset nano --dense 1x-1x1
mistake 'dense: beyond 32 bits' 'dense "1x1x99999999999": must be' simulate --preset nano --dense 1x1x99999999999
mistake 'dense: text' 'dense "axbxc": must be' simulate --preset nano --dense axbxc
mistake 'dense: too many rows' '65 rows exceed attention.max_queries = 64; raise it' simulate --preset nano --dense 65x1x1
mistake 'dense: rows too long' '17 elements of a row exceed gemm.max_inner = 16; raise it' simulate --preset nano --dense 1x17x1
mistake 'dense: too many outputs' '65536 outputs exceed 65535' simulate --preset nano --dense 1x1x65536
mistake 'dense: fit' 'fit: takes dimensions from a workload' simulate --preset nano --fit --dense 1x1x1
mistake 'dense: given map' 'given-map: is about the value map' simulate --preset nano --given-map --dense 1x1x1
mistake 'ReLU of a layer' 'relu: is an activation of dense jobs' simulate --preset nano --relu --workload good.safetensors
mistake 'picture of a layer' 'svg: draws what a detector found' simulate --preset nano --svg picture.svg --workload good.safetensors
mistake 'dense: no configuration' 'no configuration' simulate --dense 1x1x1
mistake 'dense: of a block' 'block of "quillgen" only' simulate --rtl block --dense 1x1x1
mistake 'simulation of a block' 'block of "quillgen" only' simulate --rtl block --workload good.safetensors
mistake 'simulation: fit of finished RTL' 'fit: cannot change .* of --rtl' simulate --rtl block --fit --workload good.safetensors
mistake 'simulation of another folder' 'other' simulate --rtl other --workload good.safetensors
mistake 'simulation of no folder' 'none' simulate --rtl none --workload good.safetensors
mistake 'simulation: stall of 100 %' 'stall' simulate --preset nano --workload good.safetensors --stall 100
mistake 'memory: unknown' 'memory "ddr5": is no file and none of ddr4-2400, lpddr4-3200' simulate --preset nano --workload good.safetensors --memory ddr5
mistake 'memory: and a latency' 'latency' simulate --preset nano --workload good.safetensors --memory ddr4-2400 --latency 20
mistake 'memory: not JSON' 'bad.json: not valid JSON' simulate --preset nano --workload good.safetensors --memory bad.json
mistake 'memory: a field missing' 'incomplete.json: clock_mhz is missing' simulate --preset nano --workload good.safetensors --memory incomplete.json
mistake 'memory: a folder' 'other' simulate --preset nano --workload good.safetensors --memory other
path=/nowhere mistake 'no Verilator' 'verilator.* install the Debian package verilator' simulate --preset nano --workload good.safetensors
mistake 'waveform of several runs' 'trace run.fst: would be of 6 runs' simulate --preset nano --workload good.safetensors --seed 1,2,3 --stall 0,10 --trace run.fst
mistake 'waveform of another format' 'trace run.vcd: .* name it run.fst' simulate --preset nano --workload good.safetensors --trace run.vcd
mistake 'waveform into no folder' 'nowhere: no folder can be made' simulate --preset nano --workload good.safetensors --trace nowhere/run.fst
mistake 'waveform onto a folder' 'folder.fst: exists and is no file' simulate --preset nano --workload good.safetensors --trace folder.fst
path="$room/no_zlib:$PATH" mistake 'no zlib' 'zlib.h .* install the Debian package zlib1g-dev' simulate --preset nano --workload good.safetensors --trace run.fst
mistake 'estimate of nothing' 'workload,--model,--dense' estimate --preset nano
mistake 'estimate of two jobs' '2 were given' estimate --preset nano --dense 1x4x4 --model rt-detr
mistake 'estimate: unknown model' '--model detr: unknown; choose one of deformable-detr,' estimate --preset quill --fit --model detr
mistake 'estimate: model of another size' '--model rt-detr: .*attention.levels' estimate --preset quill --model rt-detr
mistake 'estimate: scale 0' 'scale 0: .*no pixel' estimate --preset quill --fit --model rt-detr --scale 0
mistake 'estimate: scale of a workload' 'scale' estimate --preset nano --workload good.safetensors --scale 2
mistake 'estimate: no queries' 'queries' estimate --preset quill --model deformable-detr --queries 0
mistake 'estimate: too many queries' 'queries 3000000: must be from 1 to' estimate --preset quill --model deformable-detr --queries 3000000
mistake 'estimate: queries beyond the maximum' 'max_queries' estimate --preset quill --model deformable-detr --queries 70000
mistake 'estimate: kind of queries' 'queries "few": must be encoder, decoder, a share' estimate --preset quill --model deformable-detr --queries few
mistake 'estimate: more than all tokens' 'queries 101%: must be more than 0 % and at most 100 %' estimate --preset quill --model deformable-detr --queries 101%
mistake 'layer: unknown model' '--model detr: unknown; choose one of deformable-detr,' workload --model detr --out layer.safetensors
mistake 'layer: no model' '--model is required' workload --out layer.safetensors
mistake 'layer: no file' '--out is required' workload --model rt-detr
mistake 'layer: scale 0' 'scale 0: .*no pixel' workload --model rt-detr --scale 0 --out layer.safetensors
mistake 'layer: scale too large' 'scale 20: .*more than 1024' workload --model rt-detr --scale 20 --out layer.safetensors
mistake 'layer: more queries than tokens' 'queries 500: must be from 1 to 236 for sparse-detr, which takes' workload --model sparse-detr --scale 0.1 --queries 500 --out layer.safetensors
mistake 'layer: seed no number' 'seed' workload --model rt-detr --seed one --out layer.safetensors
mistake 'layer: into no folder' 'nowhere/layer.safetensors: cannot be written' workload --model rt-detr --scale 0.1 --out nowhere/layer.safetensors
mistake 'layer: onto a folder' 'other: cannot be written' workload --model rt-detr --scale 0.1 --out other
mistake 'estimate: latency 0' 'latency' estimate --preset nano --workload good.safetensors --latency 0
mistake 'estimate: shape of two numbers' 'dense "?4x4"?: must be rows, length' estimate --preset nano --dense 4x4
mistake 'estimate: row too long' 'gemm.max_inner' estimate --preset nano --dense 4x17x4
mistake 'estimate: fit to a product' 'fit: takes dimensions from a layer' estimate --preset nano --fit --dense 4x4x4
mistake 'estimate: workload missing' 'none.safetensors' estimate --preset nano --workload none.safetensors
mistake 'estimate: page cannot be written' 'nowhere/page.html' estimate --preset nano --dense 4x4x4 --html nowhere/page.html
mistake 'trace of nothing' 'workload,--model' trace --preset nano
mistake 'trace of two layers' '2 were given' trace --preset nano --workload good.safetensors --model rt-detr
mistake 'trace: no configuration' 'preset' trace --model rt-detr
mistake 'trace: model of another size' '--model rt-detr: .*attention.levels' trace --preset quill --model rt-detr
mistake 'trace: size of an image' 'image "800": must be height and width' trace --preset quill --model deformable-detr --image 800
mistake 'trace: workload missing' 'none.safetensors' trace --preset nano --workload none.safetensors
mistake 'trace: picture into no folder' 'nowhere/order.svg: cannot be written' trace --preset nano --workload good.safetensors --svg nowhere/order.svg
mistake 'trace: numbers onto a folder' 'other: cannot be written' trace --preset nano --workload good.safetensors --json other
mistake 'sweep: nothing varied' 'nothing to explore' explore --preset nano --workload good.safetensors
mistake 'sweep: no configuration' 'give one of --config and --preset' explore --vary gemm.rows=1,2 --workload good.safetensors
mistake 'sweep: no job' 'give one of --workload, --model' explore --preset nano --vary gemm.rows=1,2
mistake 'sweep: unknown path' 'gemm.row" is not known; must be one of gemm.rows' explore --preset nano --vary gemm.row=1,2 --workload good.safetensors
mistake 'sweep: unknown section' 'must be a field of attention' explore --preset nano --vary rows=1,2 --workload good.safetensors
mistake 'sweep: no values' 'gemm.rows=.*a value is missing' explore --preset nano --vary gemm.rows= --workload good.safetensors
mistake 'sweep: no list' 'must be path=value' explore --preset nano --vary gemm.rows --workload good.safetensors
mistake 'sweep: no number' '"many" is no integer' explore --preset nano --vary gemm.rows=1,many --workload good.safetensors
mistake 'sweep: varied twice' 'is varied twice' explore "${sweep[@]}" --vary gemm.rows=4
mistake 'sweep: varied and set' 'set by --set gemm.rows=4 as well' explore "${sweep[@]}" --set gemm.rows=4
mistake 'sweep: all impossible' 'every point of the sweep is refused .2., .*gemm.columns = 3' explore --preset nano --vary gemm.columns=3,5 --workload good.safetensors --out rtl
mistake 'sweep: wrong base' 'every point .* gemm."row" = 8: unknown field' explore "${sweep[@]}" --set gemm.row=8
mistake 'sweep: workload missing' 'none.safetensors' explore --preset nano --vary gemm.rows=1,2 --workload none.safetensors
mistake 'sweep: broken workload' 'nan.safetensors' explore --preset nano --vary gemm.rows=1,2 --workload nan.safetensors
mistake 'sweep: configuration missing' 'none.json' explore --config none.json --vary gemm.rows=1,2 --workload good.safetensors
mistake 'sweep: configuration not JSON' 'bad.json: not valid JSON' explore --config bad.json --vary gemm.rows=1,2 --workload good.safetensors
mistake 'sweep: unknown objective' 'must be some of cycles, area' explore "${sweep[@]}" --objectives cycles,speed
mistake 'sweep: shard of nothing' 'shard "3": must be number/count' explore "${sweep[@]}" --shard 3 --out rtl
mistake 'sweep: shard beyond the last' 'shard 4/3: must have' explore "${sweep[@]}" --shard 4/3 --out rtl
mistake 'sweep: shard without a place' 'shard: needs --out' explore "${sweep[@]}" --shard 1/3
mistake 'sweep: simulation of a model' 'simulate: a model has no numbers' explore --preset nano --vary gemm.rows=1,2 --model deformable-detr --simulate 1
mistake 'sweep: results onto a file' 'bad.json: is a file' explore "${sweep[@]}" --out bad.json
mistake 'sweep: results into no folder' 'nowhere/results: cannot be made' explore "${sweep[@]}" --out nowhere/results
mistake 'sweep: script without a place' 'slurm: needs --out' explore "${sweep[@]}" --slurm job.sh
mistake 'sweep: more shards than points' 'shards 3: is more than there are points .2.' explore "${sweep[@]}" --slurm job.sh --out rtl --shards 3
mistake 'sweep: folder not for Slurm' 'Slurm takes only letters' explore "${sweep[@]}" --slurm job.sh --out 'my results'
mistake 'sweep: script into no folder' 'nowhere/job.sh: cannot be written' explore "${sweep[@]}" --slurm nowhere/job.sh --out rtl
mistake 'merge: no files' 'files' explore merge
mistake 'merge: file missing' 'none.json' explore merge shards/shard_1_of_3.json none.json
mistake 'merge: not JSON' 'bad.json: not valid JSON' explore merge bad.json
mistake 'merge: no shard' 'incomplete.json: is no shard' explore merge incomplete.json
mistake 'merge: a shard missing' 'shards are missing: 2/3' explore merge shards/shard_1_of_3.json shards/shard_3_of_3.json --out rtl
mistake 'merge: a shard twice' 'is shard 1/3, and so is' explore merge shards/shard_{1,2,1,3}_of_3.json --out rtl
mistake 'merge: another sweep' 'is of another sweep than .*vary differs' explore merge shards/shard_1_of_3.json other_shards/shard_2_of_3.json shards/shard_3_of_3.json
mistake 'merge: with options of a sweep' 'vary: the shards say' explore --vary gemm.rows=1,2 merge shards/shard_{1,2,3}_of_3.json
mistake 'lint of another folder' 'other' lint other
mistake 'lint of no folder' 'none' lint none
[ "$failed" -eq 0 ] && echo "$rows mistakes refused"
exit "$failed"
