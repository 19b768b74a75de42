#!/usr/bin/env bash
# The bench of an output folder on the packed job of nano. runs: passes in Icarus and Verilator, and fails for a wrong bit in what is expected, in an
# input or in a register, for a fault in the Verilog, a job of another design, a hang. rules: fails for each rule of the buses that is broken.
#   testbench.sh QUILLGEN EXAMPLES runs|rules
set -euo pipefail
quillgen=$(realpath "$1") layer=$(realpath "$2")/official_test_shapes.safetensors which=$3
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
failed=0

# run FOLDER JOB [VARIABLE=VALUE..]: the bench; what it printed goes to ./output.
run() {
  local folder=$1 job=$2 status=0
  shift 2
  timeout 300 make -s -C "$folder/tb" JOB="$job" "$@" >output 2>&1 || status=$?
  return $status
}
passes() { # NAME FOLDER JOB ..
  local name=$1
  shift
  if run "$@" && [ "$(grep -cE '^(PASS|FAIL) ' output)" = 1 ] && [[ $(tail -n 1 output) = PASS\ * ]]; then echo "ok      $name: $(tail -n 1 output)"
  else echo "FAILED  $name"; tail -n 30 output; failed=1; fi
}
fails() { # NAME PATTERN FOLDER JOB ..: with an error like PATTERN, and one last line FAIL
  local name=$1 pattern=$2
  shift 2
  if ! run "$@" && grep -qE "^error: .*$pattern" output && [ "$(grep -cE '^(PASS|FAIL) ' output)" = 1 ]; then echo "ok      $name: $(grep -E "^error: .*$pattern" output | sed -n 1p)"
  else echo "FAILED  $name: no \"$pattern\""; tail -n 30 output; failed=1; fi
}
# changed NAME FILE FROM TO: a copy of the folder `rtl` with that line of a file changed.
changed() {
  cp -r rtl "$1"
  grep -qF -- "$3" "$1/$2" || { echo "$2 has no $3" >&2; exit 1; }
  python3 - "$1/$2" "$3" "$4" <<'E2'
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
open(path, 'w').write(text.replace(old, new, 1))
E2
}

"$quillgen" generate --preset nano --out rtl >/dev/null
"$quillgen" pack --preset nano --workload "$layer" --out job >/dev/null
"$quillgen" pack --preset nano --workload "$layer" --base 0x1234567040 --out high >/dev/null
if [ "$which" = runs ]; then
passes Icarus rtl job
passes 'by interrupt, stalls' rtl job STALL=30 SEED=2 ARGS=+irq
passes 'stalls, latency' rtl job STALL=80 LATENCY=200 SEED=3
passes 'no checks in the design' rtl job CHECKS=0
passes 'above 4 GiB, not at a page' rtl high STALL=30
passes Verilator rtl job SIM=verilator STALL=30

