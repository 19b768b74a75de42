// counter_10_down
//
// Counts modulus - 1 .. 0, one step in every cycle with enable.
//
//   modulus = 10
`default_nettype none

module counter_10_down (
  input  wire       clk,
  input  wire       rst,
  input  wire       enable,
  output reg  [3:0] count
);

  wire [3:0] count_difference = count - 4'd1;

  always @(posedge clk)
    if (rst) count <= 4'd9;
    else if (enable) count <= (count == 4'd0) ? 4'd9 : count_difference;

endmodule
`default_nettype wire
