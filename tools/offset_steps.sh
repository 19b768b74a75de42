#!/usr/bin/env bash
# What a PE array would save that has the logits of a group of queries first and leaves out the offsets of dropped points: the share of its steps for offsets,
# and of all of its steps in the layers of attention, in tiles in which no point of any query of the group lives. Preset detector, pixels and range as the
# network says, thresholds 0.03 and 0.08 of a head; the mean over the scenes.
#   tools/offset_steps.sh NETWORK CALIBRATION SCENES [FIRST:END]      three safetensors files, and which scenes; two seconds a scene of the tiny detector
set -euo pipefail
[ $# -eq 3 ] || [ $# -eq 4 ] || { echo "usage: tools/offset_steps.sh NETWORK CALIBRATION SCENES [FIRST:END]" >&2; exit 2; }
network=$(realpath "$1") calibration=$(realpath "$2") scenes=$(realpath "$3") range=(${4:+--scenes "$4"})
cd "$(dirname "$0")/.."
quillgen=${QUILLGEN:-build/generator/cli/quillgen}
[ -x "$quillgen" ] || { echo "$quillgen: not built; run tools/quickstart.sh first, or set QUILLGEN" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '| threshold | layer | points dropped | steps for offsets | all steps of the layer |\n|---|---|---|---|---|\n'
for threshold in 0.03 0.08; do
  set -- --preset detector --set pruning.points=true --set pruning.count_bits=16 --set pruning.max_range=16 --network "$network" --prune-points "$threshold"
  "$quillgen" calibrate "$@" --input "$calibration" --out "$work/scales.json" >"$work/log"
  "$quillgen" estimate "$@" --scales "$work/scales.json" --input "$scenes" "${range[@]}" --json "$work/result.json" >"$work/log"
  python3 - "$threshold" "$work/result.json" <<'P'
import json, sys
sums = {}  # by layer: points dropped, points, steps for offsets that nobody needs, steps for offsets, all steps
for run in json.load(open(sys.argv[2]))['runs']:
    for job in run['jobs']:
        if (steps := job.get('offset_steps')) is None:
            continue
        sums.setdefault(job['name'].rsplit('.', 1)[0], []).append((job['points']['dropped'], job['points']['all'], steps['unneeded'], steps['all'], job['array_steps']))
sums['all'] = [row for rows in sums.values() for row in rows]
for layer, rows in sums.items():
    dropped, points, unneeded, offsets, steps = map(sum, zip(*rows))
    print('| %s | %s | %.1f %% | %.2f %% | %.2f %% |' % (sys.argv[1], layer, 100 * dropped / points, 100 * unneeded / offsets, 100 * unneeded / steps))
P
done
