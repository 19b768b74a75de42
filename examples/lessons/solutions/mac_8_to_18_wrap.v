// mac_8_to_18_wrap
//
// acc + a * b, or a * b at the first product of a sum. Beyond its range acc goes on at the other end.
//
//   bits = 8
//   acc_bits = 18
`default_nettype none

module mac_8_to_18_wrap (
  input  wire        clk,
  input  wire        first,
  input  wire [7:0]  a,
  input  wire [7:0]  b,
  output reg  [17:0] acc
);

  wire [17:0] sum_choice = first ? 18'd0 : acc;
  wire [15:0] sum_product = $signed(a) * $signed(b);
  wire [18:0] sum = {sum_choice[17], sum_choice} + {{3{sum_product[15]}}, sum_product};

  always @(posedge clk)
    acc <= sum[17:0];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, sum[18]};

endmodule
`default_nettype wire
