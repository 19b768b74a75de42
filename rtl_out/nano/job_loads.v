// job_loads
//
// Reads, one after the other, what a job needs beside its descriptor: panels of weights, the mask, the rest of the
// parameters. Keeps account of the panels of a dense job.
`default_nettype none

module job_loads (
  input  wire        clk,
  input  wire        rst,
  input  wire        job_dense,
  input  wire        job_masked,
  input  wire        job_map_given,
  input  wire [39:0] job_parameter_address,
  input  wire [39:0] job_mask_address,
  input  wire [39:0] job_output_address,
  input  wire [9:0]  job_tokens,
  input  wire [2:0]  job_last_step,
  input  wire [15:0] job_tiles,
  input  wire [2:0]  job_panel_tiles,
  input  wire [23:0] job_tile_beats,
  input  wire [17:0] job_output_beats,
  input  wire [1:0]  job_panel_output_beats,
  input  wire        taken,
  input  wire        run_begins,
  input  wire        beat_valid,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [31:0] request_beats,
  output wire        start_panel,
  output wire        start_mask,
  output wire        start_rest,
  output wire        to_mask,
  output wire        to_tables,
  output wire        upper_half,
  output wire [2:0]  panel_entries,
  output wire [5:0]  panel_words,
  output reg  [2:0]  panel_last_tile,
  output reg         panel_upper,
  output reg  [39:0] panel_address,
  output reg  [1:0]  panel_output_beats,
  output reg         panel_last,
  output wire        panel_loaded,
  output wire        panels_left,
  output wire        mask_wanted,
  output wire        rest_wanted
);

  // What is wanted.
  reg [15:0] tiles_left;
  reg has_panel;
  reg wants_mask;
  reg wants_rest;
  wire tiles_remain = tiles_left != 16'd0;
  wire panel_wanted = tiles_remain && !has_panel;

  localparam [2:0] STATE_IDLE = 3'd0;
  localparam [2:0] STATE_SIZE = 3'd1;
  localparam [2:0] STATE_MULTIPLY = 3'd2;
  localparam [2:0] STATE_ASK = 3'd3;
  localparam [2:0] STATE_TAKE = 3'd4;
  reg [2:0] state;
  wire is_idle = state == STATE_IDLE;
  wire is_size = state == STATE_SIZE;
  wire is_multiply = state == STATE_MULTIPLY;
  wire is_ask = state == STATE_ASK;
  wire is_take = state == STATE_TAKE;
  reg is_panel;
  reg is_mask;
  wire begin_load = is_idle && (panel_wanted || wants_mask || wants_rest);

  always @(posedge clk)
    if (begin_load) begin
      is_panel <= panel_wanted;
      is_mask <= wants_mask && !panel_wanted;
    end

  // Its size and place.
  reg upper;
  reg [2:0] tiles;
  reg [2:0] entries;
  reg [5:0] words;
  reg [31:0] beats;
  reg [39:0] next_parameter;

  always @(posedge clk)
    if (is_size && is_panel) tiles <= (tiles_left < {13'd0, job_panel_tiles}) ? tiles_left[2:0] : job_panel_tiles;

  wire entries_term = is_multiply && is_panel;
  wire [3:0] words_sum = {1'b0, job_last_step} + 4'd1;
  wire [6:0] words_product = tiles * words_sum;

  always @(posedge clk)
    if (entries_term) begin
      entries <= tiles;
      words <= words_product[5:0];
    end

  wire [26:0] beats_product = tiles * job_tile_beats;
  wire [10:0] beats_sum = {1'b0, job_tokens} + 11'd7;

  always @(posedge clk)
    if (is_multiply) beats <= is_panel ? {5'd0, beats_product} :
        is_mask ? {24'd0, beats_sum[10:3]} : 32'h34;
    else if (is_take && beat_valid) beats <= beats - 32'd1;

  wire asked = is_ask && request_ready;
  assign request_address = is_mask ? job_mask_address : next_parameter;
  wire complete = is_take && (beats == 32'd0);
  wire [39:0] next_parameter_sum = job_parameter_address + 40'h30;

  always @(posedge clk)
    if (taken) next_parameter <= job_map_given ? next_parameter_sum : job_parameter_address;
    else if (asked && !is_mask) next_parameter <= next_parameter + {5'd0, beats, 3'd0};

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if (begin_load) state <= STATE_SIZE;
    else if (is_size) state <= STATE_MULTIPLY;
    else if (is_multiply) state <= STATE_ASK;
    else if (asked) state <= STATE_TAKE;
    else if (complete) state <= STATE_IDLE;

  // Where its beats go.
  assign start_panel = asked && is_panel;
  assign start_mask = asked && is_mask;
  assign start_rest = asked && !is_panel && !is_mask;
  assign to_mask = is_take && is_mask;
  assign to_tables = is_take && !is_mask;

  // What has been loaded, and the panel in work.
  wire projects = !job_map_given;
  wire tiles_left_term = complete && is_panel;

  always @(posedge clk)
    if (rst) tiles_left <= 16'd0;
    else if (taken) tiles_left <= projects ? job_tiles : 16'd0;
    else if (tiles_left_term) tiles_left <= tiles_left - {13'd0, tiles};

  always @(posedge clk)
    if (rst) has_panel <= 1'b0;
    else if (taken || run_begins) has_panel <= 1'b0;
    else if (tiles_left_term) has_panel <= 1'b1;

  always @(posedge clk)
    if (rst) wants_mask <= 1'b0;
    else if (taken) wants_mask <= job_masked && !job_dense;
    else if (complete && is_mask) wants_mask <= 1'b0;

  always @(posedge clk)
    if (rst) wants_rest <= 1'b0;
    else if (taken) wants_rest <= !job_dense;
    else if (complete && !is_panel && !is_mask) wants_rest <= 1'b0;

  always @(posedge clk)
    if (taken) upper <= 1'b0;
    else if (run_begins) upper <= !upper;

  reg [39:0] output_address;
  reg [17:0] output_beats_left;
  wire [1:0] panel_output_beats_choice = (output_beats_left < {16'd0,
      job_panel_output_beats}) ? output_beats_left[1:0] : job_panel_output_beats;

  always @(posedge clk)
    if (run_begins) begin
      panel_last_tile <= tiles - 3'd1;
      panel_upper <= upper;
      panel_address <= output_address;
      panel_output_beats <= panel_output_beats_choice;
      panel_last <= {16'd0, job_panel_output_beats} >= output_beats_left;
    end

  always @(posedge clk)
    if (taken) begin
      output_address <= job_output_address;
      output_beats_left <= job_output_beats;
    end else if (run_begins) begin
      output_address <= output_address + {35'd0, job_panel_output_beats, 3'd0};
      output_beats_left <= output_beats_left - {16'd0, panel_output_beats_choice};
    end

  assign panels_left = tiles_remain || has_panel;

  assign request_valid = is_ask;
  assign request_beats = beats;
  assign upper_half = upper;
  assign panel_entries = entries;
  assign panel_words = words;
  assign panel_loaded = has_panel;
  assign mask_wanted = wants_mask;
  assign rest_wanted = wants_rest;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, words_product[6], beats_sum[2:0]};

endmodule
`default_nettype wire
