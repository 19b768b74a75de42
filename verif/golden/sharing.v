// sharing
`default_nettype none

module sharing (
  input  wire [7:0] a,
  input  wire [7:0] b,
  input  wire       p,
  input  wire       q,
  output wire [7:0] x,
  output wire [7:0] y,
  output wire [7:0] z
);

  wire [7:0] both = a & b;
  wire [7:0] x_term = a ^ b;
  assign x = (p && !q) ? x_term : both;
  assign y = p ? a :
        q ? b : x_term;
  wire [7:0] z_sum = a + b;
  assign z = (z_sum ^ both) | x_term;

endmodule
`default_nettype wire
