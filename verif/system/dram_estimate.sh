#!/usr/bin/env bash
# Cycles estimated with a DRAM behind the port against the RTL: within 5 %, also where memory and nothing else sets the pace.
#   dram_estimate.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$1 examples=$2
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
# 3.2 GB a second; an access is a beat of small, so that it does not matter where the rows of the harness begin.
cat >"$room/narrow.json" <<'J'
{"clock_mhz": 500, "data_rate_mts": 800, "data_bits": 32, "burst_length": 4, "banks": 8, "row_bytes": 2048, "lookahead": 8, "controller_ns": 30,
 "timing_ns": {"tRCD": 15, "tRP": 15, "tRAS": 40, "CL": 15, "CWL": 10, "tRRD": 7.5, "tFAW": 40, "tRTP": 7.5, "tWR": 15, "tWTR": 7.5, "tRTW": 2.5,
  "tREFI": 7800, "tRFC": 160}}
J
worst=0 slower=0 failed=0
while read -r memory layer set; do
  [ "$memory" = narrow ] && memory=$room/narrow.json
  case=(--preset small ${set:+--set "$set"} --workload "$examples/$layer.safetensors")
  "$quillgen" simulate "${case[@]}" --memory "$memory" --json "$room/rtl" >/dev/null
  "$quillgen" estimate "${case[@]}" --memory "$memory" --json "$room/estimate" >/dev/null
  "$quillgen" estimate "${case[@]}" --latency 50 --json "$room/fixed" >/dev/null
  python3 - "$room" "${memory##*/}" "$layer" "$set" <<'P' || failed=1
import json, sys
room, *name = sys.argv[1:]
rtl, estimate, fixed = (json.load(open(f'{room}/{kind}'))['cycles'] for kind in ('rtl', 'estimate', 'fixed'))
off = 100 * (estimate / rtl - 1)
print(f"{' '.join(name):60} RTL {rtl:7}, estimated {estimate:7} ({off:+.1f} %), at a latency of 50 cycles {fixed:7}")
# Where memory sets the pace a latency alone would be far off: the comparison is worth something.
if name[0] == 'narrow.json' and fixed > 0.8 * rtl:
    sys.exit('memory does not set the pace here')
sys.exit(abs(off) > 5)
P
done <<'CASES'
ddr4-2400 encoder_c64
lpddr4-3200 encoder_c64
lpddr4-3200 tiny_detr_dec0
narrow encoder_c64
narrow sparse_c64
narrow tiny_detr_dec0
lpddr4-3200 tiny_detr_enc1 feature_cache.kilobytes=16
narrow tiny_detr_enc1 feature_cache.kilobytes=16
CASES
exit $failed
