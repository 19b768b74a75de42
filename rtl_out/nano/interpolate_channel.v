// interpolate_channel
//
// One channel of the interpolation (NUMERICS.md N7): four pixels times four weights, summed over the samples of a
// head. accumulate, first and last belong to the sum of products.
//
//   feature_bits = 8
//   corner_bits = 10
`default_nettype none

module interpolate_channel (
  input  wire        clk,
  input  wire        advance,
  input  wire        accumulate,
  input  wire        first,
  input  wire        last,
  input  wire [7:0]  pixel_0,
  input  wire [10:0] weight_0,
  input  wire [7:0]  pixel_1,
  input  wire [10:0] weight_1,
  input  wire [7:0]  pixel_2,
  input  wire [10:0] weight_2,
  input  wire [7:0]  pixel_3,
  input  wire [10:0] weight_3,
  output reg  [18:0] result
);

  reg [19:0] product_0;

  always @(posedge clk)
    if (advance) product_0 <= $signed(pixel_0) * $signed({1'b0, weight_0});

  reg [19:0] product_1;

  always @(posedge clk)
    if (advance) product_1 <= $signed(pixel_1) * $signed({1'b0, weight_1});

  reg [19:0] product_2;

  always @(posedge clk)
    if (advance) product_2 <= $signed(pixel_2) * $signed({1'b0, weight_2});

  reg [19:0] product_3;

  always @(posedge clk)
    if (advance) product_3 <= $signed(pixel_3) * $signed({1'b0, weight_3});

  reg [21:0] value;
  wire [20:0] value_sum = $signed(product_0) + $signed(product_1);
  wire [20:0] value_sum_2 = $signed(product_2) + $signed(product_3);

  always @(posedge clk)
    if (advance) value <= $signed(value_sum) + $signed(value_sum_2);

  reg [18:0] acc;
  wire [18:0] next_acc_sum = acc + value[18:0];
  wire [18:0] next_acc = first ? value[18:0] : next_acc_sum;

  always @(posedge clk)
    if (accumulate) acc <= next_acc;

  always @(posedge clk)
    if (accumulate && last) result <= next_acc;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, value[21:19]};

endmodule
`default_nettype wire
