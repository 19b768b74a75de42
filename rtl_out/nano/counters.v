// counters
//
// Counts every cycle of a job, for each lane under one cause, and the events of the job. Cleared at start, frozen
// at its end.
`default_nettype none

module counters (
  input  wire        clk,
  input  wire        rst,
  input  wire        clear,
  input  wire        busy,
  input  wire        in_setup_phase,
  input  wire        in_project_phase,
  input  wire [6:0]  queries,
  input  wire        sample_taken_0,
  input  wire        sample_ends_query_0,
  input  wire        lane_blocked_0,
  input  wire        feature_missing_0,
  input  wire [2:0]  hits_0,
  input  wire [2:0]  misses_0,
  output reg  [31:0] cycles,
  output reg  [31:0] setup,
  output reg  [31:0] project,
  output reg  [31:0] fill,
  output reg  [31:0] sample,
  output reg  [31:0] wait_feature,
  output reg  [31:0] wait_output,
  output reg  [31:0] wait_point,
  output reg  [31:0] drain,
  input  wire        gemm_moves,
  input  wire        order_late,
  output reg  [31:0] wait_query,
  output reg  [31:0] samples,
  output reg  [31:0] line_hits,
  output reg  [31:0] line_misses,
  input  wire        beat_rows,
  input  wire        beat_written,
  input  wire        of_map,
  input  wire        beat_job,
  output reg  [31:0] bytes_job,
  input  wire        beat_reference,
  output reg  [31:0] bytes_reference,
  input  wire        beat_list,
  output reg  [31:0] bytes_list,
  input  wire        beat_feature,
  output reg  [31:0] bytes_feature,
  output reg  [31:0] bytes_query,
  output reg  [31:0] bytes_source,
  output reg  [31:0] bytes_output,
  output reg  [31:0] bytes_value,
  input  wire        gemm_waits_for_room,
  output reg  [31:0] gemm_busy,
  output reg  [31:0] gemm_rows,
  output reg  [31:0] gemm_room,
  output reg  [31:0] gemm_project,
  output wire [31:0] gemm_idle
);

  // The first and the last sample of all lanes bound the time in which they could work.
  reg begun;
  reg [6:0] queries_left_0;

  always @(posedge clk)
    if (rst) queries_left_0 <= 7'd0;
    else if (in_setup_phase) queries_left_0 <= queries;
    else if (sample_taken_0 && sample_ends_query_0) queries_left_0 <= queries_left_0 - 7'd1;

  always @(posedge clk)
    if (rst) begun <= 1'b0;
    else if (clear) begun <= 1'b0;
    else if (sample_taken_0) begun <= 1'b1;

  wire all_done = queries_left_0 == 7'd0;

  // One cause a cycle for each lane, the first that holds.
  wire in_sample_0 = busy && sample_taken_0;
  wire in_setup_0_term = busy && !sample_taken_0;
  wire in_setup_0 = in_setup_0_term && in_setup_phase;
  wire in_project_0_term = in_setup_0_term && !in_setup_phase;
  wire in_project_0 = in_project_0_term && in_project_phase;
  wire in_fill_0_term = in_project_0_term && !in_project_phase;
  wire in_fill_0 = in_fill_0_term && !begun;
  wire in_drain_0_term = in_fill_0_term && begun;
  wire in_drain_0 = in_drain_0_term && all_done;
  wire in_wait_feature_0_term = in_drain_0_term && !all_done;
  wire in_wait_feature_0 = in_wait_feature_0_term && feature_missing_0;
  wire in_wait_output_0_term = in_wait_feature_0_term && !feature_missing_0;
  wire in_wait_output_0 = in_wait_output_0_term && lane_blocked_0;
  wire in_wait_point_0 = in_wait_output_0_term && !lane_blocked_0;

  always @(posedge clk)
    if (rst) cycles <= 32'd0;
    else if (clear) cycles <= 32'd0;
    else cycles <= cycles + {31'd0, busy};

  always @(posedge clk)
    if (rst) setup <= 32'd0;
    else if (clear) setup <= 32'd0;
    else setup <= setup + {31'd0, in_setup_0};

  always @(posedge clk)
    if (rst) project <= 32'd0;
    else if (clear) project <= 32'd0;
    else project <= project + {31'd0, in_project_0};

  always @(posedge clk)
    if (rst) fill <= 32'd0;
    else if (clear) fill <= 32'd0;
    else fill <= fill + {31'd0, in_fill_0};

  always @(posedge clk)
    if (rst) sample <= 32'd0;
    else if (clear) sample <= 32'd0;
    else sample <= sample + {31'd0, in_sample_0};

  always @(posedge clk)
    if (rst) wait_feature <= 32'd0;
    else if (clear) wait_feature <= 32'd0;
    else wait_feature <= wait_feature + {31'd0, in_wait_feature_0};

  always @(posedge clk)
    if (rst) wait_output <= 32'd0;
    else if (clear) wait_output <= 32'd0;
    else wait_output <= wait_output + {31'd0, in_wait_output_0};

  always @(posedge clk)
    if (rst) wait_point <= 32'd0;
    else if (clear) wait_point <= 32'd0;
    else wait_point <= wait_point + {31'd0, in_wait_point_0};

  always @(posedge clk)
    if (rst) drain <= 32'd0;
    else if (clear) drain <= 32'd0;
    else drain <= drain + {31'd0, in_drain_0};

  always @(posedge clk)
    if (rst) wait_query <= 32'd0;
    else if (clear) wait_query <= 32'd0;
    else wait_query <= wait_query + {31'd0, (in_fill_0 || in_wait_point_0) && !gemm_moves && order_late};

  always @(posedge clk)
    if (rst) samples <= 32'd0;
    else if (clear) samples <= 32'd0;
    else samples <= samples + {31'd0, sample_taken_0};

  always @(posedge clk)
    if (rst) line_hits <= 32'd0;
    else if (clear) line_hits <= 32'd0;
    else line_hits <= line_hits + {29'd0, hits_0};

  always @(posedge clk)
    if (rst) line_misses <= 32'd0;
    else if (clear) line_misses <= 32'd0;
    else line_misses <= line_misses + {29'd0, misses_0};

  always @(posedge clk)
    if (rst) bytes_job <= 32'd0;
    else if (clear) bytes_job <= 32'd0;
    else bytes_job <= bytes_job + {28'd0, beat_job ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_reference <= 32'd0;
    else if (clear) bytes_reference <= 32'd0;
    else bytes_reference <= bytes_reference + {28'd0, beat_reference ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_list <= 32'd0;
    else if (clear) bytes_list <= 32'd0;
    else bytes_list <= bytes_list + {28'd0, beat_list ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_feature <= 32'd0;
    else if (clear) bytes_feature <= 32'd0;
    else bytes_feature <= bytes_feature + {28'd0, beat_feature ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_query <= 32'd0;
    else if (clear) bytes_query <= 32'd0;
    else bytes_query <= bytes_query + {28'd0, (beat_rows && !of_map) ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_source <= 32'd0;
    else if (clear) bytes_source <= 32'd0;
    else bytes_source <= bytes_source + {28'd0, (beat_rows && of_map) ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_output <= 32'd0;
    else if (clear) bytes_output <= 32'd0;
    else bytes_output <= bytes_output + {28'd0, (beat_written && !of_map) ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_value <= 32'd0;
    else if (clear) bytes_value <= 32'd0;
    else bytes_value <= bytes_value + {28'd0, (beat_written && of_map) ? 4'd8 : 4'd0};

  // The PE array. What it waited for after a step counts as waiting only if another step follows.
  wire gemm_step = busy && gemm_moves;
  reg gemm_begun;

  always @(posedge clk)
    if (rst) gemm_begun <= 1'b0;
    else if (clear) gemm_begun <= 1'b0;
    else if (gemm_step) gemm_begun <= 1'b1;

  reg [31:0] gap_rows;
  wire gap_rows_term = clear || gemm_step;
  wire gap_rows_term_2 = busy && gemm_begun;

  always @(posedge clk)
    if (rst) gap_rows <= 32'd0;
    else if (gap_rows_term) gap_rows <= 32'd0;
    else gap_rows <= gap_rows + {31'd0, gap_rows_term_2 && !gemm_waits_for_room};

  reg [31:0] gap_room;

  always @(posedge clk)
    if (rst) gap_room <= 32'd0;
    else if (gap_rows_term) gap_room <= 32'd0;
    else gap_room <= gap_room + {31'd0, gap_rows_term_2 && gemm_waits_for_room};

  always @(posedge clk)
    if (rst) gemm_busy <= 32'd0;
    else if (clear) gemm_busy <= 32'd0;
    else gemm_busy <= gemm_busy + {31'd0, gemm_step};

  always @(posedge clk)
    if (rst) gemm_rows <= 32'd0;
    else if (clear) gemm_rows <= 32'd0;
    else gemm_rows <= gemm_rows + (gemm_step ? gap_rows : 32'd0);

  always @(posedge clk)
    if (rst) gemm_room <= 32'd0;
    else if (clear) gemm_room <= 32'd0;
    else gemm_room <= gemm_room + (gemm_step ? gap_room : 32'd0);

  always @(posedge clk)
    if (rst) gemm_project <= 32'd0;
    else if (clear) gemm_project <= 32'd0;
    else gemm_project <= gemm_project + {31'd0, gemm_step && in_project_phase};

  wire [31:0] gemm_idle_sum = gemm_busy + gemm_rows;
  wire [31:0] gemm_idle_sum_2 = gemm_idle_sum + gemm_room;
  assign gemm_idle = cycles - gemm_idle_sum_2;

endmodule
`default_nettype wire
