#!/usr/bin/env bash
# What presets take of FPGAs: Yosys maps each to Xilinx 7 and to ECP5, block by block. Without placing and routing.
#   tools/fpga.sh [PRESET..] [--family xc7|ecp5] [--json FILE] [--markdown FILE]
# Nano, edge and detector on both when nothing is named, which takes some ten minutes. Results stay in build/fpga, and a design that has not changed is not
# mapped again. Exit status 1 when a large memory is not in block RAM, when any became flip-flops, or when a PE has fewer DSPs than products.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
designs=() families=() files=()
while [ $# -gt 0 ]; do
  case "$1" in
    nano | small | edge | quill | detector | defa) designs+=("$1") ;;
    --family | --json | --markdown)
      [ $# -ge 2 ] || die "$1 needs a value"
      if [ "$1" = --family ]; then families+=("$2"); else files+=("$1" "$(realpath -m "$2")"); fi
      shift
      ;;
    *) die "unknown argument $1; there are presets, --family xc7|ecp5, --json FILE and --markdown FILE" ;;
  esac
  shift
done
[ ${#designs[@]} -gt 0 ] || designs=(nano edge detector)
[ ${#families[@]} -gt 0 ] || families=(xc7 ecp5)

bash "$root/tools/setup.sh" --tests
cd "$root"
configure
ninja -C build generator/cli/quillgen | tail -1
for design in "${designs[@]}"; do
  mkdir -p "build/fpga/$design"
  build/generator/cli/quillgen generate --preset "$design" --out "build/fpga/$design/rtl" --force >"build/fpga/$design/generate.log"
done
exec python3 tools/fpga/main.py build/fpga --families "${families[@]}" --designs "${designs[@]}" ${files[@]+"${files[@]}"}
