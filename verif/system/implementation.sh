#!/usr/bin/env bash
# Nano with another reset, or with its clocks gated: clean in lint, bit-exact under stalls, and in every cycle as by default.
#   implementation.sh QUILLGEN EXAMPLES PATH=VALUE...
set -euo pipefail
quillgen=$1 workload=$2/official_test_shapes.safetensors
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { "$quillgen" simulate "$@" --workload "$workload" --stall 0,50 --latency 1,200 --seed 1,2 | grep -v '^simulator built'; }

"$quillgen" generate --preset nano "${@/#/--set=}" --out "$folder/rtl"
"$quillgen" lint "$folder/rtl"
run --preset nano >"$folder/expected"
run --rtl "$folder/rtl" --quick-build | diff "$folder/expected" -
echo 'equal to nano by default'
