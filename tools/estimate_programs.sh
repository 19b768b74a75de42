#!/usr/bin/env bash
# The cycle model against the RTL, on whole networks: simulates each case, estimates it, and prints the cycles of both. Fails when those of a
# program differ by more than 5 %, those of a job of 2,000 cycles or more by more than 10 %, or any bytes or steps of the PE array at all. drawn: the
# error of an estimate without the scene, whose jobs and steps must be the same.
#   tools/estimate_programs.sh [--short] [QUILLGEN]      --short: a few cases only
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
short='' quick=--quick-build
# The short list runs on a simulator that other tests build too.
if [ "${1:-}" = --short ]; then short=1 quick='' && shift; fi
quillgen=$(realpath "${1:-$root/build/generator/cli/quillgen}")
examples=$root/examples
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# Name, network, conditions, options of the configuration; those of the short list have a star.
cases() {
  cat <<'C'
* detector|tiny_detector||
* detector, latency 10|tiny_detector|--latency 10|
* detector|tiny_sparse_detector||
detector, latency 10|tiny_sparse_detector|--latency 10|
detector, latency 500|tiny_detector|--latency 500|
3 rows, 32 columns|tiny_detector||--set gemm.rows=3 --set gemm.columns=32
16 rows, depth 16|tiny_sparse_detector||--set gemm.rows=16 --set gemm.depth=16
1 row, depth 4|tiny_sparse_detector||--set gemm.rows=1 --set gemm.depth=4
2 lanes, order of arrival|tiny_detector||--set core.head_lanes=2 --set order.bucket_bits=0 --set order.window=1 --set order.distance_units=1
4 lanes, 32 columns, latency 10|tiny_detector|--latency 10|--set core.head_lanes=4 --set gemm.columns=32
narrow bus|tiny_detector||--set memory.data_bits=64
wide bus|tiny_sparse_detector||--set memory.data_bits=256
wide bus, 4 lanes, latency 10|tiny_detector|--latency 10|--set memory.data_bits=512 --set core.head_lanes=4 --set gemm.rows=16 --set feature_cache.kilobytes=128
cache of 4 KB, 4 ways|tiny_detector||--set feature_cache.kilobytes=4 --set feature_cache.ways=4
regions|tiny_detector||--set feature_cache.policy=region --set feature_cache.overlap=copy
stream of 8 bits|tiny_detector||--set network.stream_bits=8
int8|tiny_sparse_detector||--set numerics.preset=int8
* pixels dropped|tiny_detector|--prune-pixels 0.7|--set pruning.count_bits=12 --set core.head_lanes=2
pixels dropped, points too, latency 10|tiny_sparse_detector|--prune-pixels 0.5 --prune-points 0.02 --latency 10|--set pruning.count_bits=16 --set pruning.points=true
GELU|tiny_detector:gelu||--set network.activations=all
SiLU, 3 rows, 32 columns|tiny_sparse_detector:silu||--set network.activations=silu --set gemm.rows=3 --set gemm.columns=32
int8, stream of 8 bits, narrow bus|tiny_detector||--set numerics.preset=int8 --set network.stream_bits=8 --set memory.data_bits=64
C
}

# network, conditions, options: simulated and estimated with the same options. network:gelu is that network with another activation in its FFNs.
run() {
  local network=$examples/${1%:*} activation=${1#*:} conditions=$2 options=$3 what
  if [ "$activation" != "$1" ]; then
    cp "${network}_calibration.safetensors" "${network}_scenes.safetensors" "$room"
    LC_ALL=C sed "s/\"activation\": \"relu\"/\"activation\": \"$activation\"/" "$network.safetensors" >"$room/${network##*/}.safetensors"
    network=$room/${network##*/}
  fi
  # shellcheck disable=SC2086 # options are words
  "$quillgen" calibrate --preset detector $options --network "$network.safetensors" --input "${network}_calibration.safetensors" --out "$room/scales.json" >"$room/log" 2>&1 ||
    { cat "$room/log"; return 1; }
  what=(--network "$network.safetensors" --scales "$room/scales.json" --input "${network}_scenes.safetensors" --scenes 0:1)
  # shellcheck disable=SC2086
  "$quillgen" simulate --preset detector $options $conditions "${what[@]}" $quick --json "$room/rtl.json" >"$room/log" 2>&1 || { grep '^quillgen: ' "$room/log" | head -1; return 1; }
  # shellcheck disable=SC2086
  "$quillgen" estimate --preset detector $options $conditions "${what[@]}" --json "$room/model.json" >"$room/log" 2>&1 || { cat "$room/log"; return 1; }
  # Without a scene nothing is pruned.
  # shellcheck disable=SC2001,SC2086
  "$quillgen" estimate --preset detector $options $(sed 's/--prune-[a-z]* [0-9.]*//g' <<<"$conditions") --network "$network.safetensors" --json "$room/drawn.json" >"$room/log" 2>&1 || { cat "$room/log"; return 1; }
}

compare() {
  python3 - "$room/rtl.json" "$room/model.json" "$room/drawn.json" "$1" "$2" "$3" <<'P'
import json, sys
rtl, model, drawn = (json.load(open(f))['runs'][0] for f in sys.argv[1:4])
counted = {k.lower(): v for k, v in rtl['counters'].items()}
off = lambda of, by: 100 * (of / by - 1)
error, bad = off(model['cycles'], counted['cycles']), []
worst = (0, '')
for a, b in zip(rtl['jobs'], model['jobs'], strict=True):
    e = off(b['cycles'], a['cycles'])
    if a['cycles'] >= 2000: worst = max(worst, (abs(e), f"{e:+.2f} % {a['name']}"))
    bad += [f"{a['name']}: {k} {a[k]}, not {b[k]}" for k in ('name', 'bytes', 'array_steps', 'products') if a[k] != b[k]]
if '--prune' not in sys.argv[6]: bad += [f"drawn: {b['name']}: {k} {b[k]}, not {a[k]}" for a, b in zip(rtl['jobs'], drawn['jobs'], strict=True) for k in ('name', 'array_steps', 'products') if a[k] != b[k]]
bad += [f"bytes_{k} {counted['bytes_' + k]}, not {v}" for k, v in model['bytes_by_client'].items() if v != counted['bytes_' + k]]
print(f'{sys.argv[4]:36} {sys.argv[5]:21} {counted["cycles"]:>8} {model["cycles"]:>9} {error:>+7.2f} % {off(drawn["cycles"], counted["cycles"]):>+7.2f} %  {worst[1]}' + ''.join(f'\n  {b}' for b in bad), flush=True)
sys.exit(1 if abs(error) > 5 or worst[0] > 10 or bad else 0)
P
}

printf '%-36s %-21s %8s %9s %9s %9s  %s\n' configuration network RTL estimate error drawn 'worst job'
failed=0 rows=0
while IFS='|' read -r name network conditions options; do
  case $name in '* '*) name=${name#'* '} ;; *) [ -z "$short" ] || continue ;; esac
  rows=$((rows + 1))
  { run "$network" "$conditions" "$options" && compare "$name" "$network" "$conditions"; } </dev/null || failed=$((failed + 1))
done < <(cases)
echo "$rows cases, $failed beyond 5 %, or 10 % in a job, or with other bytes or steps"
[ "$failed" -eq 0 ]
