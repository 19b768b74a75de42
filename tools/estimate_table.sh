#!/usr/bin/env bash
# The cycle model against the RTL: simulates each case, estimates it, and prints the cycles of both. Fails when an error exceeds 5 %, or when
# line misses or bytes of any client differ at all.
#   tools/estimate_table.sh [--short] [QUILLGEN [MAKE_LAYER]]      --short: a few cases only
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
short='' quick=--quick-build
# The short list runs on simulators that other tests build too.
if [ "${1:-}" = --short ]; then short=1 quick='' && shift; fi
quillgen=$(realpath "${1:-$root/build/generator/cli/quillgen}")
make_layer=$(realpath "${2:-$root/build/verif/system/mutants/make_layer}")
examples=$root/examples
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"$make_layer" "$room/padded.safetensors" 1 64 4 4 200masked 15x22 9x11 5x6 3x3
"$make_layer" "$room/eight_heads.safetensors" 3 128 8 4 300 20x25 10x13 5x7
"$make_layer" "$room/listed.safetensors" 4 64 4 4 200listed 15x22 9x11 5x6 3x3
"$make_layer" "$room/ragged.safetensors" 2 36 3 3 101boxes 13x7 1x9

# Name, job, options; those of the short list have a star.
cases() {
  cat <<'C'
* nano|official_test_shapes|--preset nano
* small|tiny_detr_enc1|--preset small
small, encoder|encoder_c64|--preset small
* small, sparse queries|sparse_c64|--preset small
* small, decoder with boxes|decoder_c64_boxes|--preset small
small, padded|padded|--preset small
* small, padded, latency 10|padded|--preset small --latency 10
small, latency 500|sparse_c64|--preset small --latency 500
4 lanes, decoder, map given|tiny_detr_dec0|--preset small --set core.head_lanes=4 --set gemm.columns=32 --latency 20 --given-map
edge|eight_heads|--preset edge
edge, fitted|encoder_c64|--preset edge --fit
quill|deformable_detr_c256|--preset quill
2 lanes|encoder_c64|--preset small --set core.head_lanes=2
4 lanes, wide array|encoder_c64|--preset small --set core.head_lanes=4 --set gemm.rows=6
4 lanes, latency 500|sparse_c64|--preset small --set core.head_lanes=4 --set gemm.rows=6 --latency 500
* 2 level lanes|encoder_c64|--preset small --set core.level_lanes=2 --set core.projection_columns=8
4 level lanes, wide bus|encoder_c64|--preset small --set core.level_lanes=4 --set core.projection_columns=16 --set gemm.rows=12 --set memory.data_bits=512 --set memory.max_outstanding=256
4 level lanes, boxes, shares|decoder_c64_boxes|--preset small --set core.level_lanes=4 --set core.projection_columns=16 --set gemm.rows=12 --set feature_cache.level_parts=[4,2,1,1]
4 level lanes, points dropped|tiny_detr_enc1|--preset small --set core.level_lanes=4 --set core.points_per_cycle=2 --set pruning.points=true --set core.projection_columns=16 --set gemm.rows=12 --prune-points 0.03
2 head by 2 level lanes, pixels|encoder_c64|--preset small --set core.head_lanes=2 --set core.level_lanes=2 --set core.projection_columns=8 --set gemm.rows=12 --set pruning.count_bits=12 --prune-pixels 0.7
narrow bus|sparse_c64|--preset small --set memory.data_bits=64
wide bus|sparse_c64|--preset small --set memory.data_bits=512
cache of 2 KB|sparse_c64|--preset small --set feature_cache.kilobytes=2
cache of 2 KB, 4 lines under way|decoder_c64_boxes|--preset small --set feature_cache.kilobytes=2 --set memory.max_outstanding=4
short run-ahead|decoder_c64_boxes|--preset small --set feature_cache.run_ahead=8
small array|tiny_detr_enc0|--preset small --set gemm.rows=1 --set gemm.depth=2
large array|tiny_detr_enc0|--preset small --set gemm.rows=8 --set gemm.columns=32 --set gemm.depth=16
array that drains slowly|tiny_detr_enc2|--preset small --set gemm.depth=64
one projection column|tiny_detr_dec1|--preset small --set core.projection_columns=1
int12, direct-mapped|tiny_detr_enc2|--preset small --set numerics.preset=int12 --set feature_cache.kilobytes=8 --set feature_cache.ways=1
nano, odd sides, boxes|ragged|--preset nano --fit
4 ways, 2 lanes, narrow bus|padded|--preset small --set core.head_lanes=2 --set feature_cache.ways=4 --set feature_cache.kilobytes=8 --set memory.data_bits=64
* lines of a pixel, shares of levels, bypass|encoder_c64|--preset small --set feature_cache.line_shape=1x1 --set feature_cache.ways=1 --set feature_cache.hashing=false --set feature_cache.bypass_distance=4 --set feature_cache.kilobytes=8 --set feature_cache.level_parts=[4,2,1,1]
* lines of a pixel, two a cycle|sparse_c64|--preset small --set feature_cache.line_shape=1x1 --set feature_cache.lines_per_cycle=2 --set feature_cache.kilobytes=8 --latency 20
lines of two pixels, two a cycle|encoder_c64|--preset small --set feature_cache.line_shape=2x1 --set feature_cache.lines_per_cycle=2 --set feature_cache.kilobytes=8
lines of two pixels, 8 ways|sparse_c64|--preset small --set feature_cache.line_shape=2x1 --set feature_cache.ways=8 --set feature_cache.kilobytes=8 --set core.head_lanes=2
blocks, shares of levels, bypass|decoder_c64_boxes|--preset small --set feature_cache.bypass_distance=6 --set feature_cache.kilobytes=8 --set feature_cache.level_parts=[2,2,2,2]
nano, bypass, lowest bits|ragged|--preset nano --fit --set feature_cache.bypass_distance=2 --set feature_cache.hashing=false
order of arrival|sparse_c64|--preset small --set order.bucket_bits=0 --set order.window=1 --set order.distance_units=1
buckets alone|tiny_detr_enc1|--preset small --set order.bucket_bits=6 --set order.window=1 --set order.distance_units=1
window alone|encoder_c64|--preset small --set order.bucket_bits=0 --set order.window=64 --set order.distance_units=16
small, listed|listed|--preset small
* regions, copied|tiny_detr_enc1|--preset small --set feature_cache.policy=region --set feature_cache.overlap=copy
regions, fetched again, 2 lanes|encoder_c64|--preset small --set feature_cache.policy=region --set feature_cache.margin=4 --set core.head_lanes=2
regions, boxes, latency 500|decoder_c64_boxes|--preset small --set feature_cache.policy=region --set feature_cache.overlap=copy --latency 500
regions of 4 queries, narrow bus|sparse_c64|--preset small --set feature_cache.policy=region --set feature_cache.overlap=copy --set feature_cache.region_queries=4 --set memory.data_bits=64
* regions of ranges|tiny_detr_enc1|--preset small --set feature_cache.policy=region --set feature_cache.overlap=copy --set pruning.max_range=4 --set feature_cache.region_ranges=[4,3,2,1] --range 4,3,2,1
regions of ranges, boxes, 2 lanes, narrow bus|decoder_c64_boxes|--preset small --set feature_cache.policy=region --set core.head_lanes=2 --set memory.data_bits=64 --set pruning.max_range=3 --set feature_cache.region_ranges=[3,2,1,0] --range 3,2,1,0
* pixels counted|encoder_c64|--preset small --set pruning.count_bits=16 --prune-pixels 0.7
pixels counted, 2 lanes, padded|padded|--preset small --set pruning.count_bits=12 --set core.head_lanes=2 --prune-pixels 0.7
pixels counted, map given|tiny_detr_enc1|--preset small --set pruning.count_bits=8 --prune-pixels 1 --given-map
* nano, dense|13x15x7|--preset nano
small, dense|340x64x256|--preset small
* small, dense in panels|100x256x130|--preset small
edge, dense|300x128x512|--preset edge
small, dense, 1 row|1x250x33|--preset small
2 lanes, dense|77x100x61|--preset small --set core.head_lanes=2
C
}

