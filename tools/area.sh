#!/usr/bin/env bash
# Area and longest path of every block of a preset in osu018, a standard-cell library of Debian (180 nm): Yosys maps, OpenSTA times the whole design.
# Before layout, that is without wires and with an ideal clock. Exit status 1 when a rule of tools/area/main.py is broken.
#   tools/area.sh [nano] [small] [detector] [--json FILE] [--markdown FILE]
# Nano and small when none is named; results stay in build/area. --markdown writes the table of tools/area/README.md.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
designs=()
files=()
while [ $# -gt 0 ]; do
  case "$1" in
    nano | small | detector) designs+=("$1") ;;
    --json | --markdown)
      [ $# -ge 2 ] || die "$1 needs the name of a file"
      files+=("$1" "$(realpath -m "$2")")
      shift
      ;;
    *) die "unknown argument $1; there are nano, small, detector, --json FILE and --markdown FILE" ;;
  esac
  shift
done
[ ${#designs[@]} -gt 0 ] || designs=(nano small)

bash "$root/tools/setup.sh" --area
cd "$root"
configure
ninja -C build generator/cli/quillgen | tail -1
for design in "${designs[@]}"; do
  mkdir -p "build/area/$design"
  build/generator/cli/quillgen generate --preset "$design" --out "build/area/$design/rtl" --force >"build/area/$design/generate.log"
done
exec python3 tools/area/main.py build/area tools/area/reasons.txt "${designs[@]}" ${files[@]+"${files[@]}"}
