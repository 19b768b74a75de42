// reference_rows
//
// Writes references, words in the order of the queries, into the buffers of their groups. A group is announced
// when its references are complete.
//
//   groups = 3
`default_nettype none

module reference_rows (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [6:0]  queries,
  input  wire        boxes,
  input  wire        freed,
  input  wire        word_valid,
  output wire        word_ready,
  input  wire [63:0] word,
  output wire        write_enable,
  output wire [3:0]  write_address,
  output wire [97:0] write_data,
  output wire        complete_valid,
  input  wire        complete_ready,
  output wire        complete
);

  // Level after level, query after query.
  reg [6:0] remaining;
  reg level;
  reg [1:0] group_index;
  reg row_index;
  reg [1:0] held;
  wire announce_ready;
  assign word_ready = (remaining != 7'd0) && (held != 2'd3) && announce_ready;
  wire take = word_valid && word_ready;
  reg second;
  reg [63:0] corner;

  always @(posedge clk)
    if (rst) second <= 1'b0;
    else if (start) second <= 1'b0;
    else if (take && boxes) second <= !second;

  always @(posedge clk)
    if (take && !second) corner <= word;

  wire write = take && (second || !boxes);
  wire last_level = write && level;
  wire end_of_group = last_level && (row_index || (remaining == 7'd1));

  always @(posedge clk)
    if (rst) remaining <= 7'd0;
    else if (start) remaining <= queries;
    else if (last_level) remaining <= remaining - 7'd1;

  always @(posedge clk)
    if (rst) level <= 1'b0;
    else if (write) level <= level + 1'b1;

  wire [1:0] group_index_sum = group_index + 2'd1;

  always @(posedge clk)
    if (rst) group_index <= 2'd0;
    else if (end_of_group) group_index <= (group_index == 2'd2) ? 2'd0 : group_index_sum;

  always @(posedge clk)
    if (rst) row_index <= 1'b0;
    else if (end_of_group) row_index <= 1'b0;
    else if (last_level) row_index <= row_index + 1'b1;

  always @(posedge clk)
    if (rst) held <= 2'd0;
    else if (end_of_group && !freed) held <= held + 2'd1;
    else if (freed && !end_of_group) held <= held - 2'd1;

  assign write_address = {group_index, row_index, level};
  assign write_data = {word[48:32], word[16:0], boxes ? corner : word};

  fifo #(.WIDTH(1), .DEPTH(3)) u_groups (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (end_of_group),
    .in_ready  (announce_ready),
    .in_data   (1'b1),
    .out_valid (complete_valid),
    .out_ready (complete_ready),
    .out_data  (complete)
  );

  assign write_enable = write;

endmodule
`default_nettype wire
