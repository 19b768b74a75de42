// token_walk
//
// Order of the tokens in the value projection: block by block of 2x2 pixels. Tokens that are masked are left out,
// the others are given their row of a group.
//
//   rows = 2
//   levels = 2
`default_nettype none

module token_walk (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        masked,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire [4:0]  levels_width_0,
  input  wire [4:0]  levels_width_1,
  input  wire [4:0]  levels_height_0,
  input  wire [4:0]  levels_height_1,
  input  wire        mask_start,
  input  wire        mask_valid,
  input  wire [63:0] mask_beat,
  output wire        token_valid,
  input  wire        token_ready,
  output wire [39:0] token_address,
  output wire        token_last_of_group,
  output wire        block_valid,
  input  wire        block_ready,
  output wire        block_live_0,
  output wire        block_live_1,
  output wire        block_live_2,
  output wire        block_live_3,
  output wire [2:0]  block_slot_0,
  output wire [2:0]  block_slot_1,
  output wire [2:0]  block_slot_2,
  output wire [2:0]  block_slot_3,
  output wire [2:0]  block_waits,
  output wire [2:0]  block_frees
);

  // The mask, a bit a token; its beats come before the start, a byte a token.
  reg [5:0] mask_word;

  always @(posedge clk)
    if (rst) mask_word <= 6'd0;
    else if (mask_start) mask_word <= 6'd0;
    else if (mask_valid) mask_word <= mask_word + 6'd1;

  // Position: level, block, pixel; token number and address of the next pixel of its two rows.
  localparam [2:0] STATE_IDLE = 3'd0;
  localparam [2:0] STATE_ENTER = 3'd1;
  localparam [2:0] STATE_PLACE = 3'd2;
  localparam [2:0] STATE_LOOK = 3'd3;
  localparam [2:0] STATE_DECIDE = 3'd4;
  localparam [2:0] STATE_END_BLOCK = 3'd5;
  reg [2:0] state;
  wire is_enter = state == STATE_ENTER;
  wire is_place = state == STATE_PLACE;
  wire is_look = state == STATE_LOOK;
  wire is_decide = state == STATE_DECIDE;
  wire is_end_block = state == STATE_END_BLOCK;
  reg level;
  reg [5:0] x;
  reg [5:0] y;
  reg [1:0] pixel;
  reg [9:0] row_token;
  reg [39:0] row_address;
  reg [9:0] token;
  reg [39:0] upper;
  reg [39:0] lower;
  reg [39:0] row_bytes;
  wire [4:0] width = level ? levels_width_1 : levels_width_0;
  wire [4:0] height = level ? levels_height_1 : levels_height_0;
  wire last_pixel = pixel == 2'd3;
  wire [6:0] last_of_row_sum = {1'b0, x} + 7'd2;
  wire last_of_row = last_of_row_sum >= {2'd0, width};
  wire [6:0] last_of_level_sum = {1'b0, y} + 7'd2;
  wire last_of_level = last_of_level_sum >= {2'd0, height};
  wire last_block = last_of_row && last_of_level && level;

  // Is the pixel outside, is its token masked?
  wire [6:0] outside_sum = {1'b0, x} + {6'd0, pixel[0]};
  wire [6:0] outside_sum_2 = {1'b0, y} + {6'd0, pixel[1]};
  wire outside = (outside_sum >= {2'd0, width}) || (outside_sum_2 >= {2'd0, height});
  wire [4:0] down = pixel[1] ? width : 5'd0;
  wire [10:0] token_here_sum = {1'b0, token} + {10'd0, pixel[0]};
  wire [11:0] token_here = {1'b0, token_here_sum} + {7'd0, down};
  wire ask_mask = is_look && masked && !outside;
  wire [7:0] mask_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(64), .ADDRESS_BITS(6)) u_mask (
    .clk           (clk),
    .write         (mask_valid),
    .write_address (mask_word),
    .write_data    ({mask_beat[63:56] != 8'd0, mask_beat[55:48] != 8'd0, mask_beat[47:40] != 8'd0,
        mask_beat[39:32] != 8'd0, mask_beat[31:24] != 8'd0, mask_beat[23:16] != 8'd0, mask_beat[15:8] != 8'd0,
        mask_beat[7:0] != 8'd0}),
    .read          (ask_mask),
    .read_address  (token_here[8:3]),
    .read_data     (mask_q)
  );

  reg [2:0] mask_bit;

  always @(posedge clk)
    if (is_look) mask_bit <= token_here[2:0];

  wire dead_choice = mask_bit[1] ? (mask_bit[0] ? mask_q[7] : mask_q[6]) :
        mask_bit[0] ? mask_q[5] : mask_q[4];
  wire dead_choice_2 = mask_bit[1] ? (mask_bit[0] ? mask_q[3] : mask_q[2]) :
        mask_bit[0] ? mask_q[1] : mask_q[0];
  wire dead = outside || (masked && (mask_bit[2] ? dead_choice : dead_choice_2));
  wire live = !dead;

  // A token is held until it is known whether another one follows in its group.
  reg held;
  reg known;
  reg [39:0] held_token_address;
  reg held_token_last_of_group;
  assign token_valid = held && known;
  wire sent = token_valid && token_ready;

  // Rows are given out one after the other, group after group.
  reg [1:0] group;
  reg row;
  reg group_is_open;
  reg group_is_waited_for;
  reg [4:0] blocks_of_group;
  wire give_term = is_decide && live;
  wire give = give_term && !held;
  wire filled = give && row;
  wire overdue = blocks_of_group == 5'd15;
  wire may_close = overdue || last_block;
  wire close_group = is_end_block && group_is_open && may_close;
  wire group_ends = filled || close_group;

  always @(posedge clk)
    if (give) begin
      held_token_address <= pixel[1] ? lower : upper;
      held_token_last_of_group <= filled;
    end else if (close_group) begin
      held_token_address <= held_token_address;
      held_token_last_of_group <= 1'b1;
    end

  always @(posedge clk)
    if (rst) held <= 1'b0;
    else if (give) held <= 1'b1;
    else if (sent) held <= 1'b0;

  always @(posedge clk)
    if (rst) known <= 1'b0;
    else if (give) known <= filled;
    else if (give_term || close_group) known <= 1'b1;

  always @(posedge clk)
    if (rst) row <= 1'b0;
    else if (group_ends) row <= 1'b0;
    else if (give) row <= row + 1'b1;

  always @(posedge clk)
    if (rst) group <= 2'd0;
    else if (start) group <= 2'd0;
    else if (group_ends) group <= group + 2'd1;

  always @(posedge clk)
    if (rst) group_is_open <= 1'b0;
    else if (group_ends) group_is_open <= 1'b0;
    else if (give) group_is_open <= 1'b1;

  // The block: which pixels have a row, and where; it goes when its last group needs no more of its pixels.
  reg live_0;
  reg [2:0] slot_0;
  wire live_0_term = is_decide && (pixel == 2'd0);
  wire [2:0] slot_0_joined = {group, row};

  always @(posedge clk)
    if (live_0_term) begin
      live_0 <= give;
      slot_0 <= slot_0_joined;
    end

  reg live_1;
  reg [2:0] slot_1;
  wire live_1_term = is_decide && (pixel == 2'd1);

  always @(posedge clk)
    if (live_1_term) begin
      live_1 <= give;
      slot_1 <= slot_0_joined;
    end

  reg live_2;
  reg [2:0] slot_2;
  wire live_2_term = is_decide && (pixel == 2'd2);

  always @(posedge clk)
    if (live_2_term) begin
      live_2 <= give;
      slot_2 <= slot_0_joined;
    end

  reg live_3;
  reg [2:0] slot_3;
  wire live_3_term = is_decide && last_pixel;

  always @(posedge clk)
    if (live_3_term) begin
      live_3 <= give;
      slot_3 <= slot_0_joined;
    end

  reg [2:0] waits;
  reg [2:0] frees;
  wire block_done_ready;
  wire next_block_term = is_end_block && !(group_is_open && may_close);
  wire next_block = next_block_term && block_done_ready;

  always @(posedge clk)
    if (rst) waits <= 3'd0;
    else if (next_block) waits <= 3'd0;
    else if (give && !group_is_waited_for) waits <= waits + 3'd1;

  always @(posedge clk)
    if (rst) frees <= 3'd0;
    else if (next_block) frees <= 3'd0;
    else if (group_ends) frees <= frees + 3'd1;

  always @(posedge clk)
    if (rst) group_is_waited_for <= 1'b0;
    else if (group_ends) group_is_waited_for <= 1'b0;
    else if (give) group_is_waited_for <= 1'b1;

  always @(posedge clk)
    if (rst) blocks_of_group <= 5'd0;
    else if (give && !group_is_open) blocks_of_group <= 5'd0;
    else if (next_block && group_is_open) blocks_of_group <= blocks_of_group + 5'd1;

  wire [21:0] blocks_out_data;

  fifo #(.WIDTH(22), .DEPTH(32)) u_blocks (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (next_block_term),
    .in_ready  (block_done_ready),
    .in_data   ({frees, waits, slot_3, slot_2, slot_1, slot_0, live_3, live_2, live_1, live_0}),
    .out_valid (block_valid),
    .out_ready (block_ready),
    .out_data  (blocks_out_data)
  );

  assign block_live_0 = blocks_out_data[0];
  assign block_live_1 = blocks_out_data[1];
  assign block_live_2 = blocks_out_data[2];
  assign block_live_3 = blocks_out_data[3];
  assign block_slot_0 = blocks_out_data[6:4];
  assign block_slot_1 = blocks_out_data[9:7];
  assign block_slot_2 = blocks_out_data[12:10];
  assign block_slot_3 = blocks_out_data[15:13];
  assign block_waits = blocks_out_data[18:16];
  assign block_frees = blocks_out_data[21:19];

  // Step: pixel by pixel, block by block, two rows after two rows, level by level.
  wire decided = is_decide && (give || dead);
  wire end_of_row = next_block && last_of_row;
  wire end_of_level = end_of_row && last_of_level;

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if (start) state <= STATE_ENTER;
    else if (is_enter) state <= STATE_PLACE;
    else if (is_place) state <= STATE_LOOK;
    else if (is_look) state <= STATE_DECIDE;
    else if (decided) state <= last_pixel ? STATE_END_BLOCK : STATE_LOOK;
    else if (next_block && last_block) state <= STATE_IDLE;
    else if (end_of_level) state <= STATE_ENTER;
    else if (end_of_row) state <= STATE_PLACE;
    else if (next_block) state <= STATE_LOOK;

  always @(posedge clk)
    if (rst) level <= 1'b0;
    else if (start) level <= 1'b0;
    else if (end_of_level) level <= level + 1'b1;

  always @(posedge clk)
    if (is_place || next_block) pixel <= 2'd0;
    else if (decided) pixel <= pixel + 2'd1;

  always @(posedge clk)
    if (is_place) x <= 6'd0;
    else if (next_block) x <= x + 6'd2;

  always @(posedge clk)
    if (start || end_of_level) y <= 6'd0;
    else if (end_of_row) y <= y + 6'd2;

  wire [36:0] row_bytes_product = width * stride;

  always @(posedge clk)
    if (is_enter) row_bytes <= {3'd0, row_bytes_product};

  wire [6:0] two_rows_sum = {1'b0, y} + 7'd1;
  wire two_rows = two_rows_sum < {2'd0, height};
  wire [5:0] tokens_of_rows = two_rows ? {width, 1'b0} : {1'b0, width};
  wire [40:0] bytes_of_rows_joined = {row_bytes, 1'b0};
  wire [39:0] bytes_of_rows = two_rows ? bytes_of_rows_joined[39:0] : row_bytes;

  always @(posedge clk)
    if (start) begin
      row_token <= 10'd0;
      row_address <= address;
    end else if (end_of_row) begin
      row_token <= row_token + {4'd0, tokens_of_rows};
      row_address <= row_address + bytes_of_rows;
    end

  always @(posedge clk)
    if (is_place) token <= row_token;
    else if (next_block) token <= token + 10'd2;

  always @(posedge clk)
    if (is_place) upper <= row_address;
    else if (decided && !pixel[1]) upper <= upper + {8'd0, stride};

  always @(posedge clk)
    if (is_place) lower <= row_address + row_bytes;
    else if (decided && pixel[1]) lower <= lower + {8'd0, stride};

  assign token_address = held_token_address;
  assign token_last_of_group = held_token_last_of_group;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, token_here[11:9], bytes_of_rows_joined[40]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(41)) check_token (
    .clk(clk), .rst(rst), .valid(token_valid), .ready(token_ready), .payload({held_token_address,
        held_token_last_of_group})
  );
`endif

endmodule
`default_nettype wire
