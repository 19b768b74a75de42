// dense_writer
//
// Writes the rows of a dense job, each when its group is complete.
`default_nettype none

module dense_writer (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire [1:0]  row_beats,
  input  wire        last_panel,
  input  wire [2:0]  tail,
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

  // Ask for the beats of a row to be written, then read it; meanwhile ask for those of the next row of the group.
  reg [1:0] asked_rows;
  reg [1:0] group;
  reg row;
  reg [1:0] beat;
  reg [39:0] row_address;
  wire [2:0] in_group_sum = {2'd0, row} + {1'b0, asked_rows};
  wire in_group = in_group_sum < {1'b0, finished};
  assign request_valid = finished_valid && (asked_rows != 2'd2) && in_group;
  wire row_address_term = request_valid && request_ready;

  always @(posedge clk)
    if (start) row_address <= address;
    else if (row_address_term) row_address <= row_address + {8'd0, stride};

  wire [2:0] last_beat_sum = {1'b0, beat} + 3'd1;
  wire last_beat = last_beat_sum == {1'b0, row_beats};
  wire ends_outputs = last_panel && last_beat && (tail != 3'd0);
  assign read_valid = asked_rows != 2'd0;
  wire step = read_valid && read_ready;
  wire end_of_row = step && last_beat;
  wire [1:0] end_of_group_sum = {1'b0, row} + 2'd1;
  wire end_of_group = end_of_row && (end_of_group_sum == finished);

  always @(posedge clk)
    if (rst) asked_rows <= 2'd0;
    else if (row_address_term && !end_of_row) asked_rows <= asked_rows + 2'd1;
    else if (end_of_row && !row_address_term) asked_rows <= asked_rows - 2'd1;

  always @(posedge clk)
    if (rst) beat <= 2'd0;
    else if (end_of_row) beat <= 2'd0;
    else if (step) beat <= beat + 2'd1;

  always @(posedge clk)
    if (rst) row <= 1'b0;
    else if (end_of_group) row <= 1'b0;
    else if (end_of_row) row <= row + 1'b1;

  always @(posedge clk)
    if (rst) group <= 2'd0;
    else if (start) group <= 2'd0;
    else if (end_of_group) group <= group + 2'd1;

  assign finished_ready = end_of_group;
  assign read_slot = {group, row};
  assign read_live = ends_outputs ? {1'b0, tail} : 4'd8;

  assign request_address = row_address;
  assign request_beats = row_beats;
  assign read_unit = 2'd0;
  assign freed = end_of_group;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(42)) check_request (
    .clk(clk), .rst(rst), .valid(request_valid), .ready(request_ready), .payload({row_address, row_beats})
  );
  stream_check #(.WIDTH(9)) check_read (
    .clk(clk), .rst(rst), .valid(read_valid), .ready(read_ready), .payload({read_slot, 2'd0, read_live})
  );
`endif

endmodule
`default_nettype wire
