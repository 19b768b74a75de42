// projection_column
//
// Dot product of a head and a column of W'' (NUMERICS.md N9): products, then their sum.
//
//   depth = 2
`default_nettype none

module projection_column (
  input  wire        clk,
  input  wire        advance,
  input  wire [15:0] head,
  input  wire [15:0] weights,
  output reg  [16:0] sum
);

  reg [15:0] product_0;

  always @(posedge clk)
    if (advance) product_0 <= $signed(head[7:0]) * $signed(weights[7:0]);

  reg [15:0] product_1;

  always @(posedge clk)
    if (advance) product_1 <= $signed(head[15:8]) * $signed(weights[15:8]);

  always @(posedge clk)
    if (advance) sum <= $signed(product_0) + $signed(product_1);

endmodule
`default_nettype wire
