// query_order
//
// Order of queries. From start on it gives each query that is wanted once: its number to those who read its row
// and write its outputs, and the words of its reference.
//
//   bucket_bits = 2
//   window = 4
`default_nettype none

module query_order (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        keep,
  input  wire [6:0]  count,
  input  wire [6:0]  rows,
  input  wire        listed,
  input  wire [63:0] data,
  output wire        bad_entry,
  input  wire [39:0] list_address,
  input  wire        list_valid,
  output wire        list_burst_valid,
  input  wire        list_burst_ready,
  output wire [39:0] list_burst_address,
  output wire [7:0]  list_burst_length,
  input  wire        boxes,
  input  wire [39:0] reference_address,
  input  wire        reference_valid,
  output wire        reference_burst_valid,
  input  wire        reference_burst_ready,
  output wire [39:0] reference_burst_address,
  output wire [7:0]  reference_burst_length,
  output wire [6:0]  held,
  output wire        row_valid,
  input  wire        row_ready,
  output wire [5:0]  row,
  output wire        result_valid,
  input  wire        result_ready,
  output wire [5:0]  result,
  output wire        word_valid,
  input  wire        word_ready,
  output wire [63:0] word,
  output wire        late
);

  // Queries in the order of their arrival.
  wire query_list_query_valid;
  wire [5:0] query_list_query;
  wire query_list_query_ready;

  // Their references.
  wire reference_gather_word_valid;
  wire [5:0] reference_gather_word_query;
  wire [63:0] reference_gather_word_word;
  wire reference_gather_word_last;
  wire reference_gather_word_ready;

  // Sorted by the cell of their reference. During a sort all references go there.
  wire bucket_sort_begin_pass;
  wire bucket_sort_takes;
  wire bucket_sort_query_valid;
  wire [5:0] bucket_sort_query;

  query_list u_query_list (
    .clk           (clk),
    .rst           (rst),
    .start         (bucket_sort_begin_pass),
    .listed        (listed),
    .count         (count),
    .rows          (rows),
    .address       (list_address),
    .data          (data),
    .data_valid    (list_valid),
    .burst_valid   (list_burst_valid),
    .burst_ready   (list_burst_ready),
    .burst_address (list_burst_address),
    .burst_length  (list_burst_length),
    .bad_entry     (bad_entry),
    .query_valid   (query_list_query_valid),
    .query_ready   (query_list_query_ready),
    .query         (query_list_query)
  );

  wire bucket_sort_query_ready;
  wire wanted_ready;
  assign query_list_query_ready = wanted_ready && bucket_sort_takes;
  assign bucket_sort_query_ready = wanted_ready && !bucket_sort_takes;
  wire reference_gather_query_valid_choice = bucket_sort_takes ? query_list_query_valid : bucket_sort_query_valid;
  wire [5:0] reference_gather_query_choice = bucket_sort_takes ? query_list_query : bucket_sort_query;

  reference_gather u_reference_gather (
    .clk             (clk),
    .rst             (rst),
    .boxes           (boxes),
    .first_word_only (bucket_sort_takes),
    .address         (reference_address),
    .query_valid     (reference_gather_query_valid_choice),
    .query_ready     (wanted_ready),
    .query           (reference_gather_query_choice),
    .data            (data),
    .data_valid      (reference_valid),
    .burst_valid     (reference_burst_valid),
    .burst_ready     (reference_burst_ready),
    .burst_address   (reference_burst_address),
    .burst_length    (reference_burst_length),
    .word_valid      (reference_gather_word_valid),
    .word_ready      (reference_gather_word_ready),
    .word_query      (reference_gather_word_query),
    .word_word       (reference_gather_word_word),
    .word_last       (reference_gather_word_last)
  );

  wire to_sort_ready;
  wire bucket_sort_reference_valid_term = reference_gather_word_valid && bucket_sort_takes;

  bucket_sort u_bucket_sort (
    .clk             (clk),
    .rst             (rst),
    .start           (start),
    .keep            (keep),
    .count           (count),
    .reference_valid (bucket_sort_reference_valid_term),
    .reference_ready (to_sort_ready),
    .reference_query (reference_gather_word_query),
    .reference_word  (reference_gather_word_word),
    .reference_last  (reference_gather_word_last),
    .begin_pass      (bucket_sort_begin_pass),
    .takes           (bucket_sort_takes),
    .held            (held),
    .query_valid     (bucket_sort_query_valid),
    .query_ready     (bucket_sort_query_ready),
    .query           (bucket_sort_query)
  );

  wire candidates_valid = reference_gather_word_valid && !bucket_sort_takes;
  wire candidates_ready;
  assign reference_gather_word_ready = bucket_sort_takes ? to_sort_ready : candidates_ready;

  // Nearest first.
  wire nearest_first_issued_valid;
  wire [5:0] nearest_first_issued_query;
  wire [63:0] nearest_first_issued_word;
  wire nearest_first_issued_last;
  wire nearest_first_issued_ready;

  nearest_first u_nearest_first (
    .clk             (clk),
    .rst             (rst),
    .start           (start),
    .count           (count),
    .candidate_valid (candidates_valid),
    .candidate_ready (candidates_ready),
    .candidate_query (reference_gather_word_query),
    .candidate_word  (reference_gather_word_word),
    .candidate_last  (reference_gather_word_last),
    .issued_valid    (nearest_first_issued_valid),
    .issued_ready    (nearest_first_issued_ready),
    .issued_query    (nearest_first_issued_query),
    .issued_word     (nearest_first_issued_word),
    .issued_last     (nearest_first_issued_last)
  );

  // A query is issued when there is room for its number, until its outputs are written, and for its reference.
  wire row_room;
  wire result_room;
  wire word_room;
  wire room = row_room && result_room;
  wire nearest_first_issued_ready_term = room || !nearest_first_issued_last;
  assign nearest_first_issued_ready = word_room && nearest_first_issued_ready_term;
  wire offered = nearest_first_issued_valid && nearest_first_issued_last;
  wire issued = offered && nearest_first_issued_ready;

  fifo #(.WIDTH(6), .DEPTH(4)) u_rows (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (issued),
    .in_ready  (row_room),
    .in_data   (nearest_first_issued_query),
    .out_valid (row_valid),
    .out_ready (row_ready),
    .out_data  (row)
  );

  sram_fifo #(.WIDTH(6), .DEPTH(64)) u_results (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (issued),
    .in_ready  (result_room),
    .in_data   (nearest_first_issued_query),
    .out_valid (result_valid),
    .out_ready (result_ready),
    .out_data  (result)
  );

  wire words_in_valid_term = nearest_first_issued_valid && nearest_first_issued_ready_term;

  sram_fifo #(.WIDTH(64), .DEPTH(32)) u_words (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (words_in_valid_term),
    .in_ready  (word_room),
    .in_data   (nearest_first_issued_word),
    .out_valid (word_valid),
    .out_ready (word_ready),
    .out_data  (word)
  );

  // Whether a query could be issued, but none has been found yet.
  reg [6:0] left;

  always @(posedge clk)
    if (rst) left <= 7'd0;
    else if (start) left <= count;
    else if (issued) left <= left - 7'd1;

  assign late = (left != 7'd0) && !nearest_first_issued_valid && word_room && room;

endmodule
`default_nettype wire
