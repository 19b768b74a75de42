#!/usr/bin/env bash
# How long the simulator of a preset takes to build and how many cycles a second it runs, as `simulate` builds it and as `simulate --quick-build`
# does, and their ratios. Nothing is taken from the cache. On a machine that does nothing else.
#   tools/simulator_speed.sh [PRESET [simulate option]...]      quill on the layer of Deformable DETR's size when none is named
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
bash "$root/tools/setup.sh"
cd "$root"
configure
say 'building quillgen'
ninja -C build generator/cli/quillgen | tail -1
preset=${1:-quill}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- --workload examples/deformable_detr_c256.safetensors
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# measured NAME OPTION...: prints a line; leaves build time and speed in $folder/NAME.
measured() {
  local name=$1
  shift
  XDG_CACHE_HOME="$folder/cache_$name" build/generator/cli/quillgen simulate --preset "$preset" "$@" >"$folder/out" 2>&1 || die "failed: $(cat "$folder/out")"
  awk '/^simulator built in/ { built = $4 } /^simulated/ { speed = $(NF - 2) }
    END { if (built == "" || speed == "") exit 1; print built, speed }' "$folder/out" >"$folder/$name" ||
    die "too short to time: $(cat "$folder/out")"
  awk -v name="$name" '{ printf "%-9s built in %5.1f s, %7d cycles a second\n", name, $1, $2 }' "$folder/$name"
}
measured optimised "$@"
measured quick --quick-build "$@"
paste "$folder/optimised" "$folder/quick" | awk '{ printf "optimised / quick: building %.1f, speed %.1f\n", $1 / $3, $2 / $4 }'
