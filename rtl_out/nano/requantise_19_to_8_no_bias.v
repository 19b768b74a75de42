// requantise_19_to_8_no_bias
//
// Requantisation (NUMERICS.md N2): value = saturate(round((acc + bias) * mult / 2^shift)), half up, in three
// stages that move with enable.
//
//   acc_bits = 19
//   out_bits = 8
`default_nettype none

module requantise_19_to_8_no_bias (
  input  wire        clk,
  input  wire        enable,
  input  wire [18:0] acc,
  input  wire [15:0] mult,
  input  wire [5:0]  shift,
  output reg  [7:0]  value
);

  // Add the bias.
  reg [18:0] biased;
  reg [15:0] mult_1;
  reg [5:0] shift_1;

  always @(posedge clk)
    if (enable) begin
      biased <= acc;
      mult_1 <= mult;
      shift_1 <= shift;
    end

  // Scale.
  reg [35:0] scaled;
  reg [5:0] shift_2;

  always @(posedge clk)
    if (enable) begin
      scaled <= $signed(biased) * $signed({1'b0, mult_1});
      shift_2 <= shift_1;
    end

  // Shift by one less than asked for, then round the last bit half up. The shift is at least 1.
  wire [5:0] shifted_difference = shift_2 - 6'd1;
  wire [35:0] shifted = $signed(scaled) >>> shifted_difference;
  wire [36:0] rounded_sum = {shifted[35], shifted} + 37'd1;
  wire [35:0] rounded = rounded_sum[36:1];

  always @(posedge clk)
    if (enable) value <= ((rounded[35:7] == 29'd0) || (rounded[35:7] == {29{1'b1}})) ? rounded[7:0] :
        rounded[35] ? 8'd128 : 8'd127;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, rounded_sum[0]};

endmodule
`default_nettype wire
