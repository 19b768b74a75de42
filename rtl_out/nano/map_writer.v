// map_writer
//
// Writes the value map: a 2x2 block at a time, head by head, pixel by pixel, as soon as all groups that it has
// tokens of are complete.
//
//   heads = 2
//   units_of_pixel = 1
//   padding_of_line = 0
`default_nettype none

module map_writer (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [39:0] address,
  input  wire        block_valid,
  output wire        block_ready,
  input  wire        block_live_0,
  input  wire        block_live_1,
  input  wire        block_live_2,
  input  wire        block_live_3,
  input  wire [2:0]  block_slot_0,
  input  wire [2:0]  block_slot_1,
  input  wire [2:0]  block_slot_2,
  input  wire [2:0]  block_slot_3,
  input  wire [2:0]  block_waits,
  input  wire [2:0]  block_frees,
  input  wire        finished_valid,
  output wire        finished_ready,
  input  wire [1:0]  finished,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [1:0]  request_beats,
  output wire        read_valid,
  input  wire        read_ready,
  output wire [2:0]  read_slot,
  output wire [1:0]  read_unit,
  output wire [3:0]  read_live,
  output wire        freed
);

  // Wait for the groups of the block, then ask for its beats to be written, then read it.
  localparam [1:0] STATE_WAIT = 2'd0;
  localparam [1:0] STATE_ASK = 2'd1;
  localparam [1:0] STATE_COPY = 2'd2;
  reg [1:0] state;
  wire is_wait = state == STATE_WAIT;
  wire is_ask = state == STATE_ASK;
  wire is_copy = state == STATE_COPY;
  reg [2:0] complete_groups;
  wire enough = complete_groups == block_waits;
  wire block_ready_to_go_term = is_wait && block_valid;
  wire block_ready_to_go = block_ready_to_go_term && enough;
  assign finished_ready = block_ready_to_go_term && !enough;
  reg [39:0] block_address;
  wire request_taken = is_ask && request_ready;

  always @(posedge clk)
    if (start) block_address <= address;
    else if (request_taken) block_address <= block_address + 40'h10;

  // Head, pixel (the fifth is the padding of the line), unit of the pixel.
  reg head_unit;
  reg [2:0] pixel;
  reg unit;
  wire last_unit = !unit;
  wire last_pixel = pixel == 3'd3;
  wire last_head = head_unit;
  wire unit_is_live_choice = pixel[1] ? (pixel[0] ? block_live_3 : block_live_2) :
        pixel[0] ? block_live_1 : block_live_0;
  wire unit_is_live = unit_is_live_choice && !pixel[2];
  wire step = is_copy && read_ready;
  wire end_of_pixel = step && last_unit;
  wire end_of_line = end_of_pixel && last_pixel;
  wire end_of_block = end_of_line && last_head;

  always @(posedge clk)
    if (rst) unit <= 1'b0;
    else if (end_of_pixel) unit <= 1'b0;
    else if (step) unit <= unit + 1'b1;

  always @(posedge clk)
    if (rst) pixel <= 3'd0;
    else if (end_of_line) pixel <= 3'd0;
    else if (end_of_pixel) pixel <= pixel + 3'd1;

  always @(posedge clk)
    if (rst) head_unit <= 1'b0;
    else if (end_of_block) head_unit <= 1'b0;
    else if (end_of_line) head_unit <= head_unit + 1'b1;

  always @(posedge clk)
    if (rst) state <= STATE_WAIT;
    else if (block_ready_to_go) state <= STATE_ASK;
    else if (request_taken) state <= STATE_COPY;
    else if (end_of_block) state <= STATE_WAIT;

  always @(posedge clk)
    if (rst) complete_groups <= 3'd0;
    else if (end_of_block) complete_groups <= 3'd0;
    else if (finished_valid && finished_ready) complete_groups <= complete_groups + 3'd1;

  assign block_ready = end_of_block;
  assign read_slot = pixel[1] ? (pixel[0] ? block_slot_3 : block_slot_2) :
        pixel[0] ? block_slot_1 : block_slot_0;
  assign read_unit = head_unit + unit;
  assign read_live = unit_is_live ? 4'd1 : 4'd0;

  // Groups that the block was the last of, one a cycle.
  reg [3:0] to_free;
  wire free = to_free != 4'd0;
  wire [3:0] to_free_difference = to_free - 4'd1;
  wire [3:0] to_free_choice = free ? to_free_difference : to_free;

  always @(posedge clk)
    if (rst) to_free <= 4'd0;
    else if (end_of_block) to_free <= to_free_choice + {1'b0, block_frees};
    else to_free <= to_free_choice;

  assign request_valid = is_ask;
  assign request_address = block_address;
  assign request_beats = 2'd2;
  assign read_valid = is_copy;
  assign freed = free;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, finished};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(42)) check_request (
    .clk(clk), .rst(rst), .valid(is_ask), .ready(request_ready), .payload({block_address, 2'd2})
  );
  stream_check #(.WIDTH(9)) check_read (
    .clk(clk), .rst(rst), .valid(is_copy), .ready(read_ready), .payload({read_slot, read_unit, read_live})
  );
`endif

endmodule
`default_nettype wire
