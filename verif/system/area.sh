#!/usr/bin/env bash
# Area and paths of nano: a line for every block, every rule of tools/area/main.py kept, and each rule seen to fail on a design or a list of reasons
# that breaks it.   area.sh QUILLGEN TOOLS
set -euo pipefail
quillgen=$1 tools=$2
command -v sta >/dev/null && command -v yosys >/dev/null && [ -f /usr/share/qflow/tech/osu018/osu018_stdcells.lib ] ||
  { echo 'skipped: yosys, sta or the cells of osu018 are missing: tools/setup.sh --area (Debian 12)'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/nano"
"$quillgen" generate --preset nano --out "$folder/nano/rtl"
area() { python3 "$tools/area/main.py" "$folder" "$1" nano --json "$folder/area.json" --markdown "$folder/area.md" 2>"$folder/progress"; }

area "$tools/area/reasons.txt" | tee "$folder/out" || { cat "$folder/progress"; exit 1; }
grep -qx 'every rule holds' "$folder/out"
grep -qE 'multipliers and adders, each mapped alone, are [1-9][0-9.]* % of the logic area' "$folder/out"
# Everything that the top and these modules instantiate, but the FIFOs between, has a line with an area and a path; a block with parameters has
# the name of its instance.
blocks=$(sed -nE 's/^  (\w+)( #\(.*\))? u_\w+ \($/\1/p' "$folder"/nano/rtl/{quillgen,gemm_unit,msda_core,sampling_lane}.v |
  grep -vE '^((sram_)?fifo|burst_reader|gemm_unit|msda_core|sampling_lane)$' | sort -u)
for block in $blocks job_reader; do
  grep -qE "^$block +[1-9][0-9]* +[1-9][0-9]* .* [1-9][0-9]*\.[0-9]{2}  \S+ -> \S+$" "$folder/out" || { echo "no line for $block"; exit 1; }
done
python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["nano"]["blocks"]) > 20' "$folder/area.json"
# The table of tools/area/README.md: its rows add up, and what has none of its own is a tenth at most.
python3 - "$folder/area.md" <<'P'
import sys
rows = [[cell.strip() for cell in line.strip('|\n').split('|')] for line in open(sys.argv[1])][2:]
um2 = [int(row[1].replace(',', '')) for row in rows]
others = [int(row[1].replace(',', '')) for row in rows if 'others' in row[0]]
assert rows[-1][0] == 'all' and abs(sum(um2[:-1]) - um2[-1]) <= len(rows), um2
assert len(others) == 1 and others[0] <= 0.1 * um2[-1], others
P

# Square millimetres of the library as `estimate` tells them.
"$quillgen" estimate --preset nano --dense 1x1x1 --library osu018 --json "$folder/estimate.json" >/dev/null
python3 - "$folder/area.json" "$folder/estimate.json" <<'P'
import json, sys
mapped, told = json.load(open(sys.argv[1]))['nano']['total']['um2'] / 1e6, json.load(open(sys.argv[2]))['mm2']['logic']
print(f'mapped {mapped:.3f} mm2, estimated {told:.3f}')
assert abs(told / mapped - 1) < 0.02
P

# broken PATTERN REASONS: exit status 1 and such a line.
broken() {
  local status=0
  area "$2" >"$folder/out" || status=$?
  [ "$status" -eq 1 ] && grep -qE "$1" "$folder/out" || { echo "not found (status $status): $1"; cat "$folder/out" "$folder/progress"; exit 1; }
  echo "ok      $1"
}
echo 'nano u_core/u_lane_0/u_softmax/*: not so' >"$folder/stale.txt"
broken 'nano: .*stale.txt explains paths to u_core/u_lane_0/u_softmax/\*, but none is too long' "$folder/stale.txt"
sed -i 's/columns_left \* gy;/columns_left * gy * columns_left * gy * gy;/' "$folder/nano/rtl/weight_gen.v"
broken 'weight_gen: [2-9] multipliers in series' "$tools/area/reasons.txt"
broken 'too long: [0-9.]+ ns from .* to u_core/u_lane_0/u_weight_gen/product_w00' "$tools/area/reasons.txt"
