#!/usr/bin/env bash
# Two designs with prefixes share a chip: no module of both, one elaboration of both, and one is proved.   prefix.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$1 examples=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
files=()
tops=()
for side in left right; do
  "$quillgen" generate --preset nano --prefix "${side}_" --out "$folder/$side"
  while read -r file; do files+=("$folder/$side/$file"); done <"$folder/$side/files.f"
  tops+=(-s "${side}_quillgen")
done
both=$({ ls "$folder/left"; ls "$folder/right"; } | LC_ALL=C sort | uniq -d | paste -sd ' ')
[ "$both" = 'Bender.yml files.f integration.md manifest.json quillgen_driver.c quillgen_driver.h quillgen_regs.h registers.md tb' ] || { echo "files of both: $both" >&2; exit 1; }
cmp "$folder"/{left,right}/quillgen_driver.c # one driver serves both
gcc -std=c11 -Wall -Wextra -pedantic -Werror -I"$folder/left" -I"$folder/right" -fsyntax-only -x c - <<'C'
#include "quillgen_driver.h"
#include "left_quillgen_config.h"
#include "right_quillgen_config.h"
const uint32_t left[QUILLGEN_CAPABILITIES] = {LEFT_QUILLGEN_EXPECTED}, right[QUILLGEN_CAPABILITIES] = {RIGHT_QUILLGEN_EXPECTED};
C
output=$(iverilog -g2005 -Wall -t null "${tops[@]}" "${files[@]}" 2>&1) || true
[ -z "$output" ] || { echo "$output" >&2; exit 1; }
echo "${#files[@]} files elaborated together"
"$quillgen" lint "$folder/left"
"$quillgen" simulate --rtl "$folder/left" --workload "$examples/official_test_shapes.safetensors" --stall 30 --quick-build
