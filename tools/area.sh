#!/usr/bin/env bash
# Area and longest path of every block of a preset in osu018, a standard-cell library of Debian (180 nm): Yosys maps, OpenSTA times the whole design.
# Before layout, that is without wires and with an ideal clock. Exit status 1 when a rule of tools/area/main.py is broken.
#   tools/area.sh [nano] [small] [detector] [pruned] [--json FILE] [--markdown FILE]
# Nano and small when none is named; pruned is small with all that preset defa has. Results stay in build/area. --markdown writes the table of tools/area/README.md.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
designs=()
files=()
while [ $# -gt 0 ]; do
  case "$1" in
    nano | small | detector | pruned) designs+=("$1") ;;
    --json | --markdown)
      [ $# -ge 2 ] || die "$1 needs the name of a file"
      files+=("$1" "$(realpath -m "$2")")
      shift
      ;;
    *) die "unknown argument $1; there are nano, small, detector, pruned, --json FILE and --markdown FILE" ;;
  esac
  shift
done
[ ${#designs[@]} -gt 0 ] || designs=(nano small)

bash "$root/tools/setup.sh" --area
cd "$root"
configure
ninja -C build generator/cli/quillgen | tail -1
pruned=(--set core.level_lanes=4 --set core.points_per_cycle=2 --set core.projection_columns=32 --set pruning.points=true --set pruning.max_range=16
  --set pruning.count_bits=16 --set order.bucket_bits=6 --set order.curve=strips --set order.window=1 --set order.distance_units=1
  --set feature_cache.line_shape=2x1 --set feature_cache.ways=8 --set feature_cache.replacement=use --set feature_cache.lines_per_cycle=2)
for design in "${designs[@]}"; do
  mkdir -p "build/area/$design"
  preset=(--preset "$design")
  [ "$design" != pruned ] || preset=(--preset small "${pruned[@]}")
  build/generator/cli/quillgen generate "${preset[@]}" --out "build/area/$design/rtl" --force >"build/area/$design/generate.log"
done
exec python3 tools/area/main.py build/area tools/area/reasons.txt "${designs[@]}" ${files[@]+"${files[@]}"}
