#!/usr/bin/env bash
# What the order of queries and the policy of the feature cache are worth in time, in RTL: cycles from the first to the last sample, and how busy the
# lanes were, of quill on a Deformable DETR encoder and a Sparse DETR layer of 30 %, on memory of 16 bytes a cycle with 200 cycles of latency, and on DDR4.
#   tools/order_benchmark.sh [SCALE] [LAYER..]     scale of the sides of the levels, 0.5 (5,600 tokens, half an hour) or 1 (22,223 tokens, some hours); encoder, sparse or both
# The cache holds 9 % of the map. The value map is given: what is measured is the core.
set -euo pipefail
scale=${1:-0.5}
case $scale in
  0.5) kilobytes=128 ;;
  1) kilobytes=512 ;;
  *) echo "tools/order_benchmark.sh $scale: must be 0.5 or 1, for which the cache is a power of two; choose one" >&2; exit 2 ;;
esac
layers=("${@:2}")
[ ${#layers[@]} -gt 0 ] || layers=(encoder sparse)
for layer in "${layers[@]}"; do
  case $layer in
    encoder | sparse) ;;
    *) echo "tools/order_benchmark.sh $scale $layer: no such layer; choose encoder, sparse or both" >&2; exit 2 ;;
  esac
done
cd "$(dirname "$0")/.."
quillgen=${QUILLGEN:-build/generator/cli/quillgen}
[ -x "$quillgen" ] || { echo "$quillgen: not built; run tools/quickstart.sh first, or set QUILLGEN" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$quillgen" workload --model deformable-detr --scale "$scale" --out "$work/encoder.safetensors" >/dev/null
"$quillgen" workload --model sparse-detr --scale "$scale" --queries 30% --out "$work/sparse.safetensors" >/dev/null

line="feature_cache.policy=line feature_cache.hashing=false feature_cache.bypass_distance=12 feature_cache.level_parts=[4,2,1,1] feature_cache.ways=2"
region="feature_cache.policy=region feature_cache.level_parts=[] feature_cache.hashing=true feature_cache.bypass_distance=0 feature_cache.line_shape=2x2 feature_cache.overlap=copy"
measure() {  # layer, memory, order, name of the cache, its settings
  local set=() s
  for s in feature_cache.kilobytes=$kilobytes $5; do set+=(--set "$s"); done
  local memory=(--latency 200)
  [ "$2" = 200 ] || memory=(--memory "$2")
  "$quillgen" simulate --preset quill --set order.bucket_bits="$3" "${set[@]}" --given-map --workload "$work/$1.safetensors" "${memory[@]}" \
    --json "$work/result.json" >/dev/null
  python3 - "$work/result.json" "$1" "$2" "$3" "$4" <<'EOF'
import json, sys
result = json.load(open(sys.argv[1]))
counters = result["counters"]
cycles = sum(counters[k] for k in ("SAMPLE", "WAIT_FEATURE", "WAIT_OUTPUT", "WAIT_POINT"))
order = "arrival" if sys.argv[4] == "0" else f"buckets {2 ** int(sys.argv[4])}x{2 ** int(sys.argv[4])}"
print(f"{sys.argv[2]:8} {sys.argv[3]:10} {order:14} {sys.argv[5]:12} {cycles:9} cycles, lanes busy {100 * counters['SAMPLE'] / cycles:5.1f} %, "
      f"features {counters['BYTES_FEATURE'] / 1e6:7.2f} MB, waited for the order {counters['WAIT_QUERY']:6} of {result['cycles']} cycles, "
      f"{'bit-exact' if result['bit_exact'] else 'MISMATCH'}", flush=True)
EOF
}
for layer in "${layers[@]}"; do
  for memory in 200 ddr4-2400; do
    for order in 0 5; do
      measure $layer $memory $order "line 2x2" "$line feature_cache.line_shape=2x2"
      measure $layer $memory $order "line 2x1" "$line feature_cache.line_shape=2x1"
      measure $layer $memory $order "region" "$region"
    done
  done
done
