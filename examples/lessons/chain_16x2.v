// chain_16x2
//
// Stages of a stream, one behind the other.
//
//   bits = 16
//   stages = 2
`default_nettype none

module chain_16x2 (
  input  wire        clk,
  input  wire        rst,
  input  wire        in_valid,
  output wire        in_ready,
  input  wire [15:0] in,
  output wire        out_valid,
  input  wire        out_ready,
  output wire [15:0] out
);

  reg stage_0_full;
  reg [15:0] stage_0;
  wire stage_0_ready;
  assign in_ready = !stage_0_full || stage_0_ready;
  wire stage_0_full_term = in_valid && in_ready;

  always @(posedge clk)
    if (rst) stage_0_full <= 1'b0;
    else if (stage_0_full_term) stage_0_full <= 1'b1;
    else if (stage_0_ready) stage_0_full <= 1'b0;

  always @(posedge clk)
    if (stage_0_full_term) stage_0 <= in;

  reg stage_1_full;
  reg [15:0] stage_1;
  assign stage_0_ready = !stage_1_full || out_ready;
  wire stage_1_full_term = stage_0_full && stage_0_ready;

  always @(posedge clk)
    if (rst) stage_1_full <= 1'b0;
    else if (stage_1_full_term) stage_1_full <= 1'b1;
    else if (out_ready) stage_1_full <= 1'b0;

  always @(posedge clk)
    if (stage_1_full_term) stage_1 <= stage_0;

  assign out_valid = stage_1_full;
  assign out = stage_1;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(16)) check_out (
    .clk(clk), .rst(rst), .valid(stage_1_full), .ready(out_ready), .payload(stage_1)
  );
`endif

endmodule
`default_nettype wire
