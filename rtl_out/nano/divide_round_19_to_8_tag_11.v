// divide_round_19_to_8_tag_11
//
// Rounded quotient of numerator <= denominator (NUMERICS.md N4): restoring division, one bit of the quotient a
// stage, then half up.
//
//   bits = 19
//   fraction_bits = 8
//   tag_bits = 11
`default_nettype none

module divide_round_19_to_8_tag_11 (
  input  wire        clk,
  input  wire        rst,
  input  wire        in_valid,
  output wire        in_ready,
  input  wire [18:0] in_numerator,
  input  wire [18:0] in_denominator,
  input  wire [10:0] in_tag,
  output reg         out_valid,
  input  wire        out_ready,
  output reg  [8:0]  out_quotient,
  output reg  [10:0] out_tag
);

  wire division_advance;
  assign in_ready = division_advance;

  // Integer bit: 1 only when numerator = denominator.
  wire whole = in_numerator == in_denominator;
  reg bit_0_valid;

  always @(posedge clk)
    if (rst) bit_0_valid <= 1'b0;
    else if (division_advance) bit_0_valid <= in_valid;

  reg [18:0] bit_0_remainder;
  reg [18:0] bit_0_denominator;
  reg bit_0_quotient;
  reg [10:0] bit_0_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_0_remainder <= whole ? 19'd0 : in_numerator;
      bit_0_denominator <= in_denominator;
      bit_0_quotient <= whole;
      bit_0_tag <= in_tag;
    end

  // Fraction bit 1.
  wire [19:0] rest_1_joined = {bit_0_remainder, 1'b0};
  wire [20:0] rest_1 = {1'b0, rest_1_joined} - {2'd0, bit_0_denominator};
  wire fits_1 = !rest_1[20];
  reg bit_1_valid;

  always @(posedge clk)
    if (rst) bit_1_valid <= 1'b0;
    else if (division_advance) bit_1_valid <= bit_0_valid;

  reg [18:0] bit_1_remainder;
  reg [18:0] bit_1_denominator;
  reg [1:0] bit_1_quotient;
  reg [10:0] bit_1_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_1_remainder <= fits_1 ? rest_1[18:0] : rest_1_joined[18:0];
      bit_1_denominator <= bit_0_denominator;
      bit_1_quotient <= {bit_0_quotient, fits_1};
      bit_1_tag <= bit_0_tag;
    end

  // Fraction bit 2.
  wire [19:0] rest_2_joined = {bit_1_remainder, 1'b0};
  wire [20:0] rest_2 = {1'b0, rest_2_joined} - {2'd0, bit_1_denominator};
  wire fits_2 = !rest_2[20];
  reg bit_2_valid;

  always @(posedge clk)
    if (rst) bit_2_valid <= 1'b0;
    else if (division_advance) bit_2_valid <= bit_1_valid;

  reg [18:0] bit_2_remainder;
  reg [18:0] bit_2_denominator;
  reg [2:0] bit_2_quotient;
  reg [10:0] bit_2_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_2_remainder <= fits_2 ? rest_2[18:0] : rest_2_joined[18:0];
      bit_2_denominator <= bit_1_denominator;
      bit_2_quotient <= {bit_1_quotient, fits_2};
      bit_2_tag <= bit_1_tag;
    end

  // Fraction bit 3.
  wire [19:0] rest_3_joined = {bit_2_remainder, 1'b0};
  wire [20:0] rest_3 = {1'b0, rest_3_joined} - {2'd0, bit_2_denominator};
  wire fits_3 = !rest_3[20];
  reg bit_3_valid;

  always @(posedge clk)
    if (rst) bit_3_valid <= 1'b0;
    else if (division_advance) bit_3_valid <= bit_2_valid;

  reg [18:0] bit_3_remainder;
  reg [18:0] bit_3_denominator;
  reg [3:0] bit_3_quotient;
  reg [10:0] bit_3_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_3_remainder <= fits_3 ? rest_3[18:0] : rest_3_joined[18:0];
      bit_3_denominator <= bit_2_denominator;
      bit_3_quotient <= {bit_2_quotient, fits_3};
      bit_3_tag <= bit_2_tag;
    end

  // Fraction bit 4.
  wire [19:0] rest_4_joined = {bit_3_remainder, 1'b0};
  wire [20:0] rest_4 = {1'b0, rest_4_joined} - {2'd0, bit_3_denominator};
  wire fits_4 = !rest_4[20];
  reg bit_4_valid;

  always @(posedge clk)
    if (rst) bit_4_valid <= 1'b0;
    else if (division_advance) bit_4_valid <= bit_3_valid;

  reg [18:0] bit_4_remainder;
  reg [18:0] bit_4_denominator;
  reg [4:0] bit_4_quotient;
  reg [10:0] bit_4_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_4_remainder <= fits_4 ? rest_4[18:0] : rest_4_joined[18:0];
      bit_4_denominator <= bit_3_denominator;
      bit_4_quotient <= {bit_3_quotient, fits_4};
      bit_4_tag <= bit_3_tag;
    end

  // Fraction bit 5.
  wire [19:0] rest_5_joined = {bit_4_remainder, 1'b0};
  wire [20:0] rest_5 = {1'b0, rest_5_joined} - {2'd0, bit_4_denominator};
  wire fits_5 = !rest_5[20];
  reg bit_5_valid;

  always @(posedge clk)
    if (rst) bit_5_valid <= 1'b0;
    else if (division_advance) bit_5_valid <= bit_4_valid;

  reg [18:0] bit_5_remainder;
  reg [18:0] bit_5_denominator;
  reg [5:0] bit_5_quotient;
  reg [10:0] bit_5_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_5_remainder <= fits_5 ? rest_5[18:0] : rest_5_joined[18:0];
      bit_5_denominator <= bit_4_denominator;
      bit_5_quotient <= {bit_4_quotient, fits_5};
      bit_5_tag <= bit_4_tag;
    end

  // Fraction bit 6.
  wire [19:0] rest_6_joined = {bit_5_remainder, 1'b0};
  wire [20:0] rest_6 = {1'b0, rest_6_joined} - {2'd0, bit_5_denominator};
  wire fits_6 = !rest_6[20];
  reg bit_6_valid;

  always @(posedge clk)
    if (rst) bit_6_valid <= 1'b0;
    else if (division_advance) bit_6_valid <= bit_5_valid;

  reg [18:0] bit_6_remainder;
  reg [18:0] bit_6_denominator;
  reg [6:0] bit_6_quotient;
  reg [10:0] bit_6_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_6_remainder <= fits_6 ? rest_6[18:0] : rest_6_joined[18:0];
      bit_6_denominator <= bit_5_denominator;
      bit_6_quotient <= {bit_5_quotient, fits_6};
      bit_6_tag <= bit_5_tag;
    end

  // Fraction bit 7.
  wire [19:0] rest_7_joined = {bit_6_remainder, 1'b0};
  wire [20:0] rest_7 = {1'b0, rest_7_joined} - {2'd0, bit_6_denominator};
  wire fits_7 = !rest_7[20];
  reg bit_7_valid;

  always @(posedge clk)
    if (rst) bit_7_valid <= 1'b0;
    else if (division_advance) bit_7_valid <= bit_6_valid;

  reg [18:0] bit_7_remainder;
  reg [18:0] bit_7_denominator;
  reg [7:0] bit_7_quotient;
  reg [10:0] bit_7_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_7_remainder <= fits_7 ? rest_7[18:0] : rest_7_joined[18:0];
      bit_7_denominator <= bit_6_denominator;
      bit_7_quotient <= {bit_6_quotient, fits_7};
      bit_7_tag <= bit_6_tag;
    end

  // Fraction bit 8.
  wire [19:0] rest_8_joined = {bit_7_remainder, 1'b0};
  wire [20:0] rest_8 = {1'b0, rest_8_joined} - {2'd0, bit_7_denominator};
  wire fits_8 = !rest_8[20];
  reg bit_8_valid;

  always @(posedge clk)
    if (rst) bit_8_valid <= 1'b0;
    else if (division_advance) bit_8_valid <= bit_7_valid;

  reg [18:0] bit_8_remainder;
  reg [18:0] bit_8_denominator;
  reg [8:0] bit_8_quotient;
  reg [10:0] bit_8_tag;

  always @(posedge clk)
    if (division_advance) begin
      bit_8_remainder <= fits_8 ? rest_8[18:0] : rest_8_joined[18:0];
      bit_8_denominator <= bit_7_denominator;
      bit_8_quotient <= {bit_7_quotient, fits_8};
      bit_8_tag <= bit_7_tag;
    end

  // Half up.
  wire up = {bit_8_remainder, 1'b0} >= {1'b0, bit_8_denominator};

  always @(posedge clk)
    if (rst) out_valid <= 1'b0;
    else if (division_advance) out_valid <= bit_8_valid;

  always @(posedge clk)
    if (division_advance) begin
      out_quotient <= bit_8_quotient + {8'd0, up};
      out_tag <= bit_8_tag;
    end

  assign division_advance = !out_valid || out_ready;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, rest_1[19], rest_2[19], rest_3[19], rest_4[19], rest_5[19], rest_6[19], rest_7[19],
      rest_8[19]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(20)) check_out (
    .clk(clk), .rst(rst), .valid(out_valid), .ready(out_ready), .payload({out_quotient, out_tag})
  );
`endif

endmodule
`default_nettype wire
