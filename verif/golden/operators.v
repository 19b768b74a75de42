// operators
//
// Every operator once. The header carries this sentence and the parameters.
//
//   width = 8
`default_nettype none

module operators (
  input  wire [7:0]  a,
  input  wire [7:0]  b,
  input  wire [7:0]  s,
  input  wire [7:0]  t,
  input  wire [2:0]  n,
  output wire [8:0]  sum,
  output wire [8:0]  difference,
  output wire [15:0] product,
  output wire [8:0]  signed_sum,
  output wire [15:0] signed_product,
  output wire [15:0] scaled,
  output wire [7:0]  logic_mix,
  output wire        less,
  output wire        signed_less,
  output wire        below,
  output wire        differ,
  output wire [7:0]  left,
  output wire [7:0]  right,
  output wire [7:0]  arithmetic,
  output wire [7:0]  masked,
  output wire [18:0] word,
  output wire [79:0] wide,
  output wire [69:0] padded
);

  assign sum = a + b;
  assign difference = a - b;
  assign product = a * b;
  assign signed_sum = $signed(s) + $signed(t);
  assign signed_product = $signed(s) * $signed(t);
  assign scaled = $signed(s) * $signed(8'd128);
  assign logic_mix = (a & b) | (a ^ ~b);
  assign less = a < b;
  assign signed_less = $signed(s) < $signed(t);
  assign below = $signed(s) < -8'sd3;
  assign differ = a != b;
  assign left = a << n;
  assign right = a >> n;
  assign arithmetic = $signed(s) >>> n;
  assign masked = a & 8'd240;
  assign word = {a, b, a[4:2]};
  assign wide = {{72{s[7]}}, s};
  assign padded = {62'd0, b};

endmodule
`default_nettype wire
