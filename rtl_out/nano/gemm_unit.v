// gemm_unit
//
// PE array with its rows and results. A run multiplies rows with a matrix: tokens (results are the value map),
// queries (offsets and logits, for the lanes) or rows of a dense job.
`default_nettype none

module gemm_unit (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        run_query,
  input  wire        run_dense,
  input  wire [2:0]  run_last_step,
  input  wire [2:0]  run_last_tile,
  input  wire [4:0]  run_first_weight,
  input  wire [2:0]  run_first_entry,
  input  wire        masked,
  input  wire [39:0] source_address,
  input  wire [31:0] source_stride,
  input  wire [4:0]  levels_width_0,
  input  wire [4:0]  levels_width_1,
  input  wire [4:0]  levels_height_0,
  input  wire [4:0]  levels_height_1,
  input  wire        mask_start,
  input  wire        mask_valid,
  input  wire [63:0] mask_beat,
  input  wire [6:0]  rows,
  input  wire [39:0] row_address,
  input  wire [31:0] row_stride,
  input  wire [1:0]  row_beats,
  input  wire [1:0]  row_tail,
  input  wire [63:0] data,
  input  wire        data_valid,
  input  wire        query_valid,
  output wire        query_ready,
  input  wire [5:0]  query,
  output wire        burst_valid,
  input  wire        burst_ready,
  output wire [39:0] burst_address,
  output wire [7:0]  burst_length,
  input  wire        weights_enable,
  input  wire        weights_bank,
  input  wire [4:0]  weights_address,
  input  wire [63:0] weights_data,
  input  wire        requant_enable,
  input  wire [1:0]  requant_bank,
  input  wire [2:0]  requant_address,
  input  wire [53:0] requant_data,
  output wire        busy,
  output wire        waits_for_room,
  output wire        logits_valid,
  output wire        offsets_valid,
  output wire [2:0]  sample_slot,
  output wire        logits_word,
  output wire [1:0]  offsets_word,
  output wire [43:0] logits_0,
  output wire [51:0] offsets_0,
  output wire        projected_valid,
  input  wire        projected_ready,
  output wire [1:0]  projected,
  input  wire        relu,
  input  wire [39:0] map_address,
  input  wire [39:0] output_address,
  input  wire [31:0] output_stride,
  input  wire        last_panel,
  input  wire [2:0]  tail,
  input  wire [1:0]  output_row_beats,
  input  wire        freed,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [1:0]  request_beats,
  output wire        beat_valid,
  input  wire        beat_ready,
  output wire [63:0] beat
);

  wire to_memory = !run_query;
  wire to_map = to_memory && !run_dense;

  // Order of the tokens.
  wire token_walk_token_valid;
  wire [39:0] token_walk_token_address;
  wire token_walk_token_last_of_group;
  wire token_walk_block_valid;
  wire token_walk_block_live_0;
  wire token_walk_block_live_1;
  wire token_walk_block_live_2;
  wire token_walk_block_live_3;
  wire [2:0] token_walk_block_slot_0;
  wire [2:0] token_walk_block_slot_1;
  wire [2:0] token_walk_block_slot_2;
  wire [2:0] token_walk_block_slot_3;
  wire [2:0] token_walk_block_waits;
  wire [2:0] token_walk_block_frees;

  // Rows.
  wire row_fetch_word_valid;
  wire [31:0] row_fetch_word_operands;
  wire row_fetch_word_last_of_group;
  wire query_rows_row_valid;
  wire [39:0] query_rows_row_address;
  wire query_rows_row_last_of_group;
  wire token_walk_token_ready;
  wire query_rows_row_ready;
  wire query_rows_start_term = start && run_query;

  query_rows u_query_rows (
    .clk               (clk),
    .rst               (rst),
    .start             (query_rows_start_term),
    .queries           (rows),
    .address           (row_address),
    .stride            (row_stride),
    .query_valid       (query_valid),
    .query_ready       (query_ready),
    .query             (query),
    .row_valid         (query_rows_row_valid),
    .row_ready         (query_rows_row_ready),
    .row_address       (query_rows_row_address),
    .row_last_of_group (query_rows_row_last_of_group)
  );

  wire given_ready;
  assign query_rows_row_ready = given_ready && run_query;
  assign token_walk_token_ready = given_ready && to_memory;

  // Array.
  wire engine_word_ready;
  wire engine_result_valid;
  wire [2:0] engine_result_slot;
  wire [2:0] engine_result_tile;
  wire [12:0] engine_result_value_0;
  wire [12:0] engine_result_value_1;
  wire [12:0] engine_result_value_2;
  wire [12:0] engine_result_value_3;
  wire engine_finished_valid;
  wire [1:0] engine_finished;
  wire row_fetch_given_valid_choice = run_query ? query_rows_row_valid : token_walk_token_valid;
  wire [39:0] row_fetch_given_address_choice = run_query ? query_rows_row_address : token_walk_token_address;
  wire row_fetch_given_last_of_group_choice = run_query ? query_rows_row_last_of_group :
      token_walk_token_last_of_group;

  row_fetch u_row_fetch (
    .clk                 (clk),
    .rst                 (rst),
    .start               (start),
    .tokens_run          (to_map),
    .dense_run           (run_dense),
    .rows                (rows),
    .address             (row_address),
    .stride              (row_stride),
    .row_beats           (row_beats),
    .last_word           (run_last_step[2:1]),
    .row_tail            (row_tail),
    .given_valid         (row_fetch_given_valid_choice),
    .given_ready         (given_ready),
    .given_address       (row_fetch_given_address_choice),
    .given_last_of_group (row_fetch_given_last_of_group_choice),
    .data                (data),
    .data_valid          (data_valid),
    .burst_valid         (burst_valid),
    .burst_ready         (burst_ready),
    .burst_address       (burst_address),
    .burst_length        (burst_length),
    .word_valid          (row_fetch_word_valid),
    .word_ready          (engine_word_ready),
    .word_operands       (row_fetch_word_operands),
    .word_last_of_group  (row_fetch_word_last_of_group)
  );

  // Samples of queries go to the lanes.
  wire engine_finished_ready;
  assign projected_valid = engine_finished_valid && run_query;

  // Other results go to memory.
  wire map_writer_block_ready;
  wire map_writer_request_valid;
  wire [39:0] map_writer_request_address;
  wire [1:0] map_writer_request_beats;
  wire map_writer_read_valid;
  wire [2:0] map_writer_read_slot;
  wire [1:0] map_writer_read_unit;
  wire [3:0] map_writer_read_live;
  wire map_writer_freed;
  wire token_walk_start_term = start && to_map;

  token_walk u_token_walk (
    .clk                 (clk),
    .rst                 (rst),
    .start               (token_walk_start_term),
    .masked              (masked),
    .address             (source_address),
    .stride              (source_stride),
    .levels_width_0      (levels_width_0),
    .levels_width_1      (levels_width_1),
    .levels_height_0     (levels_height_0),
    .levels_height_1     (levels_height_1),
    .mask_start          (mask_start),
    .mask_valid          (mask_valid),
    .mask_beat           (mask_beat),
    .token_valid         (token_walk_token_valid),
    .token_ready         (token_walk_token_ready),
    .token_address       (token_walk_token_address),
    .token_last_of_group (token_walk_token_last_of_group),
    .block_valid         (token_walk_block_valid),
    .block_ready         (map_writer_block_ready),
    .block_live_0        (token_walk_block_live_0),
    .block_live_1        (token_walk_block_live_1),
    .block_live_2        (token_walk_block_live_2),
    .block_live_3        (token_walk_block_live_3),
    .block_slot_0        (token_walk_block_slot_0),
    .block_slot_1        (token_walk_block_slot_1),
    .block_slot_2        (token_walk_block_slot_2),
    .block_slot_3        (token_walk_block_slot_3),
    .block_waits         (token_walk_block_waits),
    .block_frees         (token_walk_block_frees)
  );

  wire map_finished_ready;
  wire dense_writer_request_valid;
  wire [39:0] dense_writer_request_address;
  wire [1:0] dense_writer_request_beats;
  wire dense_writer_read_valid;
  wire [2:0] dense_writer_read_slot;
  wire [1:0] dense_writer_read_unit;
  wire [3:0] dense_writer_read_live;
  wire dense_writer_freed;
  wire dense_finished_ready;
  assign engine_finished_ready = run_query ? projected_ready :
        run_dense ? dense_finished_ready : map_finished_ready;
  wire engine_freed_term = freed || map_writer_freed || dense_writer_freed;

  gemm_engine u_engine (
    .clk                (clk),
    .rst                (rst),
    .start              (start),
    .run_query          (run_query),
    .run_dense          (run_dense),
    .run_last_step      (run_last_step),
    .run_last_tile      (run_last_tile),
    .run_first_weight   (run_first_weight),
    .run_first_entry    (run_first_entry),
    .weights_enable     (weights_enable),
    .weights_bank       (weights_bank),
    .weights_address    (weights_address),
    .weights_data       (weights_data),
    .requant_enable     (requant_enable),
    .requant_bank       (requant_bank),
    .requant_address    (requant_address),
    .requant_data       (requant_data),
    .freed              (engine_freed_term),
    .word_valid         (row_fetch_word_valid),
    .word_ready         (engine_word_ready),
    .word_operands      (row_fetch_word_operands),
    .word_last_of_group (row_fetch_word_last_of_group),
    .busy               (busy),
    .waits_for_room     (waits_for_room),
    .logits_valid       (logits_valid),
    .offsets_valid      (offsets_valid),
    .sample_slot        (sample_slot),
    .logits_word        (logits_word),
    .offsets_word       (offsets_word),
    .logits_0           (logits_0),
    .offsets_0          (offsets_0),
    .result_valid       (engine_result_valid),
    .result_slot        (engine_result_slot),
    .result_tile        (engine_result_tile),
    .result_value_0     (engine_result_value_0),
    .result_value_1     (engine_result_value_1),
    .result_value_2     (engine_result_value_2),
    .result_value_3     (engine_result_value_3),
    .finished_valid     (engine_finished_valid),
    .finished_ready     (engine_finished_ready),
    .finished           (engine_finished)
  );

  wire map_writer_request_ready;
  wire dense_writer_request_ready;
  assign dense_writer_request_ready = request_ready && run_dense;
  assign map_writer_request_ready = request_ready && !run_dense;
  assign request_valid = run_dense ? dense_writer_request_valid : map_writer_request_valid;
  assign request_address = run_dense ? dense_writer_request_address : map_writer_request_address;
  assign request_beats = run_dense ? dense_writer_request_beats : map_writer_request_beats;
  wire map_writer_read_ready;
  wire map_writer_finished_valid_term = engine_finished_valid && to_map;

  map_writer u_map_writer (
    .clk             (clk),
    .rst             (rst),
    .start           (start),
    .address         (map_address),
    .block_valid     (token_walk_block_valid),
    .block_ready     (map_writer_block_ready),
    .block_live_0    (token_walk_block_live_0),
    .block_live_1    (token_walk_block_live_1),
    .block_live_2    (token_walk_block_live_2),
    .block_live_3    (token_walk_block_live_3),
    .block_slot_0    (token_walk_block_slot_0),
    .block_slot_1    (token_walk_block_slot_1),
    .block_slot_2    (token_walk_block_slot_2),
    .block_slot_3    (token_walk_block_slot_3),
    .block_waits     (token_walk_block_waits),
    .block_frees     (token_walk_block_frees),
    .finished_valid  (map_writer_finished_valid_term),
    .finished_ready  (map_finished_ready),
    .finished        (engine_finished),
    .request_valid   (map_writer_request_valid),
    .request_ready   (map_writer_request_ready),
    .request_address (map_writer_request_address),
    .request_beats   (map_writer_request_beats),
    .read_valid      (map_writer_read_valid),
    .read_ready      (map_writer_read_ready),
    .read_slot       (map_writer_read_slot),
    .read_unit       (map_writer_read_unit),
    .read_live       (map_writer_read_live),
    .freed           (map_writer_freed)
  );

  wire dense_writer_read_ready;
  wire dense_writer_finished_valid_term = engine_finished_valid && to_memory && run_dense;

  dense_writer u_dense_writer (
    .clk             (clk),
    .rst             (rst),
    .start           (start),
    .address         (output_address),
    .stride          (output_stride),
    .row_beats       (output_row_beats),
    .last_panel      (last_panel),
    .tail            (tail),
    .finished_valid  (dense_writer_finished_valid_term),
    .finished_ready  (dense_finished_ready),
    .finished        (engine_finished),
    .request_valid   (dense_writer_request_valid),
    .request_ready   (dense_writer_request_ready),
    .request_address (dense_writer_request_address),
    .request_beats   (dense_writer_request_beats),
    .read_valid      (dense_writer_read_valid),
    .read_ready      (dense_writer_read_ready),
    .read_slot       (dense_writer_read_slot),
    .read_unit       (dense_writer_read_unit),
    .read_live       (dense_writer_read_live),
    .freed           (dense_writer_freed)
  );

  wire read_ready;
  assign dense_writer_read_ready = read_ready && run_dense;
  assign map_writer_read_ready = read_ready && !run_dense;
  wire result_buffer_read_valid_choice = run_dense ? dense_writer_read_valid : map_writer_read_valid;
  wire [2:0] result_buffer_read_slot_choice = run_dense ? dense_writer_read_slot : map_writer_read_slot;
  wire [1:0] result_buffer_read_unit_choice = run_dense ? dense_writer_read_unit : map_writer_read_unit;
  wire [3:0] result_buffer_read_live_choice = run_dense ? dense_writer_read_live : map_writer_read_live;

  result_buffer u_result_buffer (
    .clk            (clk),
    .rst            (rst),
    .dense          (run_dense),
    .relu           (relu),
    .restart        (start),
    .result_valid   (engine_result_valid),
    .result_slot    (engine_result_slot),
    .result_tile    (engine_result_tile),
    .result_value_0 (engine_result_value_0),
    .result_value_1 (engine_result_value_1),
    .result_value_2 (engine_result_value_2),
    .result_value_3 (engine_result_value_3),
    .read_valid     (result_buffer_read_valid_choice),
    .read_ready     (read_ready),
    .read_slot      (result_buffer_read_slot_choice),
    .read_unit      (result_buffer_read_unit_choice),
    .read_live      (result_buffer_read_live_choice),
    .beat_valid     (beat_valid),
    .beat_ready     (beat_ready),
    .beat           (beat)
  );

  assign projected = engine_finished;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(2)) check_projected (
    .clk(clk), .rst(rst), .valid(projected_valid), .ready(projected_ready), .payload(engine_finished)
  );
  stream_check #(.WIDTH(42)) check_request (
    .clk(clk), .rst(rst), .valid(request_valid), .ready(request_ready), .payload({request_address, request_beats})
  );
`endif

endmodule
`default_nettype wire
