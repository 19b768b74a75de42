// counter_16_down
//
// Counts modulus - 1 .. 0, one step in every cycle with enable.
//
//   modulus = 16
`default_nettype none

module counter_16_down (
  input  wire       clk,
  input  wire       rst,
  input  wire       enable,
  output reg  [3:0] count
);

  always @(posedge clk)
    if (rst) count <= 4'd15;
    else if (enable) count <= count - 4'd1;

endmodule
`default_nettype wire
