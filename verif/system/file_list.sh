#!/usr/bin/env bash
# The commands of integration.md that read files.f from another folder, each run as it stands there; and a bench of Icarus with a timescale.
#   file_list.sh QUILLGEN
set -euo pipefail
quillgen=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" generate --preset nano --out "$folder/DIR" >/dev/null
cd "$folder"
commands=$(grep -E '^    (verilator|iverilog|yosys) ' DIR/integration.md)
[ "$(wc -l <<<"$commands")" -eq 3 ] || { echo "not three commands: $commands" >&2; exit 1; }
while read -r command; do
  output=$(bash -euo pipefail -c "$command" 2>&1 </dev/null) || { printf '%s\n%s\n' "$command" "$output" >&2; exit 1; }
  echo "ok: $command"
done <<<"$commands"
printf '`timescale 1ns / 1ps\nmodule bench; reg clk = 0; always #5 clk = ~clk; quillgen dut (.clk(clk)); initial #100 $finish; endmodule\n' >bench.v
warnings=$(iverilog -g2005 -Wall -Wno-portbind -Wno-timescale -s bench -o bench bench.v $(sed s,^,DIR/, DIR/files.f) 2>&1)
[ -z "$warnings" ] || { echo "$warnings" >&2; exit 1; }
vvp -N bench
