// tapped
`default_nettype none

module tapped (
  input  wire       clk,
  input  wire       rst,
  input  wire       data_in_valid,
  output wire       data_in_ready,
  input  wire [7:0] data_in,
  input  wire       watched,
  output wire [3:0] total
);

  reg [3:0] count;

  always @(posedge clk)
    if (rst) count <= 4'd0;
    else if (data_in_valid && data_in_ready) count <= count + 4'd1;

  reg [2:0] idle;

  always @(posedge clk)
    if (rst) idle <= 3'd0;
    else if (!data_in_valid) idle <= idle + 3'd1;

  wire seen_ready = !watched || data_in_valid;
  assign data_in_ready = watched;

  assign total = count;
  wire seen_valid_term = data_in_valid && watched && (count != 4'd0);
  wire [7:0] seen_value_term = data_in ^ 8'd85;
  wire [2:0] seen_place_part = data_in[4:2];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, data_in, idle, seen_value_term, seen_place_part, seen_valid_term, seen_ready};

endmodule
`default_nettype wire