# name|job|options: simulated and estimated with the same options.
run() {
  local job=$1 options=$2 what
  if [[ $job =~ ^[0-9]+x ]]; then what=(--dense "$job")
  elif [ -e "$room/$job.safetensors" ]; then what=(--workload "$room/$job.safetensors")
  else what=(--workload "$examples/$job.safetensors"); fi
  # shellcheck disable=SC2086 # options are words
  "$quillgen" simulate $options "${what[@]}" $quick --json "$room/rtl.json" >"$room/log" 2>&1 || { grep '^quillgen: ' "$room/log" | head -1; return 1; }
  # shellcheck disable=SC2086
  "$quillgen" estimate $options "${what[@]}" --json "$room/model.json" >"$room/log" 2>&1 || { cat "$room/log"; return 1; }
}

compare() {
  python3 - "$room/rtl.json" "$room/model.json" "$1" "$2" <<'P'
import json, sys
rtl, model = (json.load(open(f)) for f in sys.argv[1:3])
counted = {k.lower(): v for k, v in rtl["counters"].items()}
error = 100 * (model["cycles"] / counted["cycles"] - 1)
wrong = [k for k, v in model["counters"].items() if k in counted and (k.startswith("bytes") or k in ("line_misses", "line_hits", "samples", "gemm_project")) and v != counted[k]]
print(f'{sys.argv[3]:34} {sys.argv[4]:22} {counted["cycles"]:>9} {model["cycles"]:>9} {error:>+7.2f} %' + "".join(f"  {k} {counted[k]}, not {model['counters'][k]}" for k in wrong), flush=True)
sys.exit(1 if abs(error) > 5 or wrong else 0)
P
}

printf '%-34s %-22s %9s %9s %9s\n' configuration job RTL estimate error
failed=0 rows=0
while IFS='|' read -r name job options; do
  case $name in '* '*) name=${name#'* '} ;; *) [ -z "$short" ] || continue ;; esac
  rows=$((rows + 1))
  { run "$job" "$options" && compare "$name" "$job"; } </dev/null || failed=$((failed + 1))
done < <(cases)
echo "$rows cases, $failed beyond 5 % or with other misses or bytes"
[ "$failed" -eq 0 ]
