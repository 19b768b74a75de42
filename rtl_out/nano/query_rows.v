// query_rows
//
// Address of the row of each query, and which is the last of its group. start comes before all are taken.
//
//   rows = 2
`default_nettype none

module query_rows (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [6:0]  queries,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire        query_valid,
  output wire        query_ready,
  input  wire [5:0]  query,
  output wire        row_valid,
  input  wire        row_ready,
  output wire [39:0] row_address,
  output wire        row_last_of_group
);

  // Queries come from before the start on: their rows are asked for when the array turns to them.
  wire row_of_query_advance;
  assign query_ready = row_of_query_advance;
  reg distance_valid;

  always @(posedge clk)
    if (rst) distance_valid <= 1'b0;
    else if (row_of_query_advance) distance_valid <= query_valid;

  reg [36:0] distance_bytes;
  wire [34:0] distance_bytes_product = query * stride[31:3];

  always @(posedge clk)
    if (row_of_query_advance) distance_bytes <= {2'd0, distance_bytes_product};

  reg row_place_valid;

  always @(posedge clk)
    if (rst) row_place_valid <= 1'b0;
    else if (row_of_query_advance) row_place_valid <= distance_valid;

  reg [39:0] row_place_address;

  always @(posedge clk)
    if (row_of_query_advance) row_place_address <= address + {distance_bytes, 3'd0};

  wire row_of_query_ready;
  assign row_of_query_advance = !row_place_valid || row_of_query_ready;
  reg [6:0] remaining;
  reg row_of_group;
  wire last_row = row_of_group || (remaining == 7'd1);
  wire row_of_query_ready_term = remaining != 7'd0;
  assign row_of_query_ready = row_ready && row_of_query_ready_term;
  assign row_valid = row_place_valid && row_of_query_ready_term;
  wire next_row = row_valid && row_ready;

  always @(posedge clk)
    if (rst) remaining <= 7'd0;
    else if (start) remaining <= queries;
    else if (next_row) remaining <= remaining - 7'd1;

  always @(posedge clk)
    if (rst) row_of_group <= 1'b0;
    else if (next_row && last_row) row_of_group <= 1'b0;
    else if (next_row) row_of_group <= row_of_group + 1'b1;

  assign row_address = row_place_address;
  assign row_last_of_group = last_row;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, stride[2:0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(41)) check_row (
    .clk(clk), .rst(rst), .valid(row_valid), .ready(row_ready), .payload({row_place_address, last_row})
  );
`endif

endmodule
`default_nettype wire
