// pe
//
// Processing element: dot product of depth operands and weights a cycle, accumulated over the words of a row.
// accumulate, first and last belong to the sum of products; result holds a finished tile.
//
//   depth = 2
//   operand_bits = 8
//   weight_bits = 8
`default_nettype none

module pe (
  input  wire        clk,
  input  wire        advance,
  input  wire        accumulate,
  input  wire        first,
  input  wire        last,
  input  wire [15:0] operands,
  input  wire [15:0] weights,
  output reg  [19:0] result
);

  reg [15:0] product_0;

  always @(posedge clk)
    if (advance) product_0 <= $signed(operands[7:0]) * $signed(weights[7:0]);

  reg [15:0] product_1;

  always @(posedge clk)
    if (advance) product_1 <= $signed(operands[15:8]) * $signed(weights[15:8]);

  reg [16:0] sum;

  always @(posedge clk)
    if (advance) sum <= $signed(product_0) + $signed(product_1);

  reg [19:0] acc;
  wire [19:0] next_acc_wide = {{3{sum[16]}}, sum};
  wire [19:0] next_acc_sum = acc + next_acc_wide;
  wire [19:0] next_acc = first ? next_acc_wide : next_acc_sum;

  always @(posedge clk)
    if (accumulate) acc <= next_acc;

  always @(posedge clk)
    if (accumulate && last) result <= next_acc;

endmodule
`default_nettype wire
