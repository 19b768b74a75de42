// requantise_20_to_13
//
// Requantisation (NUMERICS.md N2): value = saturate(round((acc + bias) * mult / 2^shift)), half up, in three
// stages that move with enable.
//
//   acc_bits = 20
//   out_bits = 13
`default_nettype none

module requantise_20_to_13 (
  input  wire        clk,
  input  wire        enable,
  input  wire [19:0] acc,
  input  wire [31:0] bias,
  input  wire [15:0] mult,
  input  wire [5:0]  shift,
  output reg  [12:0] value
);

  // Add the bias.
  reg [32:0] biased;
  reg [15:0] mult_1;
  reg [5:0] shift_1;

  always @(posedge clk)
    if (enable) begin
      biased <= {{13{acc[19]}}, acc} + {bias[31], bias};
      mult_1 <= mult;
      shift_1 <= shift;
    end

  // Scale.
  reg [49:0] scaled;
  reg [5:0] shift_2;

  always @(posedge clk)
    if (enable) begin
      scaled <= $signed(biased) * $signed({1'b0, mult_1});
      shift_2 <= shift_1;
    end

  // Shift by one less than asked for, then round the last bit half up. The shift is at least 1.
  wire [5:0] shifted_difference = shift_2 - 6'd1;
  wire [49:0] shifted = $signed(scaled) >>> shifted_difference;
  wire [50:0] rounded_sum = {shifted[49], shifted} + 51'd1;
  wire [49:0] rounded = rounded_sum[50:1];

  always @(posedge clk)
    if (enable) value <= ((rounded[49:12] == 38'd0) || (rounded[49:12] == {38{1'b1}})) ? rounded[12:0] :
        rounded[49] ? 13'h1000 : 13'hFFF;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, rounded_sum[0]};

endmodule
`default_nettype wire
