#!/usr/bin/env bash
# Networks from the command line: scales that are the same every time, a report with its keys, and a line for every mistake.
#   network.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$(realpath "$1") examples=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
failed=0
wrong() {
  echo "FAILED  $*"
  failed=1
}
network=$examples/tiny_detector.safetensors scenes=$examples/tiny_detector_scenes.safetensors
calibrate() { "$quillgen" calibrate --preset detector --network "$network" --input "$examples/tiny_detector_calibration.safetensors" "$@"; }
model() { "$quillgen" model --preset detector --network "$network" --scales scales.json --input "$scenes" "$@"; }

calibrate --out scales.json >out
grep -qE '^scales.json: [0-9]+ scales of .* from 14 scenes$' out || wrong "calibrate: $(cat out)"
# The scales that are kept are those that calibrate makes: but for the last digits, in which machines may differ.
kept() { # KEPT MADE
  python3 - "$1" "$2" <<'P' || wrong "$1 is not what calibrate makes"
import json, sys
kept, made = (json.load(open(file)) for file in sys.argv[1:])
pairs = [(kept['units'].pop(name), value) for name, value in made.pop('units').items()]
assert not kept.pop('units') and kept == made and all(abs(a - b) <= 1e-6 * b for a, b in pairs), (kept, made)
P
}
kept "$examples/tiny_detector.scales.json" scales.json
model --scenes 2:5 --json report.json >out || wrong "model: exit status $?"
grep -qE '^AP [0-9.]+, AP50 [0-9.]+; in floating point AP [0-9.]+, AP50 [0-9.]+$' out || wrong "model: $(tail -n 3 out)"
python3 - <<'P' || wrong 'model: report.json'
import json
r = json.load(open('report.json'))
assert r['scenes'] == 3 and 0.5 < r['ap'] <= r['ap50'] <= 1 and abs(r['ap'] - r['ap_float']) < 0.05, r
assert r['expected']['logits_db'] > 100 and r['expected']['same_queries'] == 3, r
assert r['sqnr_db']['encoder.2.norm2'] > 35 and r['config']['network']['stream_bits'] == 16, r
P