# One bit of what is expected, of an input, of a register; another design.
bit() { # FILE LINE: flips a bit of that line of a hex file
  python3 - "$1" "$2" <<'E2'
import sys
path, line = sys.argv[1], int(sys.argv[2])
lines = open(path).read().split('\n')
lines[line] = lines[line][:-1] + '%x' % (int(lines[line][-1], 16) ^ 1)
open(path, 'w').write('\n'.join(lines))
E2
}
word() { python3 -c "
import json
for r in json.load(open('job/job.json'))['regions']:
    if r['name'] == '$1': print(int(r['address'], 16) // 8)"; }
for what in expected memory; do cp -r job "job_$what" && rm -rf "job_$what/build"; done
bit job_expected/expected.hex "$(word output_rows)"
bit job_memory/memory.hex "$(word source_rows)"
fails 'a wrong bit expected' 'output_rows, byte 0 at address .*: expected .., got ..$' rtl job_expected
fails 'a wrong bit in a source row' 'value_map, byte' rtl job_memory
fails 'a wrong bit in a source row, Verilator' 'value_map, byte' rtl job_memory SIM=verilator BUILD="$room/verilated"
cp -r job job_cap && sed -i 's/^expect 008 ......../expect 008 22020008/' job_cap/host.txt
fails 'another capability' 'register 008 is 22020004, expected 22020008' rtl job_cap
"$quillgen" pack --preset nano --set memory.max_outstanding=4 --workload "$layer" --out job_other >/dev/null
fails 'a job of another design' 'packed for design' rtl job_other
sed 's/^format 1/format 9/' job/host.txt >host && cp -r job job_format && cp host job_format/host.txt
fails 'another format' 'format 9 of a packed job' rtl job_format
cp -r job job_descriptor && bit job_descriptor/memory.hex "$(word descriptor)"
fails 'a broken descriptor' 'ERROR is 1, ERROR_DETAIL 00000000' rtl job_descriptor

# The Verilog: a wrong sum, and a hang.
changed rtl_sum pe.v '+' '-'
fails 'a fault in a PE' 'value_map, byte|output_rows, byte' rtl_sum job
changed rtl_hang tb/axi_memory.v 'awready <= due &&' 'awready <= 1'"'"'b0 &&'
fails 'a hang' 'hang: no transfer' rtl_hang job
else
# Every rule of the buses, broken in what the checks see of a port: EXPRESSION in place of a signal.
rule() { # CHECKS NAME PATTERN [SIGNAL EXPRESSION]..
  local checks=$1 name=$2 pattern=$3
  shift 3
  rm -rf rtl_rule rule
  cp -r rtl rtl_rule
  python3 - rtl_rule/tb/quillgen_tb.v "$checks" "$@" <<'E2'
import re, sys
path, checks, *pairs = sys.argv[1:]
text = open(path).read()
begin = re.search(r'^  (\w+ )?%s [#(]' % checks, text, re.M).start()
end = text.index(');\n', begin)
instance = text[begin:end]
for signal, expression in zip(pairs[::2], pairs[1::2]):
    instance, found = re.subn(r'(\.%s\s+)\([^\n]*\)(,?\n)' % signal, lambda m: m[1] + '(' + expression + ')' + m[2], instance)
    assert found == 1, signal
open(path, 'w').write(text[:begin] + instance + text[end:])
E2
  fails "$name" "$pattern" rtl_rule job STALL=50 CHECKS=0 BUILD="$room/rule"
}
axi() { rule axi_checks "$1" "AXI $@"; }
axi 'AR: valid is x' arvalid "cycle == 300 ? 1'bx : m_axi_arvalid"
axi 'R: ready is x' rready "1'bx"
axi 'AR: valid was withdrawn' arvalid 'm_axi_arvalid && cycle[0]'
axi 'AW: valid was withdrawn' awvalid 'm_axi_awvalid && cycle[0]'
axi 'W: valid was withdrawn' wvalid 'm_axi_wvalid && cycle[0]'
axi 'B: valid was withdrawn' bready "1'b0"
axi 'AR: the payload changed' araddr "m_axi_araddr ^ {cycle[0], 6'd0}"
axi 'AW: the payload changed' awlen 'm_axi_awlen ^ cycle[0]'
axi 'W: the payload changed' wdata 'm_axi_wdata ^ cycle[0]'
axi 'R: the payload changed' rready "1'b0"
axi 'R: x in the payload' rdata "{DATA_BITS{1'bx}}"
axi 'AW: the burst is not INCR' awburst "2'd2"
axi 'AR: the size is not the full width' arsize "3'd2"
axi 'AR: more than 16 beats' arlen "8'd16"
axi 'AR: the address is not aligned' araddr 'm_axi_araddr | 1'
axi 'AR: the burst crosses 4 KiB' araddr "m_axi_araddr | 12'hff8"
axi 'AR: the burst leaves the memory' bytes 'bytes - 64'
axi 'AR: the burst leaves the memory' base 'base + 64'
axi 'AR: an ID that reads nothing' arid "3'd6"
axi 'AR: more bursts open' MOST_OPEN '80'"'"'d0'
axi 'AW: an ID that writes nothing' awid "3'd1"
axi 'AW: more writes open' MOST_OPEN_WRITES '0'
axi 'W: a strobe is 0' wstrb "8'h7f"
axi 'W: WLAST is misplaced' wlast "1'b1"
axi 'W: WLAST is misplaced' wlast "1'b0"
axi 'W: before its address' awvalid "1'b0"
axi 'R: of an ID without an open burst' arvalid "1'b0"
axi 'R: RLAST is misplaced' rlast "1'b1"
axi 'R: the response is not OKAY' rresp "2'd2"
axi 'B: of an ID that writes nothing' bid "3'd1"
axi 'B: the response is not OKAY' bresp "2'd3"
axi 'B: before the data of a write' wvalid "1'b0"
for channel in aw w b ar r; do axi "${channel^^}: valid in reset" ${channel}valid "m_axi_${channel}valid || reset"; done
rule axi_checks 'the port is not quiet at the end' 'the job has ended, but the memory port has not' bvalid "1'b0"
lite() { rule axil_checks "$1" "AXI4-Lite $@"; }
lite 'R: valid is x' rvalid "cycle == 40 ? 1'bx : s_axil_rvalid"
lite 'AW: ready is x' awready "1'bx"
lite 'B: valid was withdrawn' bvalid 's_axil_bvalid && cycle[0]'
lite 'R: the payload changed' rdata 's_axil_rdata ^ cycle[0]'
lite 'AR: x in the payload' araddr "12'hx"
lite 'B: the response is not OKAY' bresp "2'd1"
lite 'R: the response is not OKAY' rresp "2'd1"
lite 'B: nothing was written' awvalid "1'b0"
lite 'R: nothing was asked for' arvalid "1'b0"
lite 'B: valid in reset' bvalid 's_axil_bvalid || reset'
lite 'R: valid in reset' rvalid 's_axil_rvalid || reset'
lite 'A: valid in reset' awvalid 's_axil_awvalid || reset'
rule dut 'no interrupt' 'irq is z while register 054 is 00000001' irq ''

# .. and by the Verilog itself.
changed rtl_burst burst_reader.v '5'"'"'d16' '5'"'"'d20'
sed -i 's/to_page < 16/to_page < 20/' rtl_burst/burst_reader.v
fails 'a reader of long bursts' 'AXI AR: more than 16 beats' rtl_burst job
changed rtl_size quillgen.v 'm_axi_awsize = 3'"'"'d3' 'm_axi_awsize = 3'"'"'d2'
fails 'writes of another size' 'AXI AW: the size is not the full width' rtl_size job
fi
[ "$failed" -eq 0 ] || exit 1
