// query_list
//
// Queries of a job in the order of their arrival, from start on: 0 to count - 1, or the entries of a list in
// memory. bad_entry: an entry that is not below rows.
//
//   entries_per_beat = 2
`default_nettype none

module query_list (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        listed,
  input  wire [6:0]  count,
  input  wire [6:0]  rows,
  input  wire [39:0] address,
  input  wire [63:0] data,
  input  wire        data_valid,
  output wire        burst_valid,
  input  wire        burst_ready,
  output wire [39:0] burst_address,
  output wire [7:0]  burst_length,
  output wire        bad_entry,
  output wire        query_valid,
  input  wire        query_ready,
  output wire [5:0]  query
);

  // The list is read as one run, a cycle after start.
  reg pending;
  wire list_request_ready;

  always @(posedge clk)
    if (rst) pending <= 1'b0;
    else if (start) pending <= listed;
    else if (list_request_ready) pending <= 1'b0;

  wire reader_beat_valid;
  wire [63:0] reader_beat;
  wire reader_beat_ready;
  wire [7:0] reader_request_beats_sum = {1'b0, count} + 8'd1;

  burst_reader #(.ADDRESS_BITS(40), .DATA_BITS(64), .BEAT_BITS(6), .DEPTH(32)) u_reader (
    .clk             (clk),
    .rst             (rst),
    .request_valid   (pending),
    .request_ready   (list_request_ready),
    .request_address (address),
    .request_beats   (reader_request_beats_sum[6:1]),
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

  // A query at a time; what the last beat holds beyond the last entry is dropped.
  reg [6:0] left;
  reg [5:0] number;
  reg place;
  wire [31:0] entry = place ? reader_beat[63:32] : reader_beat[31:0];
  assign query_valid = (left != 7'd0) && (reader_beat_valid || !listed);
  wire step = query_valid && query_ready;
  wire end_of_beat = place || (left == 7'd1);
  wire reader_beat_ready_term = step && listed;
  assign reader_beat_ready = reader_beat_ready_term && end_of_beat;

  always @(posedge clk)
    if (rst) begin
      left <= 7'd0;
      number <= 6'd0;
    end else if (start) begin
      left <= count;
      number <= 6'd0;
    end else if (step) begin
      left <= left - 7'd1;
      number <= number + 6'd1;
    end

  always @(posedge clk)
    if (rst) place <= 1'b0;
    else if (start) place <= 1'b0;
    else if (step && end_of_beat) place <= 1'b0;
    else if (step) place <= place + 1'b1;

  assign bad_entry = reader_beat_ready_term && (entry >= {25'd0, rows});
  assign query = listed ? entry[5:0] : number;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, reader_request_beats_sum[0], reader_request_beats_sum[7]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(6)) check_query (
    .clk(clk), .rst(rst), .valid(query_valid), .ready(query_ready), .payload(query)
  );
`endif

endmodule
`default_nettype wire
