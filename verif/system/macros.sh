#!/usr/bin/env bash
# The wrappers with cells of a library behind them, chosen by defines: equal to nano by default, clean in lint; as black boxes they can be synthesised.
#   macros.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$(realpath "$1") workload=$2/official_test_shapes.safetensors
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { "$quillgen" simulate "$@" --workload "$workload" --stall 0,50 --latency 1,200 --seed 1,2 | grep -v '^simulator built'; }

"$quillgen" generate --preset nano --set implementation.reset=async_low --set implementation.clock_gating=true --out "$folder/rtl"
cd "$folder/rtl"
yosys -q -p "read_verilog -DQUILLGEN_SRAM_BLACK_BOX -DQUILLGEN_REGFILE_BLACK_BOX $(paste -sd ' ' files.f); hierarchy -check -top quillgen; proc; check -assert;
  select -assert-count 14 =A:blackbox" # the ports of both wrappers
iverilog -g2005 -Wall -t null -s quillgen -DQUILLGEN_SRAM_BLACK_BOX -DQUILLGEN_REGFILE_BLACK_BOX $(<files.f)

ports='#(parameter WIDTH = 1, parameter DEPTH = 2, parameter ADDRESS_BITS = 1) (
  input wire clk, input wire write, input wire [ADDRESS_BITS-1:0] write_address, input wire [WIDTH-1:0] write_data,
  input wire read, input wire [ADDRESS_BITS-1:0] read_address, output wire [WIDTH-1:0] read_data);
  reg [WIDTH-1:0] cells [0:DEPTH-1];
  always @(posedge clk) if (write) cells[write_address] <= write_data;'
cat >library.v <<V
\`define QUILLGEN_SRAM_MACRO my_sram
\`define QUILLGEN_REGFILE_MACRO my_regfile
\`define QUILLGEN_CLOCK_GATE my_clock_gate
\`define QUILLGEN_RESET_GATE my_reset_gate
V
cat >my_sram.v <<V
module my_sram $ports
  reg [WIDTH-1:0] q;
  always @(posedge clk) if (read) q <= cells[read_address];
  assign read_data = q;
endmodule
V
cat >my_regfile.v <<V
module my_regfile $ports
  assign read_data = cells[read_address] & {WIDTH{read}};
endmodule
V
cat >my_reset_gate.v <<V
module my_reset_gate (input wire rst_n, input wire block_reset, input wire test_mode, output wire block_rst_n);
  assign block_rst_n = test_mode ? rst_n : (rst_n & ~block_reset);
endmodule
V
cat >my_clock_gate.v <<V
module my_clock_gate (input wire clk, input wire enable, input wire test_mode, output wire gated_clk);
  reg open;
  always @(negedge clk) open <= enable | test_mode;
  assign gated_clk = clk & open;
endmodule
V
{ echo library.v; ls my_*.v; cat files.f; } >list && mv list files.f
"$quillgen" lint .
# The latch of a real cell, which lint would report.
sed -i 's/always @(negedge clk) open <=/always @* if (!clk) open =/' my_clock_gate.v
run --preset nano >"$folder/expected"
run --rtl . --quick-build | diff "$folder/expected" -
sed -i 's/read_data = q/read_data = ~q/' my_sram.v # it is the macro that is used
if run --rtl . --quick-build >/dev/null 2>&1; then echo 'the macro is not used' >&2; exit 1; fi
echo 'equal to nano by default'
