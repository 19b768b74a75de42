#!/usr/bin/env bash
# Points dropped and ranges held in RTL: what is asked for is bit-exact, what the hardware has nothing for is refused in one line, and with nothing else
# the bound a lane gains by what is dropped.
#   prunings.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$(realpath "$1") examples=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
die() { printf '%s\n' "$*" >&2; exit 1; }

# refused MESSAGE COMMAND...: exit status 2, one line with these words, no file.
refused() {
  local message=$1 output status=0
  shift
  output=$("$quillgen" "$@" --json none.json 2>&1 >/dev/null) || status=$?
  [ "$status" -eq 2 ] && [ "$(wc -l <<<"$output")" -eq 1 ] && [[ $output == *"$message"* ]] && [ ! -e none.json ] ||
    die "$* -> exit status $status: $output; wanted: $message"
}
layer=$examples/tiny_detr_enc0.safetensors
for command in 'simulate --given-map' estimate trace; do
  refused '--prune-points "0.03": small drops no points; add --set pruning.points=true, or --prune-points 0' $command --preset small --fit --workload "$layer" --prune-points 0.03
  refused '--range "8,8,4,2": small holds ranges up to pruning.max_range = 0, which is none; add --set pruning.max_range=8, or --range off' \
    $command --preset small --fit --workload "$layer" --range 8,8,4,2
  of_regions="$command --preset small --fit --workload $layer --set feature_cache.policy=region --set pruning.max_range=4 --set feature_cache.region_ranges=[4,3,2,1]"
  refused '--range nothing: the regions of small hold what lies within feature_cache.region_ranges = 4,3,2,1 alone; give --range 4,3,2,1, or change feature_cache.region_ranges' \
    $of_regions
  refused '--range "off": the regions of small hold' $of_regions --range off
  refused '--range "4,4,2,1": the regions of small hold' $of_regions --range 4,4,2,1
  refused '--prune-pixels "0.5": small counts no pixels; add --set pruning.count_bits=16, or --prune-pixels 0' $command --preset small --fit --workload "$layer" --prune-pixels 0.5
done
refused 'core.points_per_cycle = 2: must be 1 without pruning.points' estimate --preset small --fit --workload "$layer" --set core.points_per_cycle=2
refused 'core.points_per_cycle = 4: must be a divisor of attention.points (3)' estimate --preset small --set pruning.points=true --set core.points_per_cycle=4 --set attention.points=3 --model rt-detr
refused 'pruning.points = true: must be false with feature_cache.policy = region' estimate --preset small --fit --workload "$layer" --set pruning.points=true --set feature_cache.policy=region
refused 'a dense product has no points' estimate --preset small --dense 4x4x4 --prune-points 0.1

# One lane that has all levels; array, projection and memory are faster than it. Cycles of the layer, and of those in which the lane could work.
design=(--preset detector --fit --set network.epilogue=false --set network.self_attention=0 --set pruning.points=true --set pruning.max_range=8
  --set core.points_per_cycle=4 --set core.head_lanes=1 --set memory.data_bits=512 --set gemm.rows=8 --set gemm.columns=64 --set gemm.depth=8
  --set core.projection_columns=64 --set feature_cache.kilobytes=256 --set memory.max_outstanding=64)
run() { # THRESHOLD RANGE FILE
  "$quillgen" simulate "${design[@]}" --workload "$layer" --given-map --latency 20 --quick-build --prune-points "$1" --range "$2" --json "$3" >"$3.log" 2>&1 ||
    die "$(cat "$3.log")"
}
run 0 off all.json
run 0.03 off some.json
run 0.08 8,8,4,2 few.json
python3 - <<'P'
import json
every, some, few = (json.load(open(name + '.json')) for name in ('all', 'some', 'few'))
def busy(j):
    c = j['counters']
    return c['SAMPLE'] + c['WAIT_FEATURE'] + c['WAIT_OUTPUT'] + c['WAIT_POINT']
for j in (some, few):
    print('points dropped %.3f: layer %.2f times sooner, its samples %.2f times' %
          (j['pruned']['points'], every['cycles'] / j['cycles'], busy(every) / busy(j)))
assert every['pruned']['points'] == 0 and 0.43 < some['pruned']['points'] < 0.46 and few['pruned']['points'] > 0.74
assert every['cycles'] > 1.6 * some['cycles'], 'a layer 1.6 times sooner with 44 % of the points dropped'
assert busy(every) > 3 * busy(few), 'samples 3 times sooner with 3/4 of the points dropped'
P
