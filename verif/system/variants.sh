#!/usr/bin/env bash
# Layers of published modules that differ from the plain operation, with the results of those modules: the float reference agrees with them, and the RTL,
# fitted to each, with the model.
#   variants.sh QUILLGEN FOLDER_OF_LAYERS LAYER..
set -euo pipefail
quillgen=$1 folder=$2
shift 2
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
declare -A variant=(
  [bevformer]='4 references for the points in turn; references shared by the levels'
  [dfine]='points by level 3, 6, 3; no value projection; no output projection'
  [dino]='offsets in pixels times the box'
  [rtdetrv2]='offset scale 1')
for layer in "$@"; do
  "$quillgen" simulate --preset small --fit --workload "$folder/$layer.safetensors" --stall 0,60 --latency 10 --json "$room/json" >"$room/text" || {
    cat "$room/text"
    exit 1
  }
  for line in "variant: ${variant[$layer]}" 'bit-exact in every stage, 2 runs'; do
    grep -qxF "$line" "$room/text" || { cat "$room/text"; echo "$layer: no line \"$line\""; exit 1; }
  done
  grep -q '^expected_output: agrees' "$room/text" || { echo "$layer: is not compared"; exit 1; }
  grep -q '"agrees": true' "$room/json" || { echo "$layer: not in the JSON"; exit 1; }
  "$quillgen" trace --preset small --fit --workload "$folder/$layer.safetensors" >/dev/null
  "$quillgen" estimate --preset small --fit --latency 10 --workload "$folder/$layer.safetensors" --json "$room/estimate" >/dev/null
  python3 - "$room/json" "$room/estimate" "$layer" <<'CHECK'
import json, sys
rtl, estimate = (json.load(open(name)) for name in sys.argv[1:3])
cycles = rtl['runs'][0]['cycles'] if 'runs' in rtl else rtl['cycles']
print(f"{sys.argv[3]}: {cycles} cycles, estimated {estimate['cycles']}")
# A job of some thousand cycles: reads of references beside the loads of its parameters are not in the estimate.
near = abs(estimate['cycles'] - cycles) <= 0.08 * cycles
same = all(estimate['counters'][key] == rtl['counters'][key.upper()] for key in
           ('samples', 'line_misses', 'bytes_feature', 'bytes_reference', 'bytes_source', 'bytes_value'))
sys.exit(not near or not same)
CHECK
  echo "$layer: ${variant[$layer]}; bit-exact, and its float reference agrees with its module"
done
# What is not said: the references of BEVFormer's points look like those of levels.
sed 's/"references_per": *"point"/"x_ferences_per":"point"/' "$folder/bevformer.safetensors" >"$room/unsaid.safetensors"
cmp -s "$folder/bevformer.safetensors" "$room/unsaid.safetensors" && { echo 'nothing was changed'; exit 1; }
status=0
"$quillgen" model --preset small --fit --workload "$room/unsaid.safetensors" >/dev/null 2>"$room/said" || status=$?
if [ "$status" -ne 1 ] || ! grep -q 'say references_per = point in the metadata' "$room/said"; then cat "$room/said"; exit 1; fi
