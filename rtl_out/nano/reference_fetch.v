// reference_fetch
//
// Fetches the references of all queries as one run. A word is x and y of a level; of boxes, a second one is width
// and height. A group is announced when its references are complete.
//
//   words_per_beat = 1
//   groups = 3
`default_nettype none

module reference_fetch (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [6:0]  queries,
  input  wire        boxes,
  input  wire [39:0] address,
  input  wire        freed,
  input  wire [63:0] data,
  input  wire        data_valid,
  output wire        burst_valid,
  input  wire        burst_ready,
  output wire [39:0] burst_address,
  output wire [7:0]  burst_length,
  output wire        write_enable,
  output wire [3:0]  write_address,
  output wire [97:0] write_data,
  output wire        group_valid,
  input  wire        group_ready,
  output wire        group
);

  // One request for the whole run, a cycle after start.
  reg pending;
  wire [12:0] bytes_product = queries * 6'd32;
  wire [12:0] bytes = boxes ? bytes_product : {1'b0, bytes_product[12:1]};
  wire run_request_ready;

  always @(posedge clk)
    if (rst) pending <= 1'b0;
    else if (start) pending <= 1'b1;
    else if (run_request_ready) pending <= 1'b0;

  wire reader_beat_valid;
  wire [63:0] reader_beat;
  wire reader_beat_ready;
  wire [13:0] reader_request_beats_sum = {1'b0, bytes} + 14'd7;

  burst_reader_reference u_reader (
    .clk             (clk),
    .rst             (rst),
    .request_valid   (pending),
    .request_ready   (run_request_ready),
    .request_address (address),
    .request_beats   (reader_request_beats_sum[11:3]),
    .data            (data),
    .data_valid      (data_valid),
    .burst_valid     (burst_valid),
    .burst_ready     (burst_ready),
    .burst_address   (burst_address),
    .burst_length    (burst_length),
    .beat_valid      (reader_beat_valid),
    .beat_ready      (reader_beat_ready),
    .beat            (reader_beat)
  );

  // Write level after level, query after query; what the last beat holds beyond the last query is dropped.
  reg [6:0] remaining;
  reg level;
  reg [1:0] group_index;
  reg row_index;
  reg [1:0] held;
  wire over = remaining == 7'd0;
  wire announce_ready;
  assign reader_beat_ready = over || ((held != 2'd3) && announce_ready);
  wire take = reader_beat_valid && reader_beat_ready && !over;
  reg second;
  reg [63:0] corner;

  always @(posedge clk)
    if (rst) second <= 1'b0;
    else if (start) second <= 1'b0;
    else if (take && boxes) second <= !second;

  always @(posedge clk)
    if (take && !second) corner <= reader_beat;

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
  assign write_data = {reader_beat[48:32], reader_beat[16:0], boxes ? corner : reader_beat};

  fifo_1x3 u_groups (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (end_of_group),
    .in_ready  (announce_ready),
    .in        (1'b1),
    .out_valid (group_valid),
    .out_ready (group_ready),
    .out       (group)
  );

  assign write_enable = write;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, reader_request_beats_sum[2:0], reader_request_beats_sum[13:12]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_burst_held;
  reg [47:0] check_burst_last;
  reg check_group_held;
  reg check_group_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_burst_held <= 1'b0;
      check_burst_last <= {48{1'b0}};
      check_group_held <= 1'b0;
      check_group_last <= {1{1'b0}};
    end else begin
      check_burst_held <= burst_valid && !burst_ready;
      check_burst_last <= {burst_address, burst_length};
      check_group_held <= group_valid && !group_ready;
      check_group_last <= group;
`ifdef FORMAL
      assert (!check_burst_held || (burst_valid && {burst_address, burst_length} == check_burst_last));
      assert (!check_group_held || (group_valid && group == check_group_last));
`else
      if (!(!check_burst_held || (burst_valid && {burst_address, burst_length} == check_burst_last))) $fatal(1,
          "%m: stream burst changed while it was waiting");
      if (!(!check_group_held || (group_valid && group == check_group_last))) $fatal(1,
          "%m: stream group changed while it was waiting");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
