#!/usr/bin/env bash
# What tools/fpga/main.py counts of nano, with a cache large enough for block RAM: the blocks add up to the design, every rule holds, and each is seen to
# fail on a design that breaks it.   fpga.sh QUILLGEN TOOLS
set -euo pipefail
quillgen=$1 tools=$2
command -v yosys >/dev/null || { echo 'skipped: yosys is missing: tools/setup.sh --tests'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/nano"
"$quillgen" generate --preset nano --set feature_cache.kilobytes=4 --out "$folder/nano/rtl"
fpga() { python3 "$tools/fpga/main.py" "$folder" --designs nano --families "$@" 2>"$folder/progress"; }

fpga xc7 ecp5 --json "$folder/fpga.json" --markdown "$folder/fpga.md" || { cat "$folder/progress"; exit 1; }
grep -q '^| nano | gemm_engine | [1-9]' "$folder/fpga.md"
python3 - "$folder/fpga.json" <<'P'
import json, sys
nano = json.load(open(sys.argv[1]))['nano']
for family, total in nano['all'].items():
    # Four banks of pixels of 512 words, in a block RAM each.
    assert total['bram'] >= 4 and total['dsp'] >= 16, (family, total)
    for column, number in total.items():
        blocks = sum(block[family][column] for block in nano['blocks'].values() if family in block)
        assert 0.97 * number <= blocks <= number, (family, column, number, blocks)
P

# broken PATTERN..: on Xilinx 7, exit status 1 and these lines.
broken() {
  local status=0
  fpga xc7 >"$folder/out" || status=$?
  for pattern in "$@"; do
    [ "$status" -eq 1 ] && grep -qxE "nano on xc7: $pattern" "$folder/out" || { echo "not found (status $status): $pattern"; cat "$folder/out" "$folder/progress"; exit 1; }
    echo "ok      $pattern"
  done
}
sed -i 's/(\* no_rw_check \*)/(* ram_style = "distributed" *)/' "$folder/nano/rtl/sram_1r1w.v"
sed -i 's/\(operands\[[0-9:]*\]) \)\*/\1+/' "$folder/nano/rtl/pe.v"
broken 'a memory of 512 x 16 bits is no block RAM' 'a PE of 2 products has 0 DSPs'
sed -i 's/ram_style = "distributed"/mem2reg/' "$folder/nano/rtl/sram_1r1w.v"
broken 'a memory of 512 x 16 bits is [89][0-9]{3} flip-flops'
