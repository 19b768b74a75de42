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
  input  wire        data_in_valid,
  output wire        data_in_ready,
  input  wire [15:0] data_in,
  output wire        data_out_valid,
  input  wire        data_out_ready,
  output wire [15:0] data_out
);

  reg stage_0_full;
  reg [15:0] stage_0;
  wire stage_0_ready;
  assign data_in_ready = !stage_0_full || stage_0_ready;
  wire stage_0_full_term = data_in_valid && data_in_ready;

  always @(posedge clk)
    if (rst) stage_0_full <= 1'b0;
    else if (stage_0_full_term) stage_0_full <= 1'b1;
    else if (stage_0_ready) stage_0_full <= 1'b0;

  always @(posedge clk)
    if (stage_0_full_term) stage_0 <= data_in;

  reg stage_1_full;
  reg [15:0] stage_1;
  assign stage_0_ready = !stage_1_full || data_out_ready;
  wire stage_1_full_term = stage_0_full && stage_0_ready;

  always @(posedge clk)
    if (rst) stage_1_full <= 1'b0;
    else if (stage_1_full_term) stage_1_full <= 1'b1;
    else if (data_out_ready) stage_1_full <= 1'b0;

  always @(posedge clk)
    if (stage_1_full_term) stage_1 <= stage_0;

  assign data_out_valid = stage_1_full;
  assign data_out = stage_1;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(16)) check_data_out (
    .clk(clk), .rst(rst), .valid(stage_1_full), .ready(data_out_ready), .payload(stage_1)
  );
`endif

endmodule
`default_nettype wire
