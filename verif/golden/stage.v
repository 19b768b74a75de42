// stage
`default_nettype none

module stage (
  input  wire       clk,
  input  wire       rst,
  input  wire       in_valid,
  output wire       in_ready,
  input  wire [7:0] in,
  output wire       out_valid,
  input  wire       out_ready,
  output wire [7:0] out
);

  reg full;
  reg [7:0] held;
  assign in_ready = !full || out_ready;
  wire full_term = in_valid && in_ready;

  always @(posedge clk)
    if (rst) full <= 1'b0;
    else if (full_term) full <= 1'b1;
    else if (out_ready) full <= 1'b0;

  always @(posedge clk)
    if (full_term) held <= in;

  assign out_valid = full;
  assign out = held;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(8)) check_out (
    .clk(clk), .rst(rst), .valid(full), .ready(out_ready), .payload(held)
  );
`endif

endmodule
`default_nettype wire
