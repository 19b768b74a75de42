// index_gen
//
// Location of every sample (NUMERICS.md N5): reference * level size + offset - 1/2, the offset in pixels or in
// parts of a reference box, and which of its corners lie in the map.
//
//   offset_frac_bits = 6
//   interp_frac_bits = 6
//   points = 2
`default_nettype none

module index_gen (
  input  wire        clk,
  input  wire        rst,
  input  wire [4:0]  levels_width_0,
  input  wire [4:0]  levels_width_1,
  input  wire [4:0]  levels_height_0,
  input  wire [4:0]  levels_height_1,
  input  wire        boxes,
  input  wire        attention_valid,
  output wire        attention_ready,
  input  wire [8:0]  attention_weight,
  input  wire [2:0]  attention_tag_slot,
  input  wire [2:0]  attention_tag_sample,
  input  wire        attention_tag_head,
  input  wire        attention_tag_level,
  input  wire        attention_tag_last_of_head,
  input  wire        attention_tag_last_of_query,
  input  wire        attention_tag_last_of_group,
  input  wire        offset_write_enable,
  input  wire [4:0]  offset_write_address,
  input  wire [51:0] offset_write_data,
  input  wire        reference_write_enable,
  input  wire [3:0]  reference_write_address,
  input  wire [97:0] reference_write_data,
  output wire        group_freed,
  output wire        location_valid,
  input  wire        location_ready,
  output wire [12:0] location_x,
  output wire [12:0] location_y,
  output wire [8:0]  location_weight,
  output wire [3:0]  location_inside,
  output wire        location_head,
  output wire        location_level,
  output wire        location_last_of_head,
  output wire        location_last_of_query
);

  // Offsets, several in a word, and references of the groups on chip; one is filled while another is read.
  wire index_advance;
  assign attention_ready = index_advance;
  wire read = attention_valid && attention_ready;
  wire [51:0] offsets_q;

  sram_1r1w #(.WIDTH(52), .DEPTH(24), .ADDRESS_BITS(5)) u_offsets (
    .clk           (clk),
    .write         (offset_write_enable),
    .write_address (offset_write_address),
    .write_data    (offset_write_data),
    .read          (read),
    .read_address  ({attention_tag_slot, attention_tag_sample[2:1]}),
    .read_data     (offsets_q)
  );

  wire [97:0] references_q;

  sram_1r1w #(.WIDTH(98), .DEPTH(12), .ADDRESS_BITS(4)) u_references (
    .clk           (clk),
    .write         (reference_write_enable),
    .write_address (reference_write_address),
    .write_data    (reference_write_data),
    .read          (read),
    .read_address  ({attention_tag_slot, attention_tag_level}),
    .read_data     (references_q)
  );

  assign group_freed = read && attention_tag_last_of_group;
  reg point_valid;

  always @(posedge clk)
    if (rst) point_valid <= 1'b0;
    else if (index_advance) point_valid <= attention_valid;

  reg [8:0] point_weight;
  reg point_element;
  reg point_head;
  reg point_level;
  reg point_last_of_head;
  reg point_last_of_query;

  always @(posedge clk)
    if (index_advance) begin
      point_weight <= attention_weight;
      point_element <= attention_tag_sample[0];
      point_head <= attention_tag_head;
      point_level <= attention_tag_level;
      point_last_of_head <= attention_tag_last_of_head;
      point_last_of_query <= attention_tag_last_of_query;
    end

  // Its offset, and the size of its level. A memory's delay and a multiplier's would make the longest path of the
  // lane.
  wire [4:0] width = point_level ? levels_width_1 : levels_width_0;
  wire [4:0] height = point_level ? levels_height_1 : levels_height_0;
  wire [25:0] offset = point_element ? offsets_q[51:26] : offsets_q[25:0];
  reg operands_valid;

  always @(posedge clk)
    if (rst) operands_valid <= 1'b0;
    else if (index_advance) operands_valid <= point_valid;

  reg [25:0] operands_offset;
  reg [97:0] operands_reference;
  reg [8:0] operands_weight;
  reg [4:0] operands_width;
  reg [4:0] operands_height;
  reg operands_head;
  reg operands_level;
  reg operands_last_of_head;
  reg operands_last_of_query;

  always @(posedge clk)
    if (index_advance) begin
      operands_offset <= offset;
      operands_reference <= references_q;
      operands_weight <= point_weight;
      operands_width <= width;
      operands_height <= height;
      operands_head <= point_head;
      operands_level <= point_level;
      operands_last_of_head <= point_last_of_head;
      operands_last_of_query <= point_last_of_query;
    end

  // Reference in pixels of its level.
  reg scaled_valid;

  always @(posedge clk)
    if (rst) scaled_valid <= 1'b0;
    else if (index_advance) scaled_valid <= operands_valid;

  reg [37:0] scaled_x;
  reg [37:0] scaled_y;
  reg [12:0] scaled_offset_x;
  reg [12:0] scaled_offset_y;
  reg [27:0] scaled_share_x;
  reg [27:0] scaled_share_y;
  reg [20:0] scaled_box_width;
  reg [20:0] scaled_box_height;
  reg [8:0] scaled_weight;
  reg [4:0] scaled_width;
  reg [4:0] scaled_height;
  reg scaled_head;
  reg scaled_level;
  reg scaled_last_of_head;
  reg scaled_last_of_query;
  wire [12:0] scaled_offset_x_part = operands_offset[12:0];
  wire [12:0] scaled_offset_y_part = operands_offset[25:13];
  wire [28:0] scaled_share_x_product = $signed(scaled_offset_x_part) * 16'sd16384;
  wire [28:0] scaled_share_y_product = $signed(scaled_offset_y_part) * 16'sd16384;
  wire [21:0] scaled_box_width_product = operands_reference[80:64] * operands_width;
  wire [21:0] scaled_box_height_product = operands_reference[97:81] * operands_height;

  always @(posedge clk)
    if (index_advance) begin
      scaled_x <= $signed(operands_reference[31:0]) * $signed({1'b0, operands_width});
      scaled_y <= $signed(operands_reference[63:32]) * $signed({1'b0, operands_height});
      scaled_offset_x <= scaled_offset_x_part;
      scaled_offset_y <= scaled_offset_y_part;
      scaled_share_x <= scaled_share_x_product[27:0];
      scaled_share_y <= scaled_share_y_product[27:0];
      scaled_box_width <= scaled_box_width_product[20:0];
      scaled_box_height <= scaled_box_height_product[20:0];
      scaled_weight <= operands_weight;
      scaled_width <= operands_width;
      scaled_height <= operands_height;
      scaled_head <= operands_head;
      scaled_level <= operands_level;
      scaled_last_of_head <= operands_last_of_head;
      scaled_last_of_query <= operands_last_of_query;
    end

  // Offset in pixels.
  wire [49:0] product_x = $signed(scaled_share_x) * $signed({1'b0, scaled_box_width});
  wire [49:0] product_y = $signed(scaled_share_y) * $signed({1'b0, scaled_box_height});
  reg moved_valid;

  always @(posedge clk)
    if (rst) moved_valid <= 1'b0;
    else if (index_advance) moved_valid <= scaled_valid;

  reg [37:0] moved_x;
  reg [37:0] moved_y;
  reg [27:0] moved_move_x;
  reg [27:0] moved_move_y;
  reg [8:0] moved_weight;
  reg [4:0] moved_width;
  reg [4:0] moved_height;
  reg moved_head;
  reg moved_level;
  reg moved_last_of_head;
  reg moved_last_of_query;
  wire [22:0] moved_move_x_joined = {scaled_offset_x, 10'd0};
  wire [22:0] moved_move_y_joined = {scaled_offset_y, 10'd0};

  always @(posedge clk)
    if (index_advance) begin
      moved_x <= scaled_x;
      moved_y <= scaled_y;
      moved_move_x <= boxes ? product_x[49:22] : {{5{moved_move_x_joined[22]}}, moved_move_x_joined};
      moved_move_y <= boxes ? product_y[49:22] : {{5{moved_move_y_joined[22]}}, moved_move_y_joined};
      moved_weight <= scaled_weight;
      moved_width <= scaled_width;
      moved_height <= scaled_height;
      moved_head <= scaled_head;
      moved_level <= scaled_level;
      moved_last_of_head <= scaled_last_of_head;
      moved_last_of_query <= scaled_last_of_query;
    end

  // Add, round, clamp.
  wire [38:0] rounded_x_sum = {moved_x[37], moved_x} + {{11{moved_move_x[27]}}, moved_move_x};
  wire [39:0] rounded_x_difference = {rounded_x_sum[38], rounded_x_sum} - 40'h8000;
  wire [40:0] rounded_x_sum_2 = {rounded_x_difference[39], rounded_x_difference} + 41'h200;
  wire [30:0] rounded_x = rounded_x_sum_2[40:10];
  wire [6:0] high_x_sum = {2'd0, moved_width} + 7'd1;
  wire [12:0] high_x = {high_x_sum, 6'd0};
  wire [38:0] rounded_y_sum = {moved_y[37], moved_y} + {{11{moved_move_y[27]}}, moved_move_y};
  wire [39:0] rounded_y_difference = {rounded_y_sum[38], rounded_y_sum} - 40'h8000;
  wire [40:0] rounded_y_sum_2 = {rounded_y_difference[39], rounded_y_difference} + 41'h200;
  wire [30:0] rounded_y = rounded_y_sum_2[40:10];
  wire [6:0] high_y_sum = {2'd0, moved_height} + 7'd1;
  wire [12:0] high_y = {high_y_sum, 6'd0};
  reg place_valid;

  always @(posedge clk)
    if (rst) place_valid <= 1'b0;
    else if (index_advance) place_valid <= moved_valid;

  reg [12:0] place_x;
  reg [12:0] place_y;
  reg [8:0] place_weight;
  reg [4:0] place_width;
  reg [4:0] place_height;
  reg place_head;
  reg place_level;
  reg place_last_of_head;
  reg place_last_of_query;

  always @(posedge clk)
    if (index_advance) begin
      place_x <= ($signed(rounded_x) < -31'sd128) ? 13'h1F80 :
        ($signed({{18{high_x[12]}}, high_x}) < $signed(rounded_x)) ? high_x : rounded_x[12:0];
      place_y <= ($signed(rounded_y) < -31'sd128) ? 13'h1F80 :
        ($signed({{18{high_y[12]}}, high_y}) < $signed(rounded_y)) ? high_y : rounded_y[12:0];
      place_weight <= moved_weight;
      place_width <= moved_width;
      place_height <= moved_height;
      place_head <= moved_head;
      place_level <= moved_level;
      place_last_of_head <= moved_last_of_head;
      place_last_of_query <= moved_last_of_query;
    end

  // Corners in the map.
  assign index_advance = !place_valid || location_ready;
  wire [6:0] location_inside_part = place_y[12:6];
  wire [7:0] location_inside_sum = {location_inside_part[6], location_inside_part} + 8'd1;
  wire [6:0] location_inside_part_2 = place_x[12:6];
  wire [7:0] location_inside_sum_2 = {location_inside_part_2[6], location_inside_part_2} + 8'd1;
  assign location_inside = {($signed(location_inside_part) >= -7'sd1) && ($signed(location_inside_sum) < $signed({3'd0,
      place_height})), !place_y[12] && ($signed(location_inside_part) < $signed({2'd0, place_height})),
      ($signed(location_inside_part_2) >= -7'sd1) && ($signed(location_inside_sum_2) < $signed({3'd0, place_width})),
      !place_x[12] && ($signed(location_inside_part_2) < $signed({2'd0, place_width}))};

  assign location_valid = place_valid;
  assign location_x = place_x;
  assign location_y = place_y;
  assign location_weight = place_weight;
  assign location_head = place_head;
  assign location_level = place_level;
  assign location_last_of_head = place_last_of_head;
  assign location_last_of_query = place_last_of_query;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, scaled_share_x_product[28], scaled_share_y_product[28], scaled_box_width_product[21],
      scaled_box_height_product[21], product_x[21:0], product_y[21:0], rounded_x_sum_2[9:0], rounded_y_sum_2[9:0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(43)) check_location (
    .clk(clk), .rst(rst), .valid(place_valid), .ready(location_ready), .payload({place_x, place_y, place_weight,
        location_inside, place_head, place_level, place_last_of_head, place_last_of_query})
  );
`endif

endmodule
`default_nettype wire
