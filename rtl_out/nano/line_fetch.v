// line_fetch
//
// Fetches lines of the value map in the order they are asked for. At most lines_outstanding are under way or
// waiting, each with its place in the buffer reserved. first_head: that of the lane.
//
//   line_beats = 1
//   lines_outstanding = 8
`default_nettype none

module line_fetch (
  input  wire        clk,
  input  wire        rst,
  input  wire [4:0]  levels_width_0,
  input  wire [4:0]  levels_width_1,
  input  wire [4:0]  levels_height_0,
  input  wire [4:0]  levels_height_1,
  input  wire [39:0] start_0,
  input  wire [39:0] start_1,
  input  wire        first_head,
  input  wire        miss_valid,
  output wire        miss_ready,
  input  wire        miss_level,
  input  wire [3:0]  miss_row,
  input  wire [3:0]  miss_column,
  input  wire        miss_head,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [7:0]  request_length,
  input  wire [63:0] data,
  input  wire        data_valid,
  output wire        line_out_valid,
  input  wire        line_out_ready,
  output wire [63:0] line_out
);

  // What is missing is known late in a cycle, and so is whether the port takes a read: they do not meet here.
  wire missing_out_valid;
  wire [9:0] missing_out_data;
  wire missing_out_ready;

  fifo #(.WIDTH(10), .DEPTH(2)) u_missing (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (miss_valid),
    .in_ready  (miss_ready),
    .in_data   ({miss_head, miss_column, miss_row, miss_level}),
    .out_valid (missing_out_valid),
    .out_ready (missing_out_ready),
    .out_data  (missing_out_data)
  );

  // Places reserved in the buffer.
  reg [3:0] reserved;
  wire room = reserved != 4'd8;
  wire admitted_ready;
  assign missing_out_ready = admitted_ready && room;

  // Line number in its level: (by * blocks of a row + bx) * heads + head.
  wire address_advance;
  assign admitted_ready = address_advance;
  wire [5:0] blocks_sum = {1'b0, levels_width_1} + 6'd1;
  wire [5:0] blocks_sum_2 = {1'b0, levels_width_0} + 6'd1;
  wire [4:0] blocks = missing_out_data[0] ? blocks_sum[5:1] : blocks_sum_2[5:1];
  reg row_valid;

  always @(posedge clk)
    if (rst) row_valid <= 1'b0;
    else if (address_advance) row_valid <= missing_out_valid && room;

  reg [8:0] row_row;
  reg [3:0] row_bx;
  reg row_head;
  reg row_level;

  always @(posedge clk)
    if (address_advance) begin
      row_row <= missing_out_data[4:1] * blocks;
      row_bx <= missing_out_data[8:5];
      row_head <= missing_out_data[9];
      row_level <= missing_out_data[0];
    end

  reg line_valid;

  always @(posedge clk)
    if (rst) line_valid <= 1'b0;
    else if (address_advance) line_valid <= row_valid;

  reg [36:0] line_number;
  reg line_level;
  wire [9:0] line_number_sum = {1'b0, row_row} + {6'd0, row_bx};
  wire [11:0] line_number_product = line_number_sum * 2'd2;
  wire [12:0] line_number_sum_2 = {1'b0, line_number_product} + {12'd0, row_head};

  always @(posedge clk)
    if (address_advance) begin
      line_number <= {24'd0, line_number_sum_2};
      line_level <= row_level;
    end

  reg target_valid;

  always @(posedge clk)
    if (rst) target_valid <= 1'b0;
    else if (address_advance) target_valid <= line_valid;

  reg [39:0] target_address;

  always @(posedge clk)
    if (address_advance) target_address <= (line_level ? start_1 : start_0) + {line_number, 3'd0};

  assign address_advance = !target_valid || request_ready;

  // Assemble the beats of a line.
  wire assembled_ready;
  wire lines_out_valid;

  sram_fifo #(.WIDTH(64), .DEPTH(8)) u_lines (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (data_valid),
    .in_ready  (assembled_ready),
    .in_data   (data),
    .out_valid (lines_out_valid),
    .out_ready (line_out_ready),
    .out_data  (line_out)
  );

  wire taken = lines_out_valid && line_out_ready;
  wire reserved_term = missing_out_valid && missing_out_ready;

  always @(posedge clk)
    if (rst) reserved <= 4'd0;
    else if (reserved_term && !taken) reserved <= reserved + 4'd1;
    else if (taken && !reserved_term) reserved <= reserved - 4'd1;

  assign request_valid = target_valid;
  assign request_address = target_address;
  assign request_length = 8'd0;
  assign line_out_valid = lines_out_valid;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, levels_height_0, levels_height_1, first_head, blocks_sum_2[0], blocks_sum[0], assembled_ready,
      assembled_ready};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(48)) check_request (
    .clk(clk), .rst(rst), .valid(target_valid), .ready(request_ready), .payload({target_address, 8'd0})
  );

  always @(posedge clk) begin : checks
    if (rst) begin
    end else begin
`ifdef FORMAL
      assert (!data_valid || assembled_ready);
`else
      if (data_valid && !assembled_ready) $fatal(1, "%m: a line that comes has its place");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
