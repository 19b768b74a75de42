// gemm_engine
//
// PE array (NUMERICS.md N3, N11). A group of rows rows is computed while the next one is loaded; a tile of columns
// outputs is drained and requantised while the next one is computed.
//
//   rows = 2
//   columns = 3
//   depth = 2
//   drain_width = 3
`default_nettype none

module gemm_engine (
  input  wire         clk,
  input  wire         rst,
  input  wire         start,
  input  wire         run_query,
  input  wire         run_dense,
  input  wire [2:0]   run_last_step,
  input  wire [3:0]   run_last_tile,
  input  wire [6:0]   run_first_weight,
  input  wire [4:0]   run_first_entry,
  input  wire         weights_enable,
  input  wire [1:0]   weights_bank,
  input  wire [6:0]   weights_address,
  input  wire [15:0]  weights_data,
  input  wire         requant_enable,
  input  wire         requant_bank,
  input  wire [4:0]   requant_address,
  input  wire [161:0] requant_data,
  input  wire         freed,
  input  wire         word_valid,
  output wire         word_ready,
  input  wire [15:0]  word_operands,
  input  wire         word_last_of_group,
  output wire         busy,
  output wire         waits_for_room,
  output wire         sample_valid,
  output wire [2:0]   sample_slot,
  output wire [2:0]   sample_number,
  output wire [12:0]  offset_x_0,
  output wire [12:0]  offset_y_0,
  output wire [10:0]  logit_0,
  output wire         result_valid,
  output wire [2:0]   result_slot,
  output wire [3:0]   result_place,
  output wire [12:0]  result_value_0,
  output wire [12:0]  result_value_1,
  output wire [12:0]  result_value_2,
  output wire         finished_valid,
  input  wire         finished_ready,
  output wire [1:0]   finished
);

  // Load: words of a row, row after row; two groups of rows fit.
  reg [2:0] load_step;
  reg load_row;
  reg load_half;
  wire load = word_valid && word_ready;
  wire end_of_row = load_step == run_last_step;
  wire end_of_group = end_of_row && word_last_of_group;
  wire load_step_term = load && end_of_row;

  always @(posedge clk)
    if (rst) load_step <= 3'd0;
    else if (load_step_term) load_step <= 3'd0;
    else if (load) load_step <= load_step + 3'd1;

  wire load_row_term = load && end_of_group;

  always @(posedge clk)
    if (rst) load_row <= 1'b0;
    else if (load_row_term) load_row <= 1'b0;
    else if (load_step_term) load_row <= load_row + 1'b1;

  always @(posedge clk)
    if (rst) load_half <= 1'b0;
    else if (load_row_term) load_half <= !load_half;

  wire loaded_ready;
  wire groups_out_valid;
  wire [1:0] groups_out_data;
  wire groups_out_ready;
  wire groups_in_valid_term = word_valid && end_of_group;
  wire [1:0] groups_in_data_sum = {1'b0, load_row} + 2'd1;

  fifo #(.WIDTH(2), .DEPTH(2)) u_groups (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (groups_in_valid_term),
    .in_ready  (loaded_ready),
    .in_data   (groups_in_data_sum),
    .out_valid (groups_out_valid),
    .out_ready (groups_out_ready),
    .out_data  (groups_out_data)
  );

  assign word_ready = loaded_ready;

  // Compute: tile by tile, step by step, as long as there is room for the results of the group.
  wire advance;
  reg [2:0] held;
  reg [2:0] step;
  reg [3:0] tile;
  reg [6:0] weight_word;
  reg [3:0] place;
  reg half;
  reg [1:0] query_group;
  reg [1:0] result_group;
  wire room = held != (run_query ? 3'd3 : 3'd4);
  wire issue = groups_out_valid && room;
  wire move = issue && advance;
  wire last_step = step == run_last_step;
  wire last_tile = tile == run_last_tile;
  wire last_of_group = last_step && last_tile;
  wire group_ends = move && last_of_group;
  assign groups_out_ready = group_ends;
  wire step_term = move && last_step;

  always @(posedge clk)
    if (rst) step <= 3'd0;
    else if (step_term) step <= 3'd0;
    else if (move) step <= step + 3'd1;

  always @(posedge clk)
    if (rst) tile <= 4'd0;
    else if (group_ends) tile <= 4'd0;
    else if (step_term) tile <= tile + 4'd1;

  always @(posedge clk)
    if (rst) weight_word <= 7'd0;
    else if (start || group_ends) weight_word <= run_first_weight;
    else if (move) weight_word <= weight_word + 7'd1;

  always @(posedge clk)
    if (rst) place <= 4'd0;
    else if (group_ends) place <= 4'd0;
    else if (step_term) place <= place + 4'd1;

  always @(posedge clk)
    if (rst) half <= 1'b0;
    else if (group_ends) half <= !half;

  wire [1:0] query_group_sum = query_group + 2'd1;

  always @(posedge clk)
    if (rst) query_group <= 2'd0;
    else if (group_ends && run_query) query_group <= (query_group == 2'd2) ? 2'd0 : query_group_sum;

  always @(posedge clk)
    if (rst) result_group <= 2'd0;
    else if (start) result_group <= 2'd0;
    else if (group_ends && !run_query) result_group <= result_group + 2'd1;

  always @(posedge clk)
    if (rst) held <= 3'd0;
    else if (group_ends && !freed) held <= held + 3'd1;
    else if (freed && !group_ends) held <= held - 3'd1;

  assign waits_for_room = groups_out_valid && !move;
  wire [15:0] row_0_q;
  wire row_0_write_term = load && !load_row;
  wire [3:0] row_0_write_address_joined = {load_half, load_step};
  wire [3:0] row_0_read_address_joined = {half, step};

  sram_1r1w #(.WIDTH(16), .DEPTH(16), .ADDRESS_BITS(4)) u_row_0 (
    .clk           (clk),
    .write         (row_0_write_term),
    .write_address (row_0_write_address_joined),
    .write_data    (word_operands),
    .read          (move),
    .read_address  (row_0_read_address_joined),
    .read_data     (row_0_q)
  );

  wire read_row_1 = move && (groups_out_data > 2'd1);
  wire [15:0] row_1_q;
  wire row_1_write_term = load && load_row;

  sram_1r1w #(.WIDTH(16), .DEPTH(16), .ADDRESS_BITS(4)) u_row_1 (
    .clk           (clk),
    .write         (row_1_write_term),
    .write_address (row_0_write_address_joined),
    .write_data    (word_operands),
    .read          (read_row_1),
    .read_address  (row_0_read_address_joined),
    .read_data     (row_1_q)
  );

  wire [15:0] weight_0_q;
  wire weight_0_write_term = weights_enable && (weights_bank == 2'd0);

  sram_1r1w #(.WIDTH(16), .DEPTH(128), .ADDRESS_BITS(7)) u_weight_0 (
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

  sram_1r1w #(.WIDTH(16), .DEPTH(128), .ADDRESS_BITS(7)) u_weight_1 (
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

  sram_1r1w #(.WIDTH(16), .DEPTH(128), .ADDRESS_BITS(7)) u_weight_2 (
    .clk           (clk),
    .write         (weight_2_write_term),
    .write_address (weights_address),
    .write_data    (weights_data),
    .read          (move),
    .read_address  (weight_word),
    .read_data     (weight_2_q)
  );

  // Marks travel beside memory read, products and sums.
  reg mark_1_valid;
  reg [3:0] mark_1_place;
  reg [1:0] mark_1_rows;
  reg [1:0] mark_1_group;
  reg mark_1_first;
  reg mark_1_last;
  reg mark_1_last_tile;

  always @(posedge clk)
    if (rst) mark_1_valid <= 1'b0;
    else if (advance) mark_1_valid <= issue;

  always @(posedge clk)
    if (advance) begin
      mark_1_place <= place;
      mark_1_rows <= groups_out_data;
      mark_1_group <= run_query ? query_group : result_group;
      mark_1_first <= step == 3'd0;
      mark_1_last <= last_step;
      mark_1_last_tile <= last_tile;
    end

  reg mark_2_valid;
  reg [3:0] mark_2_place;
  reg [1:0] mark_2_rows;
  reg [1:0] mark_2_group;
  reg mark_2_first;
  reg mark_2_last;
  reg mark_2_last_tile;

  always @(posedge clk)
    if (rst) mark_2_valid <= 1'b0;
    else if (advance) mark_2_valid <= mark_1_valid;

  always @(posedge clk)
    if (advance) begin
      mark_2_place <= mark_1_place;
      mark_2_rows <= mark_1_rows;
      mark_2_group <= mark_1_group;
      mark_2_first <= mark_1_first;
      mark_2_last <= mark_1_last;
      mark_2_last_tile <= mark_1_last_tile;
    end

  reg mark_3_valid;
  reg [3:0] mark_3_place;
  reg [1:0] mark_3_rows;
  reg [1:0] mark_3_group;
  reg mark_3_first;
  reg mark_3_last;
  reg mark_3_last_tile;

  always @(posedge clk)
    if (rst) mark_3_valid <= 1'b0;
    else if (advance) mark_3_valid <= mark_2_valid;

  always @(posedge clk)
    if (advance) begin
      mark_3_place <= mark_2_place;
      mark_3_rows <= mark_2_rows;
      mark_3_group <= mark_2_group;
      mark_3_first <= mark_2_first;
      mark_3_last <= mark_2_last;
      mark_3_last_tile <= mark_2_last_tile;
    end

  wire accumulate = mark_3_valid && advance;
  wire [19:0] pe_0_0_result;

  pe u_pe_0_0 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .operands   (row_0_q),
    .weights    (weight_0_q),
    .result     (pe_0_0_result)
  );

  wire [19:0] pe_0_1_result;

  pe u_pe_0_1 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .operands   (row_0_q),
    .weights    (weight_1_q),
    .result     (pe_0_1_result)
  );

  wire [19:0] pe_0_2_result;

  pe u_pe_0_2 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .operands   (row_0_q),
    .weights    (weight_2_q),
    .result     (pe_0_2_result)
  );

  wire [19:0] pe_1_0_result;

  pe u_pe_1_0 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .operands   (row_1_q),
    .weights    (weight_0_q),
    .result     (pe_1_0_result)
  );

  wire [19:0] pe_1_1_result;

  pe u_pe_1_1 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .operands   (row_1_q),
    .weights    (weight_1_q),
    .result     (pe_1_1_result)
  );

  wire [19:0] pe_1_2_result;

  pe u_pe_1_2 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_3_first),
    .last       (mark_3_last),
    .operands   (row_1_q),
    .weights    (weight_2_q),
    .result     (pe_1_2_result)
  );

  // Drain: the results of a tile, drain_width outputs of a row a cycle, all rows of these outputs, then the next.
  reg draining;
  reg drain_row;
  reg drain_word;
  reg [3:0] drain_place;
  reg [4:0] drain_entry;
  reg [3:0] drain_tile_place;
  reg [1:0] drain_tile_rows;
  reg [1:0] drain_tile_group;
  reg drain_tile_first;
  reg drain_tile_last;
  reg drain_tile_last_tile;
  wire last_row = drain_row;
  wire next_word = draining && last_row;
  wire drained = next_word && !drain_word;
  wire tile_done = mark_3_valid && mark_3_last;
  assign advance = !(tile_done && draining && !drained);
  wire take = tile_done && advance;

  always @(posedge clk)
    if (rst) draining <= 1'b0;
    else if (take) draining <= 1'b1;
    else if (drained) draining <= 1'b0;

  always @(posedge clk)
    if (rst) drain_row <= 1'b0;
    else if (draining) drain_row <= drain_row + 1'b1;

  wire drain_word_sum = drain_word + 1'b1;

  always @(posedge clk)
    if (rst) drain_word <= 1'b0;
    else if (next_word) drain_word <= drain_word && drain_word_sum;

  always @(posedge clk)
    if (take) begin
      drain_place <= mark_3_place;
      drain_entry <= run_first_entry + {1'b0, mark_3_place};
    end else if (next_word) begin
      drain_place <= drain_place + 4'd1;
      drain_entry <= drain_entry + 5'd1;
    end

  always @(posedge clk)
    if (take) begin
      drain_tile_place <= mark_3_place;
      drain_tile_rows <= mark_3_rows;
      drain_tile_group <= mark_3_group;
      drain_tile_first <= mark_3_first;
      drain_tile_last <= mark_3_last;
      drain_tile_last_tile <= mark_3_last_tile;
    end

  // Requantise.
  wire [161:0] requant_table_q;

  sram_1r1w #(.WIDTH(162), .DEPTH(20), .ADDRESS_BITS(5)) u_requant_table (
    .clk           (clk),
    .write         (requant_enable),
    .write_address (requant_address),
    .write_data    (requant_data),
    .read          (draining),
    .read_address  (drain_entry),
    .read_data     (requant_table_q)
  );

  reg [19:0] drained_0;

  always @(posedge clk)
    drained_0 <= drain_row ? pe_1_0_result : pe_0_0_result;

  wire [12:0] requantise_0_value;

  requantise_20_to_13 u_requantise_0 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (drained_0),
    .bias   (requant_table_q[31:0]),
    .mult   (requant_table_q[47:32]),
    .shift  (requant_table_q[53:48]),
    .value  (requantise_0_value)
  );

  reg [19:0] drained_1;

  always @(posedge clk)
    drained_1 <= drain_row ? pe_1_1_result : pe_0_1_result;

  wire [12:0] requantise_1_value;

  requantise_20_to_13 u_requantise_1 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (drained_1),
    .bias   (requant_table_q[85:54]),
    .mult   (requant_table_q[101:86]),
    .shift  (requant_table_q[107:102]),
    .value  (requantise_1_value)
  );

  reg [19:0] drained_2;

  always @(posedge clk)
    drained_2 <= drain_row ? pe_1_2_result : pe_0_2_result;

  wire [12:0] requantise_2_value;

  requantise_20_to_13 u_requantise_2 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (drained_2),
    .bias   (requant_table_q[139:108]),
    .mult   (requant_table_q[155:140]),
    .shift  (requant_table_q[161:156]),
    .value  (requantise_2_value)
  );

  wire drain_write = draining && ({1'b0, drain_row} < drain_tile_rows);
  wire drain_ends_group = drained && drain_tile_last_tile;
  reg drain_1_write;
  reg drain_1_end;
  reg [1:0] drain_1_group;
  reg drain_1_row;
  reg [3:0] drain_1_place;
  reg [1:0] drain_1_rows;

  always @(posedge clk)
    if (rst) begin
      drain_1_write <= 1'b0;
      drain_1_end <= 1'b0;
    end else begin
      drain_1_write <= drain_write;
      drain_1_end <= drain_ends_group;
    end

  always @(posedge clk) begin
    drain_1_group <= drain_tile_group;
    drain_1_row <= drain_row;
    drain_1_place <= drain_place;
    drain_1_rows <= drain_tile_rows;
  end

  reg drain_2_write;
  reg drain_2_end;
  reg [1:0] drain_2_group;
  reg drain_2_row;
  reg [3:0] drain_2_place;
  reg [1:0] drain_2_rows;

  always @(posedge clk)
    if (rst) begin
      drain_2_write <= 1'b0;
      drain_2_end <= 1'b0;
    end else begin
      drain_2_write <= drain_1_write;
      drain_2_end <= drain_1_end;
    end

  always @(posedge clk) begin
    drain_2_group <= drain_1_group;
    drain_2_row <= drain_1_row;
    drain_2_place <= drain_1_place;
    drain_2_rows <= drain_1_rows;
  end

  reg drain_3_write;
  reg drain_3_end;
  reg [1:0] drain_3_group;
  reg drain_3_row;
  reg [3:0] drain_3_place;
  reg [1:0] drain_3_rows;

  always @(posedge clk)
    if (rst) begin
      drain_3_write <= 1'b0;
      drain_3_end <= 1'b0;
    end else begin
      drain_3_write <= drain_2_write;
      drain_3_end <= drain_2_end;
    end

  always @(posedge clk) begin
    drain_3_group <= drain_2_group;
    drain_3_row <= drain_2_row;
    drain_3_place <= drain_2_place;
    drain_3_rows <= drain_2_rows;
  end

  reg drain_4_write;
  reg drain_4_end;
  reg [1:0] drain_4_group;
  reg drain_4_row;
  reg [3:0] drain_4_place;
  reg [1:0] drain_4_rows;

  always @(posedge clk)
    if (rst) begin
      drain_4_write <= 1'b0;
      drain_4_end <= 1'b0;
    end else begin
      drain_4_write <= drain_3_write;
      drain_4_end <= drain_3_end;
    end

  always @(posedge clk) begin
    drain_4_group <= drain_3_group;
    drain_4_row <= drain_3_row;
    drain_4_place <= drain_3_place;
    drain_4_rows <= drain_3_rows;
  end

  // Samples of queries: offset x, offset y and logit of one for each lane. What fills the last tile is dropped.
  wire sample_valid_now = drain_4_write && run_query && (drain_4_place < 4'd8);
  assign sample_slot = {drain_4_group, drain_4_row};
  assign sample_number = drain_4_place[2:0];
  wire [12:0] sample_x_0 = requantise_0_value;
  wire [12:0] sample_y_0 = requantise_1_value;
  wire [10:0] sample_logit_0 = ((requantise_2_value[12:10] == 3'd0) ||
      (requantise_2_value[12:10] == 3'd7)) ? requantise_2_value[10:0] :
        requantise_2_value[12] ? 11'h400 : 11'h3FF;

  // Results for memory.
  wire result_valid_now = drain_4_write && !run_query;

  // Groups whose results are complete; there is room, since no more than its depth are held.
  wire done_ready;

  fifo #(.WIDTH(2), .DEPTH(4)) u_finished_groups (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (drain_4_end),
    .in_ready  (done_ready),
    .in_data   (drain_4_rows),
    .out_valid (finished_valid),
    .out_ready (finished_ready),
    .out_data  (finished)
  );

  assign busy = move;
  assign sample_valid = sample_valid_now;
  assign offset_x_0 = sample_x_0;
  assign offset_y_0 = sample_y_0;
  assign logit_0 = sample_logit_0;
  assign result_valid = result_valid_now;
  assign result_slot = sample_slot;
  assign result_place = drain_4_place;
  assign result_value_0 = requantise_0_value;
  assign result_value_1 = requantise_1_value;
  assign result_value_2 = requantise_2_value;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, requant_bank, run_dense, drain_tile_place, drain_tile_first, drain_tile_last, done_ready,
      done_ready};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  always @(posedge clk) begin : checks
    if (rst) begin
    end else begin
`ifdef FORMAL
      assert (!drain_4_end || done_ready);
`else
      if (drain_4_end && !done_ready) $fatal(1, "%m: a finished group has its place");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
