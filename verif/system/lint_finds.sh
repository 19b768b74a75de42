#!/usr/bin/env bash
# `quillgen lint` finds planted faults, and takes what is sound: each fault alone, in a small module.   lint_finds.sh QUILLGEN
set -euo pipefail
quillgen=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '{ "top": "leaf" }\n' >"$folder/manifest.json"
printf 'leaf.v\n' >"$folder/files.f"
failed=0

# planted STATUS PATTERN NAME BODY: lint must exit with STATUS and show a line like PATTERN.
planted() {
  printf '`default_nettype none\nmodule leaf (input wire clk, input wire a, input wire [3:0] b, output reg [3:0] q);\n%s\nendmodule\n`default_nettype wire\n' \
    "$4" >"$folder/leaf.v"
  local status=0 output
  output=$("$quillgen" lint "$folder" 2>&1) || status=$?
  if [ "$status" -eq "$1" ] && grep -qE "$2" <<<"$output"; then
    echo "ok      $3"
  else
    printf 'FAILED  %s: exit status %s, expected %s and "%s"\n%s\n' "$3" "$status" "$1" "$2" "$output"
    failed=1
  fi
}

reports() { printf '^%s +[0-9.]+ s +[0-9]+ lines' "$1"; } # the line of a check that is not clean

planted 0 '^yosys .* clean' 'sound module' 'always @(posedge clk) if (a) q <= b;'
planted 1 WIDTH 'operand too wide' 'always @(posedge clk) if (a) q <= {1'"'"'b0, b};'
planted 1 UNUSED 'net that nobody reads' 'wire left = a; always @(posedge clk) if (a) q <= b;'
planted 1 Latch 'latch' 'always @* if (a) q = b + {3'"'"'b0, clk};'
planted 1 UNDRIVEN 'net that nobody drives' 'wire open; always @(posedge clk) if (a & open) q <= b;'
planted 1 'Wire .* is used but has no driver' 'net that nobody drives, seen by Yosys' 'wire open; always @(posedge clk) if (a & open) q <= b;'
planted 1 UNOPTFLAT 'combinational loop' 'wire x, y; assign x = y ^ a; assign y = x ^ b[0]; always @(posedge clk) q <= {b[3:1], y};'
planted 1 'logic loop' 'combinational loop, seen by Yosys' 'wire x, y; assign x = y ^ a; assign y = x ^ b[0]; always @(posedge clk) q <= {b[3:1], y};'
planted 1 'multiple conflicting drivers' 'two drivers' 'wire x; assign x = a; assign x = b[0]; always @(posedge clk) q <= {b[3:1], x};'
planted 1 "$(reports 'verilator -Wall, Verilog-2005')" 'keyword of a later standard' 'logic x; always @(posedge clk) q <= b & {4{a}};'
planted 1 "$(reports 'iverilog -Wall, FORMAL')" 'fault behind FORMAL' 'always @(posedge clk) if (a) q <= b;
`ifdef FORMAL
  assign q = unknown_name;
`endif'
planted 1 "$(reports 'iverilog -Wall, FORMAL and QUILLGEN_CHECKS')" 'fault behind QUILLGEN_CHECKS' 'always @(posedge clk) if (a) q <= b;
`ifdef QUILLGEN_CHECKS
  assign q = unknown_name;
`endif'

# The lines with which later versions of Verilator report sizes and times are no warnings.
mkdir "$folder/bin"
cat >"$folder/bin/verilator" <<EOF
#!/usr/bin/env bash
"$(command -v verilator)" "\$@"
status=\$?
echo '- V e r i l a t i o n   R e p o r t: Verilator 5.032 2025-01-01 rev (Debian 5.032-1)'
echo '- Verilator: Built from 0.020 MB sources in 2 modules, into 0.014 MB in 5 C++ files needing 0.000 MB'
exit \$status
EOF
chmod +x "$folder/bin/verilator"
PATH="$folder/bin:$PATH"
planted 0 '^verilator -Wall  .* clean' 'sound module, Verilator with a report' 'always @(posedge clk) if (a) q <= b;'
planted 1 WIDTH 'operand too wide, Verilator with a report' 'always @(posedge clk) if (a) q <= {1'"'"'b0, b};'
exit "$failed"
