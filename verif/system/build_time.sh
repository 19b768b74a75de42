#!/usr/bin/env bash
# The simulator of preset nano is built, from nothing, in less than 30 s.
#   build_time.sh QUILLGEN EXAMPLES
set -euo pipefail
HOME=$(mktemp -d)
export HOME XDG_CACHE_HOME=$HOME/cache
trap 'rm -rf "$HOME"' EXIT
out=$("$1" simulate --preset nano --workload "$2/official_test_shapes.safetensors")
printf '%s\n' "$out"
seconds=$(sed -nE 's/.*simulator built in ([0-9]+)(\.[0-9]+)? s.*/\1/p' <<<"$out")
[ -n "$seconds" ] || { echo 'no simulator was built'; exit 1; }
[ "$seconds" -lt 30 ] || { echo "built in $seconds s or more"; exit 1; }
