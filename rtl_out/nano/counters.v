// counters
//
// Counts every cycle of a job under one cause, and the events of the job. Cleared at start, frozen at its end.
`default_nettype none

module counters (
  input  wire        clk,
  input  wire        rst,
  input  wire        clear,
  input  wire        busy,
  input  wire        in_setup_phase,
  input  wire        sample_taken,
  input  wire        sample_ends_query,
  input  wire        lane_blocked,
  input  wire        feature_missing,
  input  wire [6:0]  queries,
  output reg  [31:0] cycles,
  output reg  [31:0] setup,
  output reg  [31:0] fill,
  output reg  [31:0] sample,
  output reg  [31:0] wait_feature,
  output reg  [31:0] wait_output,
  output reg  [31:0] wait_point,
  output reg  [31:0] drain,
  output reg  [31:0] samples,
  input  wire [2:0]  hits,
  output reg  [31:0] line_hits,
  input  wire [2:0]  misses,
  output reg  [31:0] line_misses,
  input  wire        beat_job,
  output reg  [31:0] bytes_job,
  input  wire        beat_query,
  output reg  [31:0] bytes_query,
  input  wire        beat_reference,
  output reg  [31:0] bytes_reference,
  input  wire        beat_feature,
  output reg  [31:0] bytes_feature,
  input  wire        beat_output,
  output reg  [31:0] bytes_output
);

  // The first and the last sample bound the time in which the lane could work.
  reg begun;
  reg [6:0] queries_left;

  always @(posedge clk)
    if (rst) begun <= 1'b0;
    else if (clear) begun <= 1'b0;
    else if (sample_taken) begun <= 1'b1;

  always @(posedge clk)
    if (rst) queries_left <= 7'd0;
    else if (in_setup_phase) queries_left <= queries;
    else if (sample_taken && sample_ends_query) queries_left <= queries_left - 7'd1;

  // One cause a cycle, the first that holds.
  wire in_sample = busy && sample_taken;
  wire in_setup_term = busy && !sample_taken;
  wire in_setup = in_setup_term && in_setup_phase;
  wire in_fill_term = in_setup_term && !in_setup_phase;
  wire in_fill = in_fill_term && !begun;
  wire in_drain_term = in_fill_term && begun;
  wire in_drain_equal = queries_left == 7'd0;
  wire in_drain = in_drain_term && in_drain_equal;
  wire in_wait_feature_term = in_drain_term && !in_drain_equal;
  wire in_wait_feature = in_wait_feature_term && feature_missing;
  wire in_wait_output_term = in_wait_feature_term && !feature_missing;
  wire in_wait_output = in_wait_output_term && lane_blocked;
  wire in_wait_point = in_wait_output_term && !lane_blocked;

  always @(posedge clk)
    if (rst) cycles <= 32'd0;
    else if (clear) cycles <= 32'd0;
    else cycles <= cycles + {31'd0, busy};

  always @(posedge clk)
    if (rst) setup <= 32'd0;
    else if (clear) setup <= 32'd0;
    else setup <= setup + {31'd0, in_setup};

  always @(posedge clk)
    if (rst) fill <= 32'd0;
    else if (clear) fill <= 32'd0;
    else fill <= fill + {31'd0, in_fill};

  always @(posedge clk)
    if (rst) sample <= 32'd0;
    else if (clear) sample <= 32'd0;
    else sample <= sample + {31'd0, in_sample};

  always @(posedge clk)
    if (rst) wait_feature <= 32'd0;
    else if (clear) wait_feature <= 32'd0;
    else wait_feature <= wait_feature + {31'd0, in_wait_feature};

  always @(posedge clk)
    if (rst) wait_output <= 32'd0;
    else if (clear) wait_output <= 32'd0;
    else wait_output <= wait_output + {31'd0, in_wait_output};

  always @(posedge clk)
    if (rst) wait_point <= 32'd0;
    else if (clear) wait_point <= 32'd0;
    else wait_point <= wait_point + {31'd0, in_wait_point};

  always @(posedge clk)
    if (rst) drain <= 32'd0;
    else if (clear) drain <= 32'd0;
    else drain <= drain + {31'd0, in_drain};

  always @(posedge clk)
    if (rst) samples <= 32'd0;
    else if (clear) samples <= 32'd0;
    else samples <= samples + {31'd0, sample_taken};

  always @(posedge clk)
    if (rst) line_hits <= 32'd0;
    else if (clear) line_hits <= 32'd0;
    else line_hits <= line_hits + {29'd0, hits};

  always @(posedge clk)
    if (rst) line_misses <= 32'd0;
    else if (clear) line_misses <= 32'd0;
    else line_misses <= line_misses + {29'd0, misses};

  always @(posedge clk)
    if (rst) bytes_job <= 32'd0;
    else if (clear) bytes_job <= 32'd0;
    else bytes_job <= bytes_job + {28'd0, beat_job ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_query <= 32'd0;
    else if (clear) bytes_query <= 32'd0;
    else bytes_query <= bytes_query + {28'd0, beat_query ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_reference <= 32'd0;
    else if (clear) bytes_reference <= 32'd0;
    else bytes_reference <= bytes_reference + {28'd0, beat_reference ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_feature <= 32'd0;
    else if (clear) bytes_feature <= 32'd0;
    else bytes_feature <= bytes_feature + {28'd0, beat_feature ? 4'd8 : 4'd0};

  always @(posedge clk)
    if (rst) bytes_output <= 32'd0;
    else if (clear) bytes_output <= 32'd0;
    else bytes_output <= bytes_output + {28'd0, beat_output ? 4'd8 : 4'd0};

endmodule
`default_nettype wire
