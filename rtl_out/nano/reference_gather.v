// reference_gather
//
// Fetches the references of the queries it is given: a word of x and y for each level, of boxes a second one of
// width and height; or, for a sort, only the first word of each query.
//
//   words_per_beat = 1
//   buffer_beats = 64
`default_nettype none

module reference_gather (
  input  wire        clk,
  input  wire        rst,
  input  wire        boxes,
  input  wire        first_word_only,
  input  wire [39:0] address,
  input  wire        query_valid,
  output wire        query_ready,
  input  wire [5:0]  query,
  input  wire [63:0] data,
  input  wire        data_valid,
  output wire        burst_valid,
  input  wire        burst_ready,
  output wire [39:0] burst_address,
  output wire [7:0]  burst_length,
  output wire        word_valid,
  input  wire        word_ready,
  output wire [5:0]  word_query,
  output wire [63:0] word_word,
  output wire        word_last
);

  // The beats that hold the row.
  wire [2:0] row_words = first_word_only ? 3'd1 :
        boxes ? 3'd4 : 3'd2;
  wire row_advance;
  assign query_ready = row_advance;
  reg begin_valid;

  always @(posedge clk)
    if (rst) begin_valid <= 1'b0;
    else if (row_advance) begin_valid <= query_valid;

  reg [5:0] begin_query;
  reg [8:0] begin_first;
  wire [7:0] begin_first_product = query * 2'd2;

  always @(posedge clk)
    if (row_advance) begin
      begin_query <= query;
      begin_first <= boxes ? {begin_first_product, 1'b0} : {1'b0, begin_first_product};
    end

  reg at_valid;

  always @(posedge clk)
    if (rst) at_valid <= 1'b0;
    else if (row_advance) at_valid <= begin_valid;

  reg [39:0] at_request_address;
  reg [2:0] at_request_beats;
  reg [5:0] at_mark_query;
  reg at_mark_place;

  always @(posedge clk)
    if (row_advance) begin
      at_request_address <= address + {28'd0, begin_first, 3'd0};
      at_request_beats <= row_words;
      at_mark_query <= begin_query;
      at_mark_place <= 1'b0;
    end

  wire row_ready;
  assign row_advance = !at_valid || row_ready;
  wire mark_ready;
  wire row_request_ready;
  assign row_ready = row_request_ready && mark_ready;
  wire marks_out_valid;
  wire [6:0] marks_out_data;
  wire marks_out_ready;
  wire marks_in_valid_term = at_valid && mark_ready;
  wire marks_in_valid_term_2 = marks_in_valid_term && row_request_ready;

  sram_fifo #(.WIDTH(7), .DEPTH(64)) u_marks (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (marks_in_valid_term_2),
    .in_ready  (mark_ready),
    .in_data   ({at_mark_place, at_mark_query}),
    .out_valid (marks_out_valid),
    .out_ready (marks_out_ready),
    .out_data  (marks_out_data)
  );

  wire reader_beat_valid;
  wire reader_beat_ready;

  burst_reader #(.ADDRESS_BITS(40), .DATA_BITS(64), .BEAT_BITS(3), .DEPTH(64)) u_reader (
    .clk             (clk),
    .rst             (rst),
    .request_valid   (marks_in_valid_term),
    .request_ready   (row_request_ready),
    .request_address (at_request_address),
    .request_beats   (at_request_beats),
    .data            (data),
    .data_valid      (data_valid),
    .burst_valid     (burst_valid),
    .burst_ready     (burst_ready),
    .burst_address   (burst_address),
    .burst_length    (burst_length),
    .beat_valid      (reader_beat_valid),
    .beat_ready      (reader_beat_ready),
    .beat            (word_word)
  );

  // Word after word.
  reg [2:0] word_number;
  wire [3:0] last_word_sum = {1'b0, word_number} + 4'd1;
  wire last_word = last_word_sum == {1'b0, row_words};
  assign word_valid = marks_out_valid && reader_beat_valid;
  wire step = word_valid && word_ready;
  wire word_number_term = step && last_word;

  always @(posedge clk)
    if (rst) word_number <= 3'd0;
    else if (word_number_term) word_number <= 3'd0;
    else if (step) word_number <= word_number + 3'd1;

  assign reader_beat_ready = step;
  assign marks_out_ready = word_number_term;
  assign word_query = marks_out_data[5:0];

  assign word_last = last_word;
  wire unused_part = marks_out_data[6];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, unused_part};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(71)) check_word (
    .clk(clk), .rst(rst), .valid(word_valid), .ready(word_ready), .payload({word_query, word_word, last_word})
  );
`endif

endmodule
`default_nettype wire
