// bucket_sort
//
// Counting sort of the queries by the cell that their reference in the first level lies in, cells along a Hilbert
// curve; queries of a cell stay in the order of their arrival. The order is kept until the next sort.
//
//   bucket_bits = 2
//   cells = 16
//   max_queries = 64
`default_nettype none

module bucket_sort (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        keep,
  input  wire [6:0]  count,
  input  wire        reference_valid,
  output wire        reference_ready,
  input  wire [5:0]  reference_query,
  input  wire [63:0] reference_word,
  input  wire        reference_last,
  output wire        begin_pass,
  output wire        takes,
  output reg  [6:0]  held,
  output wire        query_valid,
  input  wire        query_ready,
  output wire [5:0]  query
);

  // Counts of the cells are cleared, counted, summed up to where each begins; then every query has its place.
  localparam [2:0] STATE_IDLE = 3'd0;
  localparam [2:0] STATE_CLEAR = 3'd1;
  localparam [2:0] STATE_COUNT = 3'd2;
  localparam [2:0] STATE_SUM = 3'd3;
  localparam [2:0] STATE_PLACE = 3'd4;
  reg [2:0] state;
  wire is_clear = state == STATE_CLEAR;
  wire is_counting = state == STATE_COUNT;
  wire is_sum = state == STATE_SUM;
  wire is_placing = state == STATE_PLACE;
  wire takes_references = is_counting || is_placing;
  reg [3:0] cell_number;
  reg [6:0] left;
  wire last_cell = cell_number == 4'd15;

  // A reference: take it, read the count of its cell, write it back.
  localparam [1:0] STEP_TAKE = 2'd0;
  localparam [1:0] STEP_READ = 2'd1;
  localparam [1:0] STEP_WRITE = 2'd2;
  reg [1:0] step;
  wire is_read = step == STEP_READ;
  wire is_write = step == STEP_WRITE;
  assign reference_ready = takes_references && (step == STEP_TAKE);
  wire taken = reference_valid && reference_ready;
  reg [1:0] column;
  reg [1:0] row;

  always @(posedge clk)
    if (taken) begin
      column <= reference_word[31] ? 2'd0 :
        (reference_word[30:16] == 15'd0) ? reference_word[15:14] : 2'd3;
      row <= reference_word[63] ? 2'd0 :
        (reference_word[62:48] == 15'd0) ? reference_word[47:46] : 2'd3;
    end

  reg [5:0] counted_query;

  always @(posedge clk)
    if (taken) counted_query <= reference_query;

  wire [1:0] quadrant_1 = {column[1], column[1] ^ row[1]};
  wire flip_1 = column[1] && !row[1];
  wire column_1 = row[1] ? column[0] :
        flip_1 ? !row[0] : row[0];
  wire row_1 = row[1] ? row[0] :
        flip_1 ? !column[0] : column[0];
  wire [1:0] quadrant_0 = {column_1, column_1 ^ row_1};
  wire [3:0] place_on_curve = {quadrant_1, quadrant_0};
  reg [3:0] counted_cell;

  always @(posedge clk)
    if (is_read) counted_cell <= place_on_curve;
    else if (is_sum) counted_cell <= cell_number;

  always @(posedge clk)
    if (rst) step <= STEP_TAKE;
    else if (taken) step <= STEP_READ;
    else if (is_read) step <= STEP_WRITE;
    else if (is_write) step <= STEP_TAKE;

  wire end_of_pass = is_write && (left == 7'd1);

  // Running sum: a cell is read while the one before it is written.
  reg summing;

  always @(posedge clk)
    if (rst) summing <= 1'b0;
    else summing <= is_sum;

  reg [6:0] cell_begin;
  wire [6:0] counts_q;
  wire [6:0] number = counts_q;
  wire enter = is_write;
  wire counts_write_term = is_clear || enter || summing;
  wire [3:0] counts_write_address_choice = is_clear ? cell_number : counted_cell;
  wire [6:0] counts_write_data_sum = number + 7'd1;
  wire [6:0] counts_write_data_choice = is_clear ? 7'd0 :
        summing ? cell_begin : counts_write_data_sum;
  wire counts_read_term = is_sum || is_read;
  wire [3:0] counts_read_address_choice = is_sum ? cell_number : place_on_curve;

  sram_1r1w #(.WIDTH(7), .DEPTH(16), .ADDRESS_BITS(4)) u_counts (
    .clk           (clk),
    .write         (counts_write_term),
    .write_address (counts_write_address_choice),
    .write_data    (counts_write_data_choice),
    .read          (counts_read_term),
    .read_address  (counts_read_address_choice),
    .read_data     (counts_q)
  );

  always @(posedge clk)
    if (is_clear) cell_begin <= 7'd0;
    else if (summing) cell_begin <= cell_begin + number;

  always @(posedge clk)
    if (rst) cell_number <= 4'd0;
    else if (is_clear || is_sum) cell_number <= cell_number + 4'd1;

  wire begin_sort = start && !keep;
  wire to_place = summing && !is_sum;
  wire to_count = is_clear && last_cell;
  wire sorted = is_placing && end_of_pass;

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if (begin_sort) state <= STATE_CLEAR;
    else if (to_count) state <= STATE_COUNT;
    else if (is_counting && end_of_pass) state <= STATE_SUM;
    else if (is_sum && last_cell) state <= STATE_IDLE;
    else if (to_place) state <= STATE_PLACE;
    else if (sorted) state <= STATE_IDLE;

  assign begin_pass = to_count || to_place;

  always @(posedge clk)
    if (begin_pass) left <= count;
    else if (is_write) left <= left - 7'd1;

  // The order: number of the query at each place.
  always @(posedge clk)
    if (rst) held <= 7'd0;
    else if (begin_sort) held <= 7'd0;
    else if (sorted) held <= count;

  reg [6:0] to_issue;
  reg [5:0] place;
  reg read_valid;
  wire next_place = (to_issue != 7'd0) && (!read_valid || query_ready);

  always @(posedge clk)
    if (rst) to_issue <= 7'd0;
    else if (sorted || (start && keep)) to_issue <= count;
    else if (next_place) to_issue <= to_issue - 7'd1;

  always @(posedge clk)
    if (sorted || start) place <= 6'd0;
    else if (next_place) place <= place + 6'd1;

  always @(posedge clk)
    if (rst) read_valid <= 1'b0;
    else if (next_place) read_valid <= 1'b1;
    else if (query_ready) read_valid <= 1'b0;

  wire order_write_term = is_write && is_placing;

  sram_1r1w #(.WIDTH(6), .DEPTH(64), .ADDRESS_BITS(6)) u_order (
    .clk           (clk),
    .write         (order_write_term),
    .write_address (number[5:0]),
    .write_data    (counted_query),
    .read          (next_place),
    .read_address  (place),
    .read_data     (query)
  );

  assign takes = takes_references;
  assign query_valid = read_valid;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, reference_last, reference_word[13:0], reference_word[45:32]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(6)) check_query (
    .clk(clk), .rst(rst), .valid(read_valid), .ready(query_ready), .payload(query)
  );
`endif

endmodule
`default_nettype wire
