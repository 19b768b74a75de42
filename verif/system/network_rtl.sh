#!/usr/bin/env bash
# A detector in RTL from tokens to boxes, for scenes FIRST:END with stalls 0 and 30 and latencies 10 and 200: bit-exact, the boxes that the integer model finds,
# pictures with a rectangle for each object and for each that was found. With a word more also what is refused, and Ctrl-C in the middle of a program.
#   network_rtl.sh QUILLGEN EXAMPLES DETECTOR FIRST:END [mistakes]
set -euo pipefail
quillgen=$(realpath "$1") examples=$(realpath "$2") detector=$3 range=$4 more=${5:-}
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
of=(--network "$examples/$detector.safetensors" --scales "$examples/$detector.scales.json" --input "$examples/${detector}_scenes.safetensors")
simulate() { "$quillgen" simulate --preset detector "${of[@]}" "$@"; }

simulate --scenes "$range" --stall 0,30 --latency 10,200 --json report.json --svg scene.svg | tee out
grep -q '^bit-exact in every job, [0-9]* runs$' out || fail 'no last line'
"$quillgen" model --preset detector "${of[@]}" --scenes "$range" --json model.json >/dev/null
python3 - "$range" <<'P'
import glob, json, sys, xml.etree.ElementTree as ET
first, end = map(int, sys.argv[1].split(':'))
report, model = json.load(open('report.json')), json.load(open('model.json'))
runs = report['runs']
assert report['bit_exact'] is True and report['mismatches'] == 0 and len(runs) == 4 * (end - first), report
assert report['cycles'] == sum(r['cycles'] for r in runs) and report['compared'] == sum(r['compared'] for r in runs)
assert (report['ap'], report['ap50']) == (model['ap'], model['ap50'])  # the same boxes
assert sorted((r['scene'], r['stall'], r['latency']) for r in runs) == [(scene, stall, latency) for scene in range(first, end) for stall in (0, 30) for latency in (10, 200)]
for r in runs:
    assert r['bit_exact'] and r['mismatches'] == 0 and r['faults'] == [], r
    assert all(j['compared'] > 0 and j['mismatches'] == 0 and j['cycles'] > 0 for j in r['jobs']), r['jobs']
    assert 0 <= r['cycles'] - sum(j['cycles'] for j in r['jobs']) < 0.1 * r['cycles'] and r['host_steps'] > 0, r
    assert len(r['found']) == 30 and r['objects'] and f"--scenes {r['scene']}:{r['scene'] + 1} " in r['replay'], r
    same = [o for o in runs if o['scene'] == r['scene']]
    assert all(o['found'] == r['found'] for o in same)
    assert max(same, key=lambda o: o['cycles'])['stall'] == 30 and max(same, key=lambda o: o['cycles'])['latency'] == 200
pictures = sorted(glob.glob('scene*.svg'))
assert pictures == (['scene.svg'] if end - first == 1 else [f'scene-{i}.svg' for i in range(first, end)]), pictures
for picture, scene in zip(pictures, range(first, end)):
    r = next(r for r in runs if r['scene'] == scene)
    tree = ET.parse(picture).getroot()
    classes = [e.get('class', '').split() for e in tree.iter('{http://www.w3.org/2000/svg}rect')]
    count = lambda kind: sum(kind in c and 'sample' not in c for c in classes)
    shown = [d for d in r['found'] if d['score'] >= 0.3]
    labels = {x['class'] for x in shown + r['objects']}
    assert (count('object'), count('found'), count('class')) == (len(r['objects']), len(shown), len(labels)), classes
    assert len(classes) == len(r['objects']) + len(shown) + len(labels) + 4  # paper, frame, two samples
    texts = ' '.join(''.join(e.itertext()) for e in tree.iter())
    assert 'score of 0.3 and more' in texts and 'bit-exact' in texts, texts
print(len(runs), 'runs,', len(pictures), 'pictures')
P
[ -n "$more" ] || exit 0

rm -f ./*
# refused MESSAGE ARGUMENT..: exit status 2, one line with these words, nothing on stdout, no file.
refused() {
  local message=$1 status=0
  shift
  "$quillgen" simulate --json none.json --svg none.svg "$@" >out 2>err || status=$?
  [ "$status" -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] && [ ! -s out ] && grep -qF -- "$message" err && ! compgen -G 'none*' >/dev/null ||
    fail "$message: exit status $status, $(cat out err; ls)"
}
refused 'network.epilogue = false' --preset small "${of[@]}"
head -c 900 "$examples/$detector.scales.json" >cut.json
refused 'cut.json: ' --preset detector "${of[@]/%*.scales.json/cut.json}"
refused 'calibrate for it' --preset detector --set numerics.preset=int8 "${of[@]}"
refused '--scenes 3:99' --preset detector "${of[@]}" --scenes 3:99
refused 'give --scenes 0:1' --preset detector "${of[@]}" --trace wave.fst --scenes 0:2
refused '--scales' --preset detector --network "$examples/$detector.safetensors"
refused '--network' --preset detector --workload "$examples/tiny_detr_enc1.safetensors"
echo 'mistakes: a line each'

# Ctrl-C in the second program, the first having been reported.
rm -f ./*
mkdir place
(exec "$quillgen" simulate --preset detector "${of[@]}" --seed 1,2,3,4 --stall 60 --json place/report.json --svg place/scene.svg) >out 2>err & run=$!
for _ in $(seq 1 1200); do grep -q '^ *0  ' out && break; kill -0 $run 2>/dev/null || fail "ended: $(cat out err)"; sleep 0.1; done
sleep 0.3
kill -INT $run
status=0
wait $run || status=$?
[ "$status" -eq 130 ] && [ -z "$(ls -A place)" ] && ! grep -q bit-exact out || fail "Ctrl-C: exit status $status, $(cat out err; ls -A place)"
echo 'Ctrl-C: nothing half-written'
