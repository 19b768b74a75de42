#!/usr/bin/env bash
# Area and longest path of every block of a design: Yosys maps, OpenSTA times the whole. In osu018, a standard-cell library of Debian (180 nm), or any.
# Before layout, that is without wires and with an ideal clock. Exit status 1 when a rule of tools/area/main.py is broken.
#   tools/area.sh [PRESET..] [pruned] [--config FILE] [--library FILE] [--driver CELL] [--json FILE] [--markdown FILE]
# Nano and small when none is named; pruned is small with all that preset defa has; --config takes any configuration, --library a liberty file (.lib or
# .lib.gz) and --driver the cell that drives its inputs. Results stay in build/area, of another library in build/area-NAME. --markdown writes the table of
# tools/area/README.md.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
designs=()
files=()
library= config=
while [ $# -gt 0 ]; do
  case "$1" in
    nano | small | edge | quill | detector | defa | pruned) designs+=("$1") ;;
    --json | --markdown | --library | --config)
      [ $# -ge 2 ] || die "$1 needs the name of a file"
      [ "$1" = --config ] || files+=("$1" "$(realpath -m "$2")")
      [ "$1" != --config ] || config=$(realpath "$2") designs+=(config)
      [ "$1" != --library ] || library=-$(basename "$2" .gz)
      shift
      ;;
    --driver)
      [ $# -ge 2 ] || die "$1 needs the name of a cell"
      files+=("$1" "$2")
      shift
      ;;
    *) die "unknown argument $1; there are presets, pruned, --config, --library, --driver, --json and --markdown, each with a value" ;;
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
folder=build/area${library%.lib}
for design in "${designs[@]}"; do
  mkdir -p "$folder/$design"
  preset=(--preset "$design")
  [ "$design" != pruned ] || preset=(--preset small "${pruned[@]}")
  [ "$design" != config ] || preset=(--config "$config")
  build/generator/cli/quillgen generate "${preset[@]}" --out "$folder/$design/rtl" --force >"$folder/$design/generate.log"
done
exec python3 tools/area/main.py "$folder" tools/area/reasons.txt "${designs[@]}" ${files[@]+"${files[@]}"}
