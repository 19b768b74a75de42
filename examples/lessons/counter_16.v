// counter_16
//
// Counts 0 .. modulus - 1, one step in every cycle with enable.
//
//   modulus = 16
`default_nettype none

module counter_16 (
  input  wire       clk,
  input  wire       rst,
  input  wire       enable,
  output reg  [3:0] count
);

  always @(posedge clk)
    if (rst) count <= 4'd0;
    else if (enable) count <= count + 4'd1;

endmodule
`default_nettype wire
