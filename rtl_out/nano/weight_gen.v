// weight_gen
//
// Corner weights (NUMERICS.md N6): attention * gy * gx, exact, rounded once; 0 for a corner outside the map.
//
//   attention_bits = 8
//   interp_frac_bits = 6
//   corner_bits = 10
`default_nettype none

module weight_gen (
  input  wire        clk,
  input  wire        rst,
  input  wire        location_valid,
  output wire        location_ready,
  input  wire [12:0] location_x,
  input  wire [12:0] location_y,
  input  wire [8:0]  location_weight,
  input  wire [3:0]  location_inside,
  input  wire        location_head,
  input  wire        location_level,
  input  wire        location_last_of_head,
  input  wire        location_last_of_query,
  output reg         corners_valid,
  input  wire        corners_ready,
  output reg  [10:0] corners_w00,
  output reg  [10:0] corners_w01,
  output reg  [10:0] corners_w10,
  output reg  [10:0] corners_w11,
  output reg  [6:0]  corners_x0,
  output reg  [6:0]  corners_y0,
  output reg         corners_head,
  output reg         corners_level,
  output reg         corners_last_of_head,
  output reg         corners_last_of_query
);

  wire weight_advance;
  assign location_ready = weight_advance;

  // Share the attention weight between the two columns.
  wire [5:0] fx = location_x[5:0];
  wire [5:0] fy = location_y[5:0];
  reg columns_valid;

  always @(posedge clk)
    if (rst) columns_valid <= 1'b0;
    else if (weight_advance) columns_valid <= location_valid;

  reg [15:0] columns_left;
  reg [14:0] columns_right;
  reg [5:0] columns_fy;
  reg [6:0] columns_place_x0;
  reg [6:0] columns_place_y0;
  reg [3:0] columns_place_inside;
  reg columns_place_head;
  reg columns_place_level;
  reg columns_place_last_of_head;
  reg columns_place_last_of_query;
  wire [6:0] columns_left_difference = 7'd64 - {1'b0, fx};

  always @(posedge clk)
    if (weight_advance) begin
      columns_left <= location_weight * columns_left_difference;
      columns_right <= location_weight * fx;
      columns_fy <= fy;
      columns_place_x0 <= location_x[12:6];
      columns_place_y0 <= location_y[12:6];
      columns_place_inside <= location_inside;
      columns_place_head <= location_head;
      columns_place_level <= location_level;
      columns_place_last_of_head <= location_last_of_head;
      columns_place_last_of_query <= location_last_of_query;
    end

  // Share each column between the two rows.
  wire [6:0] gy = 7'd64 - {1'b0, columns_fy};
  reg product_valid;

  always @(posedge clk)
    if (rst) product_valid <= 1'b0;
    else if (weight_advance) product_valid <= columns_valid;

  reg [22:0] product_w00;
  reg [21:0] product_w01;
  reg [21:0] product_w10;
  reg [20:0] product_w11;
  reg [6:0] product_place_x0;
  reg [6:0] product_place_y0;
  reg [3:0] product_place_inside;
  reg product_place_head;
  reg product_place_level;
  reg product_place_last_of_head;
  reg product_place_last_of_query;

  always @(posedge clk)
    if (weight_advance) begin
      product_w00 <= columns_left * gy;
      product_w01 <= columns_right * gy;
      product_w10 <= columns_left * columns_fy;
      product_w11 <= columns_right * columns_fy;
      product_place_x0 <= columns_place_x0;
      product_place_y0 <= columns_place_y0;
      product_place_inside <= columns_place_inside;
      product_place_head <= columns_place_head;
      product_place_level <= columns_place_level;
      product_place_last_of_head <= columns_place_last_of_head;
      product_place_last_of_query <= columns_place_last_of_query;
    end

  // Round half up to corner_bits.
  always @(posedge clk)
    if (rst) corners_valid <= 1'b0;
    else if (weight_advance) corners_valid <= product_valid;

  wire [23:0] corners_w00_sum = {1'b0, product_w00} + 24'h200;
  wire [22:0] corners_w01_sum = {1'b0, product_w01} + 23'h200;
  wire [22:0] corners_w10_sum = {1'b0, product_w10} + 23'h200;
  wire [21:0] corners_w11_sum = {1'b0, product_w11} + 22'h200;

  always @(posedge clk)
    if (weight_advance) begin
      corners_w00 <= (product_place_inside[0] && product_place_inside[2]) ? corners_w00_sum[20:10] : 11'd0;
      corners_w01 <= (product_place_inside[1] && product_place_inside[2]) ? corners_w01_sum[20:10] : 11'd0;
      corners_w10 <= (product_place_inside[0] && product_place_inside[3]) ? corners_w10_sum[20:10] : 11'd0;
      corners_w11 <= (product_place_inside[1] && product_place_inside[3]) ? corners_w11_sum[20:10] : 11'd0;
      corners_x0 <= product_place_x0;
      corners_y0 <= product_place_y0;
      corners_head <= product_place_head;
      corners_level <= product_place_level;
      corners_last_of_head <= product_place_last_of_head;
      corners_last_of_query <= product_place_last_of_query;
    end

  assign weight_advance = !corners_valid || corners_ready;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, corners_w00_sum[9:0], corners_w00_sum[23:21], corners_w01_sum[9:0], corners_w01_sum[22:21],
      corners_w10_sum[9:0], corners_w10_sum[22:21], corners_w11_sum[9:0], corners_w11_sum[21]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(62)) check_corners (
    .clk(clk), .rst(rst), .valid(corners_valid), .ready(corners_ready), .payload({corners_w00, corners_w01,
        corners_w10, corners_w11, corners_x0, corners_y0, corners_head, corners_level, corners_last_of_head,
        corners_last_of_query})
  );
`endif

endmodule
`default_nettype wire
