// row_fetch
//
// Fetches rows and makes them into words of the row memories. Rows of dense jobs follow each other; tokens and
// queries come with their address.
//
//   word = 4
//   buffer_beats = 32
`default_nettype none

module row_fetch (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        tokens_run,
  input  wire        dense_run,
  input  wire [6:0]  rows,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire [1:0]  row_beats,
  input  wire [1:0]  last_word,
  input  wire [1:0]  row_tail,
  input  wire        given_valid,
  output wire        given_ready,
  input  wire [39:0] given_address,
  input  wire        given_last_of_group,
  input  wire [63:0] data,
  input  wire        data_valid,
  output wire        burst_valid,
  input  wire        burst_ready,
  output wire [39:0] burst_address,
  output wire [7:0]  burst_length,
  output wire        word_valid,
  input  wire        word_ready,
  output wire [31:0] word_operands,
  output wire        word_last_of_group
);

  // One request a row.
  reg [6:0] remaining;
  reg [39:0] row_address;
  reg row_of_group;
  wire last_row = row_of_group || (remaining == 7'd1);
  wire mark_ready;
  wire wanted = dense_run ? (remaining != 7'd0) : given_valid;
  wire ask_row = wanted && mark_ready;
  wire row_request_ready;
  wire asked = ask_row && row_request_ready;
  assign given_ready = !dense_run && row_request_ready && mark_ready;
  wire next_row = asked && dense_run;

  always @(posedge clk)
    if (rst) remaining <= 7'd0;
    else if (start && dense_run) remaining <= rows;
    else if (next_row) remaining <= remaining - 7'd1;

  always @(posedge clk)
    if (start) row_address <= address;
    else if (next_row) row_address <= row_address + {8'd0, stride};

  always @(posedge clk)
    if (rst) row_of_group <= 1'b0;
    else if (next_row && last_row) row_of_group <= 1'b0;
    else if (next_row) row_of_group <= row_of_group + 1'b1;

  // What is said of a row waits for its data.
  wire marks_out_valid;
  wire marks_out_ready;
  wire marks_in_data_choice = dense_run ? last_row : given_last_of_group;

  fifo #(.WIDTH(1), .DEPTH(32)) u_marks (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (asked),
    .in_ready  (mark_ready),
    .in_data   (marks_in_data_choice),
    .out_valid (marks_out_valid),
    .out_ready (marks_out_ready),
    .out_data  (word_last_of_group)
  );

  wire reader_beat_valid;
  wire [63:0] reader_beat;

  // Elements in memory are whole bytes; those of tokens may be of another size than those of queries.
  wire reader_beat_ready;
  wire [39:0] reader_request_address_choice = dense_run ? row_address : given_address;

  burst_reader #(.ADDRESS_BITS(40), .DATA_BITS(64), .BEAT_BITS(2), .DEPTH(32)) u_reader (
    .clk             (clk),
    .rst             (rst),
    .request_valid   (ask_row),
    .request_ready   (row_request_ready),
    .request_address (reader_request_address_choice),
    .request_beats   (row_beats),
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

  wire cut_word_out_valid;
  wire [31:0] cut_word_out;
  wire cut_word_out_ready;

  row_resize_64_to_32_of_2 u_cut (
    .clk            (clk),
    .rst            (rst),
    .restart        (start),
    .last_word      (last_word),
    .word_in_valid  (reader_beat_valid),
    .word_in_ready  (reader_beat_ready),
    .word_in        (reader_beat),
    .word_out_valid (cut_word_out_valid),
    .word_out_ready (cut_word_out_ready),
    .word_out       (cut_word_out)
  );

  reg [1:0] word_number;
  wire end_of_row = word_number == last_word;
  wire has_padding = end_of_row && (row_tail != 2'd0);
  wire [7:0] operand_1 = (has_padding && (row_tail <= 2'd1)) ? 8'd0 : cut_word_out[15:8];
  wire [7:0] operand_2 = (has_padding && (row_tail <= 2'd2)) ? 8'd0 : cut_word_out[23:16];
  wire [7:0] operand_3 = has_padding ? 8'd0 : cut_word_out[31:24];
  assign cut_word_out_ready = word_ready && marks_out_valid;
  assign word_valid = cut_word_out_valid && marks_out_valid;
  wire sent = word_valid && word_ready;
  wire word_number_term = sent && end_of_row;

  always @(posedge clk)
    if (rst) word_number <= 2'd0;
    else if (word_number_term) word_number <= 2'd0;
    else if (sent) word_number <= word_number + 2'd1;

  assign marks_out_ready = word_number_term;
  assign word_operands = {operand_3, operand_2, operand_1, cut_word_out[7:0]};

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, tokens_run};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(33)) check_word (
    .clk(clk), .rst(rst), .valid(word_valid), .ready(word_ready), .payload({word_operands, word_last_of_group})
  );
`endif

endmodule
`default_nettype wire
