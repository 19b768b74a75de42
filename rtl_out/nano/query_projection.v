// query_projection
//
// PE array of the offset and logit projection (NUMERICS.md N3). A group of rows queries is computed while the next
// one is loaded.
//
//   rows = 2
//   columns = 3
//   depth = 2
//   steps = 2
//   tiles = 8
`default_nettype none

module query_projection (
  input  wire         clk,
  input  wire         rst,
  input  wire         start,
  input  wire [6:0]   queries,
  input  wire         weights_enable,
  input  wire [1:0]   weights_bank,
  input  wire [3:0]   weights_address,
  input  wire [15:0]  weights_data,
  input  wire         table_enable,
  input  wire         table_bank,
  input  wire [2:0]   table_address,
  input  wire [161:0] table_data,
  input  wire         freed,
  input  wire         word_valid,
  output wire         word_ready,
  input  wire [15:0]  word,
  output wire         sample_valid,
  output wire [2:0]   sample_slot,
  output wire [2:0]   sample_number,
  output wire [12:0]  offset_x_0,
  output wire [12:0]  offset_y_0,
  output wire [10:0]  logit_0,
  output wire         projected_valid,
  input  wire         projected_ready,
  output wire [1:0]   projected
);

  // Load: words of a query row, row after row; two groups of rows fit.
  reg [6:0] remaining;
  reg load_step;
  reg load_row;
  reg load_half;
  wire load = word_valid && word_ready;
  wire end_of_row = load_step;
  wire end_of_group = end_of_row && ((remaining == 7'd1) || load_row);

  always @(posedge clk)
    if (rst) load_step <= 1'b0;
    else if (load) load_step <= load_step + 1'b1;

  wire load_row_term = load && end_of_group;
  wire load_row_term_2 = load && end_of_row;

  always @(posedge clk)
    if (rst) load_row <= 1'b0;
    else if (load_row_term) load_row <= 1'b0;
    else if (load_row_term_2) load_row <= load_row + 1'b1;

  always @(posedge clk)
    if (rst) load_half <= 1'b0;
    else if (load_row_term) load_half <= !load_half;

  always @(posedge clk)
    if (start) remaining <= queries;
    else if (load_row_term_2) remaining <= remaining - 7'd1;

  wire loaded_ready;
  wire groups_out_valid;
  wire [1:0] groups_out;
  wire groups_out_ready;
  wire groups_in_valid_term = word_valid && end_of_group;
  wire [1:0] groups_in_sum = {1'b0, load_row} + 2'd1;

  fifo_2x2 u_groups (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (groups_in_valid_term),
    .in_ready  (loaded_ready),
    .in        (groups_in_sum),
    .out_valid (groups_out_valid),
    .out_ready (groups_out_ready),
    .out       (groups_out)
  );

  assign word_ready = loaded_ready;

  // Compute: tile by tile, step by step, as long as the sample buffers have room for the group.
  wire advance;
  reg [1:0] held;
  reg step;
  reg [3:0] weight_word;
  reg [3:0] tile_sample;
  reg half;
  reg [1:0] buffer;
  wire issue = groups_out_valid && (held != 2'd3);
  wire move = issue && advance;
  wire last_step = step;
  wire last_tile = tile_sample == 4'd7;
  wire last_of_group = last_step && last_tile;
  wire groups_out_ready_term = move && last_of_group;
  assign groups_out_ready = groups_out_ready_term;

  always @(posedge clk)
    if (rst) begin
      step <= 1'b0;
      weight_word <= 4'd0;
    end else if (move) begin
      step <= step + 1'b1;
      weight_word <= weight_word + 4'd1;
    end

  always @(posedge clk)
    if (rst) tile_sample <= 4'd0;
    else if (groups_out_ready_term) tile_sample <= 4'd0;
    else if (move && last_step) tile_sample <= tile_sample + 4'd1;

  wire [1:0] buffer_sum = buffer + 2'd1;

  always @(posedge clk)
    if (rst) begin
      half <= 1'b0;
      buffer <= 2'd0;
    end else if (groups_out_ready_term) begin
      half <= !half;
      buffer <= (buffer == 2'd2) ? 2'd0 : buffer_sum;
    end

  always @(posedge clk)
    if (rst) held <= 2'd0;
    else if (groups_out_ready_term && !freed) held <= held + 2'd1;
    else if (freed && !groups_out_ready_term) held <= held - 2'd1;

  wire [15:0] query_0_q;
  wire query_0_write_term = load && !load_row;
  wire [1:0] query_0_write_address_joined = {load_half, load_step};
  wire [1:0] query_0_read_address_joined = {half, step};

  sram_1r1w #(.WIDTH(16), .DEPTH(4), .ADDRESS_BITS(2)) u_query_0 (
    .clk           (clk),
    .write         (query_0_write_term),
    .write_address (query_0_write_address_joined),
    .write_data    (word),
    .read          (move),
    .read_address  (query_0_read_address_joined),
    .read_data     (query_0_q)
  );

  wire [15:0] query_1_q;
  wire query_1_write_term = load && load_row;

  sram_1r1w #(.WIDTH(16), .DEPTH(4), .ADDRESS_BITS(2)) u_query_1 (
    .clk           (clk),
    .write         (query_1_write_term),
    .write_address (query_0_write_address_joined),
    .write_data    (word),
    .read          (move),
    .read_address  (query_0_read_address_joined),
    .read_data     (query_1_q)
  );

  wire [15:0] weight_0_q;
  wire weight_0_write_term = weights_enable && (weights_bank == 2'd0);

  sram_1r1w #(.WIDTH(16), .DEPTH(16), .ADDRESS_BITS(4)) u_weight_0 (
    .clk           (clk),
    .write         (weight_0_write_term),
    .write_address (weights_address),
    .write_data    (weights_data),
    .read          (move),
    .read_address  (weight_word),
    .read_data     (weight_0_q)
  );

  wire [15:0] weight_1_q;
  wire weight_1_write_term = weights_enable && (weights_bank == 2'd1);

  sram_1r1w #(.WIDTH(16), .DEPTH(16), .ADDRESS_BITS(4)) u_weight_1 (
    .clk           (clk),
    .write         (weight_1_write_term),
    .write_address (weights_address),
    .write_data    (weights_data),
    .read          (move),
    .read_address  (weight_word),
    .read_data     (weight_1_q)
  );

  wire [15:0] weight_2_q;
  wire weight_2_write_term = weights_enable && (weights_bank == 2'd2);

  sram_1r1w #(.WIDTH(16), .DEPTH(16), .ADDRESS_BITS(4)) u_weight_2 (
    .clk           (clk),
    .write         (weight_2_write_term),
    .write_address (weights_address),
    .write_data    (weights_data),
    .read          (move),
    .read_address  (weight_word),
    .read_data     (weight_2_q)
  );

  // Marks travel beside memory read, products and sum.
  reg mark_1_valid;

  always @(posedge clk)
    if (rst) mark_1_valid <= 1'b0;
    else if (advance) mark_1_valid <= issue;

  reg [3:0] mark_1_sample;
  reg [1:0] mark_1_rows;
  reg [1:0] mark_1_group;
  reg mark_1_first;
  reg mark_1_last;
  reg mark_1_last_tile;

  always @(posedge clk)
    if (advance) begin
      mark_1_sample <= tile_sample;
      mark_1_rows <= groups_out;
      mark_1_group <= buffer;
      mark_1_first <= !step;
      mark_1_last <= last_step;
      mark_1_last_tile <= last_tile;
    end

  reg mark_2_valid;

  always @(posedge clk)
    if (rst) mark_2_valid <= 1'b0;
    else if (advance) mark_2_valid <= mark_1_valid;

  reg [3:0] mark_2_sample;
  reg [1:0] mark_2_rows;
  reg [1:0] mark_2_group;
  reg mark_2_first;
  reg mark_2_last;
  reg mark_2_last_tile;

  always @(posedge clk)
    if (advance) begin
      mark_2_sample <= mark_1_sample;
      mark_2_rows <= mark_1_rows;
      mark_2_group <= mark_1_group;
      mark_2_first <= mark_1_first;
      mark_2_last <= mark_1_last;
      mark_2_last_tile <= mark_1_last_tile;
    end

  reg mark_3_valid;

  always @(posedge clk)
    if (rst) mark_3_valid <= 1'b0;
    else if (advance) mark_3_valid <= mark_2_valid;

  reg [3:0] mark_3_sample;
  reg [1:0] mark_3_rows;
  reg [1:0] mark_3_group;
  reg mark_3_first;
  reg mark_3_last;
  reg mark_3_last_tile;

  always @(posedge clk)
    if (advance) begin
      mark_3_sample <= mark_2_sample;
      mark_3_rows <= mark_2_rows;
      mark_3_group <= mark_2_group;
      mark_3_first <= mark_2_first;
      mark_3_last <= mark_2_last;
      mark_3_last_tile <= mark_2_last_tile;
    end

  wire accumulate = mark_3_valid && advance;
  wire [17:0] pe_0_0_result;

  pe u_pe_0_0 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .query      (query_0_q),
    .weight     (weight_0_q),
    .result     (pe_0_0_result)
  );

  wire [17:0] pe_0_1_result;

  pe u_pe_0_1 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .query      (query_0_q),
    .weight     (weight_1_q),
    .result     (pe_0_1_result)
  );

  wire [17:0] pe_0_2_result;

  pe u_pe_0_2 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .query      (query_0_q),
    .weight     (weight_2_q),
    .result     (pe_0_2_result)
  );

  wire [17:0] pe_1_0_result;

  pe u_pe_1_0 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .query      (query_1_q),
    .weight     (weight_0_q),
    .result     (pe_1_0_result)
  );

  wire [17:0] pe_1_1_result;

  pe u_pe_1_1 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .query      (query_1_q),
    .weight     (weight_1_q),
    .result     (pe_1_1_result)
  );

  wire [17:0] pe_1_2_result;

  pe u_pe_1_2 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .query      (query_1_q),
    .weight     (weight_2_q),
    .result     (pe_1_2_result)
  );

  // Drain: the results of a tile, a sample a cycle for each lane, sample by sample and row by row.
  reg draining;
  reg drain_row;
  reg drain_column;
  reg [3:0] drain_sample;
  reg [3:0] drain_tile_sample;
  reg [1:0] drain_tile_rows;
  reg [1:0] drain_tile_group;
  reg drain_tile_first;
  reg drain_tile_last;
  reg drain_tile_last_tile;
  wire last_row = drain_row;
  wire drained_term = draining && last_row;
  wire drained = drained_term && !drain_column;
  wire finished = mark_3_valid && mark_3_last;
  assign advance = !(finished && draining && !drained);
  wire take = finished && advance;

  always @(posedge clk)
    if (rst) draining <= 1'b0;
    else if (take) draining <= 1'b1;
    else if (drained) draining <= 1'b0;

  always @(posedge clk)
    if (rst) drain_row <= 1'b0;
    else if (draining) drain_row <= drain_row + 1'b1;

  wire drain_column_sum = drain_column + 1'b1;

  always @(posedge clk)
    if (rst) drain_column <= 1'b0;
    else if (drained_term) drain_column <= drain_column && drain_column_sum;

  always @(posedge clk)
    if (take) drain_sample <= mark_3_sample;
    else if (drained_term) drain_sample <= drain_sample + 4'd1;

  always @(posedge clk)
    if (take) begin
      drain_tile_sample <= mark_3_sample;
      drain_tile_rows <= mark_3_rows;
      drain_tile_group <= mark_3_group;
      drain_tile_first <= mark_3_first;
      drain_tile_last <= mark_3_last;
      drain_tile_last_tile <= mark_3_last_tile;
    end

  // Requantise offset x, offset y and logit of the sample of each lane.
  wire [161:0] table_0_q;

  sram_1r1w #(.WIDTH(162), .DEPTH(8), .ADDRESS_BITS(3)) u_table_0 (
    .clk           (clk),
    .write         (table_enable),
    .write_address (table_address),
    .write_data    (table_data),
    .read          (draining),
    .read_address  (drain_sample[2:0]),
    .read_data     (table_0_q)
  );

  reg [17:0] offset_x_acc_0;

  always @(posedge clk)
    offset_x_acc_0 <= drain_row ? pe_1_0_result : pe_0_0_result;

  requantise_18_to_13 u_requantise_offset_x_0 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (offset_x_acc_0),
    .bias   (table_0_q[31:0]),
    .mult   (table_0_q[47:32]),
    .shift  (table_0_q[53:48]),
    .value  (offset_x_0)
  );

  reg [17:0] offset_y_acc_0;

  always @(posedge clk)
    offset_y_acc_0 <= drain_row ? pe_1_1_result : pe_0_1_result;

  requantise_18_to_13 u_requantise_offset_y_0 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (offset_y_acc_0),
    .bias   (table_0_q[85:54]),
    .mult   (table_0_q[101:86]),
    .shift  (table_0_q[107:102]),
    .value  (offset_y_0)
  );

  reg [17:0] logit_acc_0;

  always @(posedge clk)
    logit_acc_0 <= drain_row ? pe_1_2_result : pe_0_2_result;

  requantise_18_to_11 u_requantise_logit_0 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (logit_acc_0),
    .bias   (table_0_q[139:108]),
    .mult   (table_0_q[155:140]),
    .shift  (table_0_q[161:156]),
    .value  (logit_0)
  );

  wire drain_write = draining && ({1'b0, drain_row} < drain_tile_rows) && (drain_sample < 4'd8);
  wire drain_ends_group = drained && drain_tile_last_tile;
  reg drain_1_write;
  reg drain_1_end;

  always @(posedge clk)
    if (rst) begin
      drain_1_write <= 1'b0;
      drain_1_end <= 1'b0;
    end else begin
      drain_1_write <= drain_write;
      drain_1_end <= drain_ends_group;
    end

  reg [2:0] drain_1_slot;

  always @(posedge clk)
    drain_1_slot <= {drain_tile_group, drain_row};

  reg [2:0] drain_1_sample;

  always @(posedge clk)
    drain_1_sample <= drain_sample[2:0];

  reg [1:0] drain_1_rows;

  always @(posedge clk)
    drain_1_rows <= drain_tile_rows;

  reg drain_2_write;
  reg drain_2_end;

  always @(posedge clk)
    if (rst) begin
      drain_2_write <= 1'b0;
      drain_2_end <= 1'b0;
    end else begin
      drain_2_write <= drain_1_write;
      drain_2_end <= drain_1_end;
    end

  reg [2:0] drain_2_slot;

  always @(posedge clk)
    drain_2_slot <= drain_1_slot;

  reg [2:0] drain_2_sample;

  always @(posedge clk)
    drain_2_sample <= drain_1_sample;

  reg [1:0] drain_2_rows;

  always @(posedge clk)
    drain_2_rows <= drain_1_rows;

  reg drain_3_write;
  reg drain_3_end;

  always @(posedge clk)
    if (rst) begin
      drain_3_write <= 1'b0;
      drain_3_end <= 1'b0;
    end else begin
      drain_3_write <= drain_2_write;
      drain_3_end <= drain_2_end;
    end

  reg [2:0] drain_3_slot;

  always @(posedge clk)
    drain_3_slot <= drain_2_slot;

  reg [2:0] drain_3_sample;

  always @(posedge clk)
    drain_3_sample <= drain_2_sample;

  reg [1:0] drain_3_rows;

  always @(posedge clk)
    drain_3_rows <= drain_2_rows;

  reg drain_4_write;
  reg drain_4_end;

  always @(posedge clk)
    if (rst) begin
      drain_4_write <= 1'b0;
      drain_4_end <= 1'b0;
    end else begin
      drain_4_write <= drain_3_write;
      drain_4_end <= drain_3_end;
    end

  reg [2:0] drain_4_slot;

  always @(posedge clk)
    drain_4_slot <= drain_3_slot;

  reg [2:0] drain_4_sample;

  always @(posedge clk)
    drain_4_sample <= drain_3_sample;

  reg [1:0] drain_4_rows;

  always @(posedge clk)
    drain_4_rows <= drain_3_rows;

  // Groups that are complete in the sample buffers; there is room, since no more than its depth are held.
  wire done_ready;

  fifo_2x3 u_finished_groups (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (drain_4_end),
    .in_ready  (done_ready),
    .in        (drain_4_rows),
    .out_valid (projected_valid),
    .out_ready (projected_ready),
    .out       (projected)
  );

  assign sample_valid = drain_4_write;
  assign sample_slot = drain_4_slot;
  assign sample_number = drain_4_sample;
  wire projection_row_part = drain_4_slot[0];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, table_bank, drain_tile_sample, drain_tile_first, drain_tile_last, projection_row_part,
      done_ready, done_ready};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_projected_held;
  reg [1:0] check_projected_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_projected_held <= 1'b0;
      check_projected_last <= {2{1'b0}};
    end else begin
      check_projected_held <= projected_valid && !projected_ready;
      check_projected_last <= projected;
`ifdef FORMAL
      assert (!check_projected_held || (projected_valid && projected == check_projected_last));
      assert (!drain_4_end || done_ready);
`else
      if (!(!check_projected_held || (projected_valid && projected == check_projected_last))) $fatal(1,
          "%m: stream projected changed while it was waiting");
      if (!(!drain_4_end || done_ready)) $fatal(1, "%m: a finished group has its place");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