# refused MESSAGE COMMAND...: exit status 2, one line with these words, no file.
refused() {
  local message=$1 status=0
  shift
  "$@" --json none.json >out 2>err || status=$?
  [ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -qF -- "$message" err && [ ! -e none.json ] || wrong "$message: exit status $status, $(cat err)"
}
refused 'must be FIRST:END with 0 <= FIRST < END <= 8' model --scenes 3:9
refused 'must be FIRST:END' model --scenes 3
refused 'numerics.query_bits = 12: the configuration has 8; calibrate for it' model --set numerics.preset=int8
refused 'network.stream_bits = 16: the configuration has 12' model --set network.stream_bits=12
sed 's/"network": "[0-9a-f]*"/"network": "0123456789abcdef"/' scales.json >other.json
refused 'is another one' "$quillgen" model --preset detector --network "$network" --scales other.json --input "$scenes"
refused 'make the file with quillgen calibrate' "$quillgen" model --preset detector --network "$network" --scales "$examples/presets/small.json" --input "$scenes"
sed 's/"encoder.0.query": [0-9.e-]*/"encoder.0.query": 0/' scales.json >zero.json
refused 'units."encoder.0.query" = 0' "$quillgen" model --preset detector --network "$network" --scales zero.json --input "$scenes"
sed 's/"encoder.0.query"/"encoder.9.query"/' scales.json >unknown.json
refused 'unknown.json: units.encoder.0.query: is missing' "$quillgen" model --preset detector --network "$network" --scales unknown.json --input "$scenes"
sed 's/"units": {/"units": {"encoder.9.query": 1,/' scales.json >more.json
refused 'units."encoder.9.query": is no tensor' "$quillgen" model --preset detector --network "$network" --scales more.json --input "$scenes"
head -c 900 scales.json >cut.json
refused 'cut.json: ' "$quillgen" model --preset detector --network "$network" --scales cut.json --input "$scenes"
sed '/"encoder.0.query":/d' scales.json >missing.json
refused 'units.encoder.0.query' "$quillgen" model --preset detector --network "$network" --scales missing.json --input "$scenes"
refused 'gemm.max_inner' model --set gemm.max_inner=64
refused 'attention.embed_dim is 64' model --set attention.embed_dim=32
refused 'tensor "anchors": is not known' "$quillgen" model --preset detector --network "$network" --scales scales.json --input "$network"
refused '--network' "$quillgen" model --preset detector --workload "$examples/tiny_detr_enc1.safetensors" --network "$network" --scales scales.json --input "$scenes"
refused '--scales' "$quillgen" model --preset detector --network "$network"

# Prunings: what is left out is told, and what cannot be chosen is refused.
model --scenes 0:2 --prune-points 0.03 --prune-pixels 0.7 --range 8,8,4,2 --json pruned.json >out || wrong "pruned: exit status $?"
grep -q '^left out: points below 0.03 of a head, pixels below 0.7 of the mean of their level; range 8,8,4,2$' out && grep -qE '^all +[0-9.]+ % +[0-9.]+ % +[0-9.]+ %$' out ||
  wrong "pruned: $(tail -n 8 out)"
python3 - <<'P' || wrong 'model: pruned.json'
import json
r, plain = json.load(open('pruned.json')), json.load(open('report.json'))
p = r['pruned']
assert 0.2 < p['points'] < 0.8 and 0.01 < p['pixels'] < 0.5 and len(p['levels']) == 4, p
assert p['encoder_points'] < p['points'] < p['decoder_points'] and p['chosen']['range'] == [8, 8, 4, 2], p
assert all(abs(p[k] - r['pruned_float'][k]) < 0.03 for k in ('points', 'pixels')), r
assert r['ap_float'] != r['ap_float_pruned'] and abs(r['ap'] - r['ap_float_pruned']) < 0.1 and r['expected']['same_queries'] == 2, r
p = plain['pruned']
assert p['points'] == p['pixels'] == 0 and plain['ap_float'] == plain['ap_float_pruned'] and p['chosen']['range'] == 'off', plain
P
refused '--prune-points "-1": must be a number, 0 .. 2' model --prune-points=-1
refused '--prune-pixels "some": must be a number, 0 .. 65535' model --prune-pixels some
refused '--range "8,8,4": must be off, or a whole number of pixels, 0 .. 1024, for each of the 4 levels' model --range 8,8,4
layer=$examples/tiny_detr_enc1.safetensors
"$quillgen" model --preset small --workload "$layer" --prune-points 0.03 --prune-pixels 0.7 --range 8,8,4,2 --json layer.json >out || wrong "pruned layer: exit status $?"
grep -q '^left out: points below 0.03 of a head' out || wrong "pruned layer: $(tail -n 8 out)"
python3 - <<'P' || wrong 'model: layer.json'
import json
r = json.load(open('layer.json'))
assert 0.2 < r['pruned']['points'] < 0.8 and 0.01 < r['pruned']['pixels'] < 0.5 and r['sqnr_db']['output'] > 30, r
P
# A network that was trained with them: so it is run, unless told otherwise; the hardware cannot yet.
python3 - "$network" <<'P'
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
length, = struct.unpack('<Q', data[:8])
header = json.loads(data[8:8 + length])
header['__metadata__'].update(prune_points='0.03', prune_pixels='0.7', range='8,8,4,2')
text = json.dumps(header).encode()
text += b' ' * (-len(text) % 8)
open('trained.safetensors', 'wb').write(struct.pack('<Q', len(text)) + text + data[8 + length:])
P
of_trained=(--preset detector --network trained.safetensors)
"$quillgen" calibrate "${of_trained[@]}" --input "$scenes" --out trained.json >out || wrong "calibrate of a network with prunings: exit status $?"
"$quillgen" calibrate "${of_trained[@]}" --input "$scenes" --prune-pixels 0 --out otherwise.json >out || wrong "calibrate without: exit status $?"
if cmp -s trained.json otherwise.json; then wrong 'calibrate: the same scales with other prunings'; fi
status=0
"$quillgen" model "${of_trained[@]}" --scales trained.json --input "$scenes" --scenes 0:2 --prune-pixels 0 --json trained_report.json >out 2>err || status=$?
[ "$status" -eq 1 ] && grep -q 'the expected results differ' err || wrong "expected results without prunings: exit status $status, $(cat err)"
python3 - <<'P' || wrong 'model: trained_report.json'
import json
assert json.load(open('trained_report.json'))['pruned']['chosen'] == {'prune_points': 0.03, 'prune_pixels': 0, 'range': [8, 8, 4, 2]}
P
off=(--prune-points 0 --prune-pixels 0 --range off)
refused 'trained.safetensors: metadata prune_pixels: detector counts no pixels; add --set pruning.count_bits=16, or --prune-pixels 0' "$quillgen" simulate "${of_trained[@]}" --scales trained.json --input "$scenes"
refused 'trained.safetensors: metadata prune_points: detector drops no points; add --set pruning.points=true, or --prune-points 0' "$quillgen" estimate "${of_trained[@]}" --prune-pixels 0
refused 'trained.safetensors: metadata range: detector holds ranges up to pruning.max_range = 0' "$quillgen" estimate "${of_trained[@]}" --prune-points 0 --prune-pixels 0.0
"$quillgen" estimate "${of_trained[@]}" --prune-pixels 0 --set pruning.points=true --set pruning.max_range=8 >out || wrong "estimate of a network with prunings, drawn: exit status $?"
status=0
"$quillgen" explore "${of_trained[@]}" --vary gemm.rows=4,8 --out refused_sweep >out 2>err || status=$?
[ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -qF 'trained.safetensors: drops pixels that are seldom read, and without --input none is' err && [ ! -e refused_sweep ] ||
  wrong "explore: exit status $status, $(cat err)"
# Without pixels a sweep leaves out what the metadata say, of every point the same as estimate.
can=(--set pruning.points=true --set pruning.max_range=8 --set gemm.rows=4)
"$quillgen" explore "${of_trained[@]}" --prune-pixels 0 "${can[@]}" --vary core.points_per_cycle=1,4 --out trained_sweep >out || wrong "explore of a network with prunings: exit status $?"
"$quillgen" estimate "${of_trained[@]}" --prune-pixels 0 "${can[@]}" --set core.points_per_cycle=4 --json trained_estimate.json >out || wrong "estimate of a network with prunings: exit status $?"
python3 - <<'P' || wrong 'explore and estimate of a network with prunings differ'
import json
point, run = json.load(open('trained_sweep/explore.json'))['points'][1], json.load(open('trained_estimate.json'))['runs'][0]
p = run['pruned']
assert (point['cycles'], point['bytes']) == (run['cycles'], run['bytes']), (point, run['cycles'])
assert p['points'] > 0.3 and p['cycles_saved'] == p['cycles_whole'] - run['cycles'] > 0 and p['bytes_saved'] == p['bytes_whole'] - run['bytes'] > 0, p
P
"$quillgen" estimate "${of_trained[@]}" "${off[@]}" >out || wrong "estimate without prunings: exit status $?"
"$quillgen" trace --preset small --workload "$layer" "${off[@]}" >out || wrong "trace without prunings: exit status $?"
"$quillgen" explore "${of_trained[@]}" "${off[@]}" --vary gemm.rows=4,8 --out pruned_sweep --slurm sweep.sh >out || wrong "explore without prunings: exit status $?"
grep -qF -- '--prune-points 0 --prune-pixels 0 --range off' sweep.sh || wrong 'explore: the script of Slurm has not the same options'

# Never over what is read.
status=0
cp "$network" copy.safetensors
"$quillgen" calibrate --preset detector --network copy.safetensors --input "$scenes" --out ./copy.safetensors >out 2>err || status=$?
[ "$status" -eq 2 ] && grep -q 'choose another name' err && cmp "$network" copy.safetensors || wrong "--out over the network: exit status $status, $(cat err)"

# Formats that cannot hold the scores of self-attention; and Ctrl-C, which leaves no file.
status=0
calibrate --set numerics.query_bits=6 --out none.json >out 2>err || status=$?
[ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'set numerics.query_bits higher' err && [ ! -e none.json ] || wrong "coarse scores: exit status $status, $(cat err)"
status=0
timeout --preserve-status -s INT 0.5 "$quillgen" calibrate --preset detector --network "$network" --input "$examples/tiny_detector_calibration.safetensors" \
  --out interrupted.json >out 2>err || status=$?
[ "$status" -eq 130 ] && [ -z "$(find . -name 'interrupted*')" ] || wrong "interrupted: exit status $status, $(ls)"

# With --fit a configuration of other dimensions takes those of the network.
sparse() {
  "$quillgen" calibrate --network "$examples/tiny_sparse_detector.safetensors" --input "$examples/tiny_sparse_detector_calibration.safetensors" "$@" >out ||
    wrong "calibrate $*: exit status $?"
}
sparse --preset nano --fit --set gemm.max_inner=256 --out nano.json
sparse --preset detector --out sparse.json
sparse --preset detector --out again.json
kept "$examples/tiny_sparse_detector.scales.json" sparse.json
cmp sparse.json again.json || wrong 'calibrate: other scales the second time'

# Estimates: of scenes, and of what is drawn, the same jobs; by layer or by job.
estimate() { "$quillgen" estimate --preset detector --network "$network" "$@"; }
estimate --scales scales.json --input "$scenes" --scenes 2:4 --json scenes.json >out || wrong "estimate: exit status $?"
[ "$(grep -c '^encoder\.' out)" -eq 6 ] && grep -q 'scene 3, latency 200' out || wrong "estimate: $(cat out)"
estimate --by-job --latency 10 --library osu018 --json drawn.json --timeline timeline.svg >out || wrong "estimate --by-job: exit status $?"
grep -q '^decoder\.1\.ffn\.hidden ' out && grep -q 'drawn with seed 1, latency 10' out && grep -q '^</svg>$' timeline.svg || wrong "estimate --by-job: $(cat out)"
python3 - <<'P' || wrong 'estimate: JSON'
import json
(first, second), (drawn,) = (json.load(open(f))['runs'] for f in ('scenes.json', 'drawn.json'))
assert first['scene'] == 2 and not first['synthetic'] and drawn['synthetic'], first
for run in (first, second, drawn):
    assert [(j['name'], j['array_steps'], j['products'], j['host_step']) for j in run['jobs']] == [(j['name'], j['array_steps'], j['products'], j['host_step']) for j in first['jobs']]
    for figure in ('cycles', 'bytes', 'array_steps', 'products'): assert run[figure] == sum(j[figure] for j in run['jobs']), figure
    assert run['bytes'] == sum(run['bytes_by_client'].values())
assert drawn['cycles'] < first['cycles']
P
# A sweep estimates the same.
"$quillgen" explore --preset detector --network "$network" --latency 10 --library osu018 --vary gemm.rows=4,8 --out sweep >out || wrong "explore: exit status $?"
python3 - <<'P' || wrong 'explore'
import json
points, (run,) = json.load(open('sweep/explore.json'))['points'], json.load(open('drawn.json'))['runs']
assert len(points) == 2 and (points[1]['cycles'], points[1]['bytes']) == (run['cycles'], run['bytes']), points
mm2 = json.load(open('drawn.json'))['mm2']
assert mm2['library'] == 'osu018' and abs((mm2['logic'] + mm2['sram']) / points[1]['mm2'] - 1) < 1e-6, (mm2, points[1])
assert all(sum(p[phase] for phase in ('setup', 'project', 'fill', 'sampling', 'drain')) == p['cycles'] for p in points), points
P
refused 'network.epilogue = false' "$quillgen" estimate --preset small --network "$network"
refused 'leave out --given-map and --html' estimate --html none.html
refused 'give --network' "$quillgen" estimate --preset small --workload "$examples/tiny_detr_enc1.safetensors" --by-job
refused '--input' estimate --scales scales.json

# Results of another network: told, with exit status 1.
status=0
"$quillgen" model --preset detector --network "$examples/tiny_sparse_detector.safetensors" --scales sparse.json --input "$scenes" --scenes 0:1 >out 2>err || status=$?
[ "$status" -eq 1 ] && grep -q 'the expected results differ' err || wrong "results of another network: exit status $status, $(cat err)"
exit "$failed"
