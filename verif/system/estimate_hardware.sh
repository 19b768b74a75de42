#!/usr/bin/env bash
# The memory bits that `quillgen estimate` states are those of the SRAMs in the manifest of the generated RTL, bit for bit.
#   estimate_hardware.sh QUILLGEN
set -euo pipefail
quillgen=$1
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
failed=0
while read -r options; do
  # shellcheck disable=SC2086 # options are words
  "$quillgen" generate $options --out "$room/rtl" --force >/dev/null
  # shellcheck disable=SC2086
  "$quillgen" estimate $options --dense 1x1x1 --json "$room/estimate.json" >/dev/null
  python3 - "$room" "$options" <<'P' || failed=1
import json, sys
rtl, estimate = (json.load(open(f"{sys.argv[1]}/{f}")) for f in ("rtl/manifest.json", "estimate.json"))
bits = sum(m["depth"] * m["width"] for m in rtl["memories"] if m["wrapper"].endswith("sram_1r1w"))
stated = estimate["hardware"]["memory_bits"]
print(f"{sys.argv[2]}: {bits} bits in the RTL, {stated} estimated")
sys.exit(bits != stated)
P
done <<'C'
--preset nano
--preset small
--preset edge
--preset quill
--preset small --set core.head_lanes=2 --set feature_cache.ways=4 --set numerics.preset=int12
--preset small --set core.head_lanes=4 --set gemm.rows=1 --set memory.data_bits=512 --set feature_cache.ways=1
--preset small --set network.epilogue=true --set network.stream_bits=12
--preset small --set pruning.count_bits=12 --set core.head_lanes=2
--preset small --set core.level_lanes=4 --set core.head_lanes=2 --set pruning.count_bits=12 --set gemm.rows=12
--preset nano --set pruning.count_bits=8 --set pruning.points=true --set attention.max_tokens=4096
--preset small --set feature_cache.ways=8 --set feature_cache.replacement=use
--preset small --set feature_cache.line_shape=2x1 --set feature_cache.lines_per_cycle=2
--preset small --set feature_cache.line_shape=1x1 --set feature_cache.bypass_distance=12 --set feature_cache.level_parts=[32,16,8,8]
C
exit "$failed"
