#!/usr/bin/env bash
# The project itself, built from nothing, takes at most 350 s of CPU time, all processors together.
#   build_cost.sh TOOLS
set -euo pipefail
most_seconds=350
out=$(env -u CXX "$1/build_time.sh")
printf '%s\n' "$out"
seconds=$(sed -nE 's/^([0-9]+) CPU seconds,.*/\1/p' <<<"$out")
[ -n "$seconds" ] || { echo 'nothing was measured'; exit 1; }
[ "$seconds" -le "$most_seconds" ] || { echo "more than $most_seconds s"; exit 1; }
