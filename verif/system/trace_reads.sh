#!/usr/bin/env bash
# What `trace` says of a layer is what the RTL reads; its table, picture and numbers agree.
#   trace_reads.sh QUILLGEN LAYER_OF_NANO
set -euo pipefail
quillgen=$1 layer=$2
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
number() { grep -m1 "\"$2\"" "$room/$1" | tr -dc '0-9'; } # FILE KEY

nano=(--preset nano --workload "$layer")
"$quillgen" simulate "${nano[@]}" --json "$room/rtl.json" >/dev/null
"$quillgen" trace "${nano[@]}" --table --svg "$room/order.svg" --json "$room/trace.json" >"$room/text"
misses=$(number rtl.json LINE_MISSES) lines=$(number trace.json lines)
echo "lines read: $misses by the RTL, $lines by the trace"
[ "$misses" -eq "$lines" ] || exit 1
[ "$(number rtl.json feature_bytes)" -eq "$(number trace.json bytes)" ] || { echo 'bytes differ'; exit 1; }
least=$(number trace.json min_same_sets_lines) full=$(number trace.json min_full_lines)
[ "$full" -gt 0 ] && [ "$full" -le "$least" ] && [ "$least" -le "$misses" ] || { echo "MIN: $full, $least"; exit 1; }
[ "$(grep -c '^  MIN, same sets ' "$room/text")" -eq 6 ] && [ "$(grep -c '^  MIN, fully' "$room/text")" -eq 6 ] || { echo 'the table has no MIN'; exit 1; }
[ "$(grep -c '"kilobytes"' "$room/trace.json")" -ge 31 ] || { echo 'the table is not whole'; exit 1; }
grep -q '</svg>' "$room/order.svg" || { echo 'no picture'; exit 1; }
[ "$(grep -cE '^(arrival|window|16x16|64x64|compulsory)' "$room/text")" -ge 7 ] || { cat "$room/text"; exit 1; }
"$quillgen" trace --preset quill --model deformable-detr --scale 0.2 --set order.bucket_bits=4 --svg "$room/order.svg" >/dev/null
grep -q '16x16 buckets' "$room/order.svg" || { echo 'no picture of the order'; exit 1; }
