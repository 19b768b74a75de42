#!/usr/bin/env bash
# Points dropped and ranges held in RTL: what is asked for is bit-exact, what the hardware has nothing for is refused in one line, and with nothing else
# the bound a lane gains by what is dropped.
# The figures of generator/accel/README.md (Prunings) are those of these runs.
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
# What such regions save is told against the same ranges, of a layer and of a network that is drawn: without them nothing is on chip.
"$quillgen" estimate --preset small --fit --workload "$layer" --set feature_cache.policy=region --set pruning.max_range=4 --set feature_cache.region_ranges=[4,3,2,1] --range 4,3,2,1 >layer.txt
"$quillgen" estimate --preset detector --network "$examples/tiny_detector.safetensors" --set feature_cache.policy=region --set feature_cache.kilobytes=256 --set pruning.max_range=3 \
  --set feature_cache.region_ranges=[3,2,1,1] --range 3,2,1,1 >network.txt
for report in layer network; do
  grep -q '^saved of the same with nothing left out, by the estimate: 0 of ' $report.txt || { cat $report.txt; echo "regions of ranges: $report"; exit 1; }
done
refused 'core.points_per_cycle = 2: must be 1 without pruning.points' estimate --preset small --fit --workload "$layer" --set core.points_per_cycle=2
refused 'core.points_per_cycle = 4: must be a divisor of attention.points (3)' estimate --preset small --set pruning.points=true --set core.points_per_cycle=4 --set attention.points=3 --model rt-detr
refused 'pruning.points = true: must be false with feature_cache.policy = region' estimate --preset small --fit --workload "$layer" --set pruning.points=true --set feature_cache.policy=region
refused 'a dense product has no points' estimate --preset small --dense 4x4x4 --prune-points 0.1

# A sweep leaves out the same as estimate: of each point the same cycles and bytes, and hardware that cannot is refused. What is saved is the difference.
"$quillgen" explore --preset small --fit --workload "$layer" --set pruning.max_range=8 --set pruning.count_bits=16 --vary pruning.points=true,false --vary core.points_per_cycle=1,4 \
  --prune-points 0.08 --range 8,8,4,2 --prune-pixels 0.5 --out sweep >/dev/null
for points in 1 4; do
  estimate=("$quillgen" estimate --preset small --fit --workload "$layer" --set pruning.max_range=8 --set pruning.count_bits=16 --set pruning.points=true --set core.points_per_cycle=$points)
  "${estimate[@]}" --prune-points 0.08 --range 8,8,4,2 --prune-pixels 0.5 --json "pruned_$points.json" >pruned.txt
  "${estimate[@]}" --json "whole_$points.json" >whole.txt
  [ "$(grep -c '^left out: points below 0.08 .*by level.*pixels below 0.5 .*by level.*range 8,8,4,2$\|^saved of the same with nothing left out, by the estimate: ' pruned.txt)" -eq 2 ] ||
    die "$(cat pruned.txt)"
  ! grep -q '^saved' whole.txt || die 'something is saved where nothing is left out'
done
python3 - <<'P'
import json
points = json.load(open('sweep/explore.json'))['points']
for p, why in zip(points[2:], ('small drops no points; add --set pruning.points=true', 'must be 1 without pruning.points')):
    assert why in p['refused'], p
for p, n in zip(points, (1, 4)):
    j, whole = (json.load(open(f'{kind}_{n}.json')) for kind in ('pruned', 'whole'))
    bytes_of = lambda r: r['roofline']['bytes']
    assert (p['cycles'], p['bytes']) == (j['cycles'], bytes_of(j)), (p, j['cycles'])
    s = j['pruned']
    assert s['points'] > 0.5 and s['pixels'] > 0.01 and len(s['levels']) == 4 and s['cycles_whole'] == whole['cycles'], s
    assert s['cycles_saved'] == whole['cycles'] - j['cycles'] and s['bytes_saved'] == bytes_of(whole) - bytes_of(j) != 0, s
    assert whole['pruned']['cycles_saved'] == whole['pruned']['bytes_saved'] == whole['pruned']['points'] == 0, whole['pruned']
P

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
# What counting pixels costs, and that it is no cycle of a lane.
for share in 0 0.7; do
  "$quillgen" simulate --preset small --set pruning.count_bits=16 --workload "$examples/encoder_c64.safetensors" --prune-pixels "$share" --quick-build --json "pixels_$share.json" >log 2>&1 ||
    die "$(cat log)"
done
python3 - "$examples/../generator/accel/README.md" <<'P'
import json, sys
page = ' '.join(open(sys.argv[1]).read().split())
def on_page(sentence):
    assert sentence in page, f'generator/accel/README.md, Prunings: not there: {sentence}'
plain, counted = (json.load(open(f'pixels_{share}.json')) for share in ('0', '0.7'))
lane = ('SAMPLE', 'WAIT_FEATURE', 'WAIT_OUTPUT', 'WAIT_POINT')
lost = sum(counted['counters'][c] - plain['counters'][c] for c in lane)
assert plain['pruned']['pixels'] == 0 and counted['pruned']['pixels'] > 0.1
assert lost == 0, f'counting pixels costs the lane {lost} cycles'
on_page('The mask of the 340 tokens of `examples/encoder_c64.safetensors` takes {} of {:,} cycles, and no lane loses any'.format(
    counted['cycles'] - plain['cycles'], counted['cycles']))
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
on_page('ready %.2f times sooner when %.0f %% of its points are dropped, and its samples alone %.1f times when %.0f %% are (test `prunings`)' %
        (every['cycles'] / some['cycles'], 100 * some['pruned']['points'], busy(every) / busy(few), 100 * few['pruned']['points']))
P
