// counter_10
//
// Counts 0 .. modulus - 1, one step in every cycle with enable.
//
//   modulus = 10
`default_nettype none

module counter_10 (
  input  wire       clk,
  input  wire       rst,
  input  wire       enable,
  output reg  [3:0] count
);

  wire [3:0] count_sum = count + 4'd1;

  always @(posedge clk)
    if (rst) count <= 4'd0;
    else if (enable) count <= (count == 4'd9) ? 4'd0 : count_sum;

endmodule
`default_nettype wire
