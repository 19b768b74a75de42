// query_fetch
//
// Fetches the rows of all queries in order and cuts them into words of depth channels.
//
//   row_beats = 1
//   depth = 2
`default_nettype none

module query_fetch (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [6:0]  queries,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire [63:0] data,
  input  wire        data_valid,
  output wire        burst_valid,
  input  wire        burst_ready,
  output wire [39:0] burst_address,
  output wire [7:0]  burst_length,
  output wire        word_valid,
  input  wire        word_ready,
  output wire [15:0] word
);

  // One request a row.
  reg [6:0] remaining;
  reg [39:0] row_address;
  wire row_request_ready;
  wire remaining_term = remaining != 7'd0;
  wire remaining_term_2 = remaining_term && row_request_ready;

  always @(posedge clk)
    if (rst) remaining <= 7'd0;
    else if (start) remaining <= queries;
    else if (remaining_term_2) remaining <= remaining - 7'd1;

  always @(posedge clk)
    if (start) row_address <= address;
    else if (remaining_term_2) row_address <= row_address + {8'd0, stride};

  wire reader_beat_valid;
  wire [63:0] reader_beat;
  wire reader_beat_ready;

  burst_reader_query u_reader (
    .clk             (clk),
    .rst             (rst),
    .request_valid   (remaining_term),
    .request_ready   (row_request_ready),
    .request_address (row_address),
    .request_beats   (1'b1),
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

  row_resize_64x1_to_16x2 u_cut (
    .clk       (clk),
    .rst       (rst),
    .restart   (start),
    .in_valid  (reader_beat_valid),
    .in_ready  (reader_beat_ready),
    .in        (reader_beat),
    .out_valid (word_valid),
    .out_ready (word_ready),
    .out       (word)
  );

  // Elements in memory are whole bytes.
`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_burst_held;
  reg [47:0] check_burst_last;
  reg check_word_held;
  reg [15:0] check_word_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_burst_held <= 1'b0;
      check_burst_last <= {48{1'b0}};
      check_word_held <= 1'b0;
      check_word_last <= {16{1'b0}};
    end else begin
      check_burst_held <= burst_valid && !burst_ready;
      check_burst_last <= {burst_address, burst_length};
      check_word_held <= word_valid && !word_ready;
      check_word_last <= word;
`ifdef FORMAL
      assert (!check_burst_held || (burst_valid && {burst_address, burst_length} == check_burst_last));
      assert (!check_word_held || (word_valid && word == check_word_last));
`else
      if (!(!check_burst_held || (burst_valid && {burst_address, burst_length} == check_burst_last))) $fatal(1,
          "%m: stream burst changed while it was waiting");
      if (!(!check_word_held || (word_valid && word == check_word_last))) $fatal(1,
          "%m: stream word changed while it was waiting");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
