// gemm_engine
//
// PE array (NUMERICS.md N3, N11). A group of rows rows is computed while the next one is loaded; a tile of columns
// outputs is drained and requantised, a row a cycle, while the next one is computed.
//
//   rows = 2
//   columns = 4
//   depth = 2
`default_nettype none

module gemm_engine (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        run_query,
  input  wire        run_dense,
  input  wire [2:0]  run_last_step,
  input  wire [2:0]  run_last_tile,
  input  wire [4:0]  run_first_weight,
  input  wire [2:0]  run_first_entry,
  input  wire        weights_enable,
  input  wire        weights_bank,
  input  wire [4:0]  weights_address,
  input  wire [63:0] weights_data,
  input  wire        requant_enable,
  input  wire [1:0]  requant_bank,
  input  wire [2:0]  requant_address,
  input  wire [53:0] requant_data,
  input  wire        freed,
  input  wire        word_valid,
  output wire        word_ready,
  input  wire [31:0] word_operands,
  input  wire        word_last_of_group,
  output wire        busy,
  output wire        waits_for_room,
  output wire        logits_valid,
  output wire        offsets_valid,
  output wire [2:0]  sample_slot,
  output wire        logits_word,
  output wire [1:0]  offsets_word,
  output wire [43:0] logits_0,
  output wire [51:0] offsets_0,
  output wire        result_valid,
  output wire [2:0]  result_slot,
  output wire [2:0]  result_tile,
  output wire [12:0] result_value_0,
  output wire [12:0] result_value_1,
  output wire [12:0] result_value_2,
  output wire [12:0] result_value_3,
  output wire        finished_valid,
  input  wire        finished_ready,
  output wire [1:0]  finished
);

  // Load: words of a row, row after row; two groups of rows fit.
  reg [1:0] load_word;
  reg load_row;
  reg load_half;
  wire load = word_valid && word_ready;
  wire end_of_row = load_word == run_last_step[2:1];
  wire end_of_group = end_of_row && word_last_of_group;
  wire load_word_term = load && end_of_row;

  always @(posedge clk)
    if (rst) load_word <= 2'd0;
    else if (load_word_term) load_word <= 2'd0;
    else if (load) load_word <= load_word + 2'd1;

  wire load_row_term = load && end_of_group;

  always @(posedge clk)
    if (rst) load_row <= 1'b0;
    else if (load_row_term) load_row <= 1'b0;
    else if (load_word_term) load_row <= load_row + 1'b1;

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
  reg [2:0] tile;
  reg [4:0] weight_word;
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
    if (rst) tile <= 3'd0;
    else if (group_ends) tile <= 3'd0;
    else if (step_term) tile <= tile + 3'd1;

  always @(posedge clk)
    if (rst) weight_word <= 5'd0;
    else if (start || group_ends) weight_word <= run_first_weight;
    else if (move) weight_word <= weight_word + 5'd1;

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

  // A word of a row memory holds the operands of several steps; it is read for the first of them.
  wire read_rows = move && !step[0];
  reg part;

  always @(posedge clk)
    if (move) part <= step[0];

  wire [31:0] row_0_q;
  wire row_0_write_term = load && !load_row;
  wire [2:0] row_0_write_address_joined = {load_half, load_word};
  wire [2:0] row_0_read_address_joined = {half, step[2:1]};

  sram_1r1w #(.WIDTH(32), .DEPTH(8), .ADDRESS_BITS(3)) u_row_0 (
    .clk           (clk),
    .write         (row_0_write_term),
    .write_address (row_0_write_address_joined),
    .write_data    (word_operands),
    .read          (read_rows),
    .read_address  (row_0_read_address_joined),
    .read_data     (row_0_q)
  );

  reg [15:0] operands_0;

  always @(posedge clk)
    if (advance) operands_0 <= part ? row_0_q[31:16] : row_0_q[15:0];

  wire read_row_1 = read_rows && (groups_out_data > 2'd1);
  wire [31:0] row_1_q;
  wire row_1_write_term = load && load_row;

  sram_1r1w #(.WIDTH(32), .DEPTH(8), .ADDRESS_BITS(3)) u_row_1 (
    .clk           (clk),
    .write         (row_1_write_term),
    .write_address (row_0_write_address_joined),
    .write_data    (word_operands),
    .read          (read_row_1),
    .read_address  (row_0_read_address_joined),
    .read_data     (row_1_q)
  );

  reg [15:0] operands_1;

  always @(posedge clk)
    if (advance) operands_1 <= part ? row_1_q[31:16] : row_1_q[15:0];

  // Weights are read a cycle later, when the operands of the step are chosen.
  reg weights_due;

  always @(posedge clk)
    if (rst) weights_due <= 1'b0;
    else if (advance) weights_due <= issue;

  reg [4:0] weight_address;

  always @(posedge clk)
    if (move) weight_address <= weight_word;

  wire read_weights = weights_due && advance;
  wire [63:0] weight_0_q;

  sram_1r1w #(.WIDTH(64), .DEPTH(32), .ADDRESS_BITS(5)) u_weight_0 (
    .clk           (clk),
    .write         (weights_enable),
    .write_address (weights_address),
    .write_data    (weights_data),
    .read          (read_weights),
    .read_address  (weight_address),
    .read_data     (weight_0_q)
  );

  // Marks travel beside memory read, products and sums.
  reg mark_1_valid;
  reg [2:0] mark_1_number;
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
      mark_1_number <= tile;
      mark_1_rows <= groups_out_data;
      mark_1_group <= run_query ? query_group : result_group;
      mark_1_first <= step == 3'd0;
      mark_1_last <= last_step;
      mark_1_last_tile <= last_tile;
    end

  reg mark_2_valid;
  reg [2:0] mark_2_number;
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
      mark_2_number <= mark_1_number;
      mark_2_rows <= mark_1_rows;
      mark_2_group <= mark_1_group;
      mark_2_first <= mark_1_first;
      mark_2_last <= mark_1_last;
      mark_2_last_tile <= mark_1_last_tile;
    end

  reg mark_3_valid;
  reg [2:0] mark_3_number;
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
      mark_3_number <= mark_2_number;
      mark_3_rows <= mark_2_rows;
      mark_3_group <= mark_2_group;
      mark_3_first <= mark_2_first;
      mark_3_last <= mark_2_last;
      mark_3_last_tile <= mark_2_last_tile;
    end

  reg mark_4_valid;
  reg [2:0] mark_4_number;
  reg [1:0] mark_4_rows;
  reg [1:0] mark_4_group;
  reg mark_4_first;
  reg mark_4_last;
  reg mark_4_last_tile;

  always @(posedge clk)
    if (rst) mark_4_valid <= 1'b0;
    else if (advance) mark_4_valid <= mark_3_valid;

  always @(posedge clk)
    if (advance) begin
      mark_4_number <= mark_3_number;
      mark_4_rows <= mark_3_rows;
      mark_4_group <= mark_3_group;
      mark_4_first <= mark_3_first;
      mark_4_last <= mark_3_last;
      mark_4_last_tile <= mark_3_last_tile;
    end

  wire accumulate = mark_4_valid && advance;
  wire [19:0] pe_0_0_result;

  pe u_pe_0_0 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_0),
    .weights    (weight_0_q[15:0]),
    .result     (pe_0_0_result)
  );

  wire [19:0] pe_0_1_result;

  pe u_pe_0_1 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_0),
    .weights    (weight_0_q[31:16]),
    .result     (pe_0_1_result)
  );

  wire [19:0] pe_0_2_result;

  pe u_pe_0_2 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_0),
    .weights    (weight_0_q[47:32]),
    .result     (pe_0_2_result)
  );

  wire [19:0] pe_0_3_result;

  pe u_pe_0_3 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_0),
    .weights    (weight_0_q[63:48]),
    .result     (pe_0_3_result)
  );

  wire [19:0] pe_1_0_result;

  pe u_pe_1_0 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_1),
    .weights    (weight_0_q[15:0]),
    .result     (pe_1_0_result)
  );

  wire [19:0] pe_1_1_result;

  pe u_pe_1_1 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_1),
    .weights    (weight_0_q[31:16]),
    .result     (pe_1_1_result)
  );

  wire [19:0] pe_1_2_result;

  pe u_pe_1_2 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_1),
    .weights    (weight_0_q[47:32]),
    .result     (pe_1_2_result)
  );

  wire [19:0] pe_1_3_result;

  pe u_pe_1_3 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (mark_4_first),
    .last       (mark_4_last),
    .operands   (operands_1),
    .weights    (weight_0_q[63:48]),
    .result     (pe_1_3_result)
  );

  // Drain: the results of a tile, a row a cycle.
  reg draining;
  reg drain_row;
  reg [2:0] drain_entry;
  reg [2:0] drain_tile_number;
  reg [1:0] drain_tile_rows;
  reg [1:0] drain_tile_group;
  reg drain_tile_first;
  reg drain_tile_last;
  reg drain_tile_last_tile;
  wire drained = draining && drain_row;
  wire tile_done = mark_4_valid && mark_4_last;
  assign advance = !(tile_done && draining && !drained);
  wire take = tile_done && advance;

  always @(posedge clk)
    if (rst) draining <= 1'b0;
    else if (take) draining <= 1'b1;
    else if (drained) draining <= 1'b0;

  always @(posedge clk)
    if (rst) drain_row <= 1'b0;
    else if (draining) drain_row <= drain_row + 1'b1;

  always @(posedge clk)
    if (take) begin
      drain_entry <= run_first_entry + mark_4_number;
      drain_tile_number <= mark_4_number;
      drain_tile_rows <= mark_4_rows;
      drain_tile_group <= mark_4_group;
      drain_tile_first <= mark_4_first;
      drain_tile_last <= mark_4_last;
      drain_tile_last_tile <= mark_4_last_tile;
    end

  // Requantise.
  wire [53:0] requant_table_0_q;
  wire requant_table_0_write_term = requant_enable && (requant_bank == 2'd0);

  sram_1r1w #(.WIDTH(54), .DEPTH(7), .ADDRESS_BITS(3)) u_requant_table_0 (
    .clk           (clk),
    .write         (requant_table_0_write_term),
    .write_address (requant_address),
    .write_data    (requant_data),
    .read          (draining),
    .read_address  (drain_entry),
    .read_data     (requant_table_0_q)
  );

  wire [53:0] requant_table_1_q;
  wire requant_table_1_write_term = requant_enable && (requant_bank == 2'd1);

  sram_1r1w #(.WIDTH(54), .DEPTH(7), .ADDRESS_BITS(3)) u_requant_table_1 (
    .clk           (clk),
    .write         (requant_table_1_write_term),
    .write_address (requant_address),
    .write_data    (requant_data),
    .read          (draining),
    .read_address  (drain_entry),
    .read_data     (requant_table_1_q)
  );

  wire [53:0] requant_table_2_q;
  wire requant_table_2_write_term = requant_enable && (requant_bank == 2'd2);

  sram_1r1w #(.WIDTH(54), .DEPTH(7), .ADDRESS_BITS(3)) u_requant_table_2 (
    .clk           (clk),
    .write         (requant_table_2_write_term),
    .write_address (requant_address),
    .write_data    (requant_data),
    .read          (draining),
    .read_address  (drain_entry),
    .read_data     (requant_table_2_q)
  );

  wire [53:0] requant_table_3_q;
  wire requant_table_3_write_term = requant_enable && (requant_bank == 2'd3);

  sram_1r1w #(.WIDTH(54), .DEPTH(7), .ADDRESS_BITS(3)) u_requant_table_3 (
    .clk           (clk),
    .write         (requant_table_3_write_term),
    .write_address (requant_address),
    .write_data    (requant_data),
    .read          (draining),
    .read_address  (drain_entry),
    .read_data     (requant_table_3_q)
  );

  reg [19:0] drained_0;

  always @(posedge clk)
    drained_0 <= drain_row ? pe_1_0_result : pe_0_0_result;

  wire [12:0] requantise_0_value;

  requantise_20_to_13 u_requantise_0 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (drained_0),
    .bias   (requant_table_0_q[31:0]),
    .mult   (requant_table_0_q[47:32]),
    .shift  (requant_table_0_q[53:48]),
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
    .bias   (requant_table_1_q[31:0]),
    .mult   (requant_table_1_q[47:32]),
    .shift  (requant_table_1_q[53:48]),
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
    .bias   (requant_table_2_q[31:0]),
    .mult   (requant_table_2_q[47:32]),
    .shift  (requant_table_2_q[53:48]),
    .value  (requantise_2_value)
  );

  reg [19:0] drained_3;

  always @(posedge clk)
    drained_3 <= drain_row ? pe_1_3_result : pe_0_3_result;

  wire [12:0] requantise_3_value;

  requantise_20_to_13 u_requantise_3 (
    .clk    (clk),
    .enable (1'b1),
    .acc    (drained_3),
    .bias   (requant_table_3_q[31:0]),
    .mult   (requant_table_3_q[47:32]),
    .shift  (requant_table_3_q[53:48]),
    .value  (requantise_3_value)
  );

  wire drain_write = draining && ({1'b0, drain_row} < drain_tile_rows);
  wire drain_ends_group = drained && drain_tile_last_tile;
  reg drain_1_write;
  reg drain_1_end;
  reg [1:0] drain_1_group;
  reg [2:0] drain_1_tile;
  reg [1:0] drain_1_rows;
  reg drain_1_row;

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
    drain_1_tile <= drain_tile_number;
    drain_1_rows <= drain_tile_rows;
    drain_1_row <= drain_row;
  end

  reg drain_2_write;
  reg drain_2_end;
  reg [1:0] drain_2_group;
  reg [2:0] drain_2_tile;
  reg [1:0] drain_2_rows;
  reg drain_2_row;

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
    drain_2_tile <= drain_1_tile;
    drain_2_rows <= drain_1_rows;
    drain_2_row <= drain_1_row;
  end

  reg drain_3_write;
  reg drain_3_end;
  reg [1:0] drain_3_group;
  reg [2:0] drain_3_tile;
  reg [1:0] drain_3_rows;
  reg drain_3_row;

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
    drain_3_tile <= drain_2_tile;
    drain_3_rows <= drain_2_rows;
    drain_3_row <= drain_2_row;
  end

  reg drain_4_write;
  reg drain_4_end;
  reg [1:0] drain_4_group;
  reg [2:0] drain_4_tile;
  reg [1:0] drain_4_rows;
  reg drain_4_row;

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
    drain_4_tile <= drain_3_tile;
    drain_4_rows <= drain_3_rows;
    drain_4_row <= drain_3_row;
  end

  // Of queries: logits of their samples, then offsets, for each lane its own. What fills a tile is of no sample.
  wire query_result = drain_4_write && run_query;
  wire offsets_less = drain_4_tile < 3'd2;
  wire offsets = !offsets_less;
  assign logits_valid = query_result && offsets_less;
  assign offsets_valid = query_result && offsets;
  assign sample_slot = {drain_4_group, drain_4_row};
  assign logits_word = drain_4_tile[0];
  assign offsets_word = drain_4_tile[1:0] - 2'd2;
  wire [10:0] logits_0_choice = ((requantise_3_value[12:10] == 3'd0) ||
      (requantise_3_value[12:10] == 3'd7)) ? requantise_3_value[10:0] :
        requantise_3_value[12] ? 11'h400 : 11'h3FF;
  wire [10:0] logits_0_choice_2 = ((requantise_2_value[12:10] == 3'd0) ||
      (requantise_2_value[12:10] == 3'd7)) ? requantise_2_value[10:0] :
        requantise_2_value[12] ? 11'h400 : 11'h3FF;
  wire [10:0] logits_0_choice_3 = ((requantise_1_value[12:10] == 3'd0) ||
      (requantise_1_value[12:10] == 3'd7)) ? requantise_1_value[10:0] :
        requantise_1_value[12] ? 11'h400 : 11'h3FF;
  wire [10:0] logits_0_choice_4 = ((requantise_0_value[12:10] == 3'd0) ||
      (requantise_0_value[12:10] == 3'd7)) ? requantise_0_value[10:0] :
        requantise_0_value[12] ? 11'h400 : 11'h3FF;
  assign logits_0 = {logits_0_choice, logits_0_choice_2, logits_0_choice_3, logits_0_choice_4};
  assign offsets_0 = {requantise_3_value, requantise_2_value, requantise_1_value, requantise_0_value};

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
  assign result_valid = result_valid_now;
  assign result_slot = sample_slot;
  assign result_tile = drain_4_tile;
  assign result_value_0 = requantise_0_value;
  assign result_value_1 = requantise_1_value;
  assign result_value_2 = requantise_2_value;
  assign result_value_3 = requantise_3_value;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, run_dense, weights_bank, drain_tile_first, drain_tile_last, done_ready, done_ready};

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
