// job_control
//
// Sequence of a job: fetch and check the descriptor, load the parameters, run until all rows are written, report.
// An error, an abort or a time-out stops the job; when the memory port is quiet, what worked on it is reset.
`default_nettype none

module job_control (
  input  wire        clk,
  input  wire        rst,
  input  wire        job_valid,
  output wire        job_ready,
  input  wire [63:0] job,
  input  wire        beat_valid,
  output wire        beat_ready,
  input  wire [63:0] beat,
  input  wire        soft_reset,
  input  wire        failure_pending,
  input  wire        read_error,
  input  wire        write_error,
  input  wire [1:0]  read_client,
  input  wire [1:0]  read_response,
  input  wire [1:0]  write_response,
  input  wire        reads_waiting,
  input  wire        writes_waiting,
  input  wire        abort,
  input  wire        expired,
  input  wire        quiet,
  output reg  [39:0] start_0,
  output reg  [39:0] start_1,
  output wire        request_valid,
  output wire [39:0] request_address,
  output wire [6:0]  request_beats,
  input  wire        request_ready,
  output wire        parameter_valid,
  output wire [63:0] parameter_beat,
  input  wire        parameters_loaded,
  input  wire        tags_clearing,
  output wire        load,
  output wire        run,
  input  wire        written,
  output wire        halt,
  output reg         job_reset,
  output wire        event_done,
  output wire        event_failed,
  output wire        job_ended,
  output wire        busy,
  output wire        quarantined,
  output wire        setup,
  output wire        begin_job,
  output reg         done,
  output wire        failed,
  output reg  [3:0]  error,
  output reg  [7:0]  error_detail,
  output reg  [31:0] job_id,
  output wire [6:0]  queries,
  output wire [39:0] query_address,
  output wire [39:0] reference_address,
  output wire [39:0] output_address,
  output wire        boxes,
  output reg  [31:0] query_stride,
  output reg  [31:0] output_stride,
  output wire [4:0]  levels_width_0,
  output wire [4:0]  levels_height_0,
  output wire [4:0]  levels_width_1,
  output wire [4:0]  levels_height_1
);

  localparam [2:0] STATE_IDLE = 3'd0;
  localparam [2:0] STATE_FETCH = 3'd1;
  localparam [2:0] STATE_CHECK = 3'd2;
  localparam [2:0] STATE_LOAD = 3'd3;
  localparam [2:0] STATE_RUN = 3'd4;
  localparam [2:0] STATE_STOP = 3'd5;
  localparam [2:0] STATE_CLEAR = 3'd6;
  reg [2:0] state;
  wire is_idle = state == STATE_IDLE;
  wire is_fetch = state == STATE_FETCH;
  wire is_check = state == STATE_CHECK;
  wire is_load = state == STATE_LOAD;
  wire is_run = state == STATE_RUN;
  wire is_stop = state == STATE_STOP;
  wire is_clear = state == STATE_CLEAR;

  // A failed job holds up the next one until its report was seen; a soft reset drops all that wait.
  reg dropping;

  always @(posedge clk)
    if (rst) dropping <= 1'b0;
    else if (soft_reset) dropping <= 1'b1;
    else if (!job_valid) dropping <= 1'b0;

  wire begin_now = is_idle && job_valid && !dropping && !soft_reset && !failure_pending;
  assign job_ready = begin_now || dropping;
  reg [63:0] descriptor;

  always @(posedge clk)
    if (begin_now) descriptor <= job;

  // Descriptor words, kept as they come.
  reg [3:0] beat_index;
  wire beat_ready_term = is_fetch || is_load;
  assign beat_ready = beat_ready_term;
  wire take = is_fetch && beat_valid;
  wire last_beat = take && (beat_index == 4'd15);

  always @(posedge clk)
    if (rst) beat_index <= 4'd0;
    else if (begin_now) beat_index <= 4'd0;
    else if (take) beat_index <= beat_index + 4'd1;

  reg [31:0] kind;
  reg [31:0] flags;
  reg [31:0] query_count;
  reg [31:0] query_low;
  reg [31:0] query_high;
  wire [63:0] query_pointer = {query_high, query_low};
  reg [31:0] reference_low;
  reg [31:0] reference_high;
  wire [63:0] reference_pointer = {reference_high, reference_low};
  reg [31:0] value_low;
  reg [31:0] value_high;
  wire [63:0] value_pointer = {value_high, value_low};
  reg [31:0] parameter_low;
  reg [31:0] parameter_high;
  wire [63:0] parameter_pointer = {parameter_high, parameter_low};
  reg [31:0] output_low;
  reg [31:0] output_high;
  wire [63:0] output_pointer = {output_high, output_low};
  reg [15:0] full_width_0;
  reg [15:0] full_height_0;
  reg [15:0] full_width_1;
  reg [15:0] full_height_1;
  wire take_0 = take && (beat_index == 4'd0);

  always @(posedge clk)
    if (take_0) begin
      kind <= beat[31:0];
      flags <= beat[63:32];
    end

  wire take_1 = take && (beat_index == 4'd1);

  always @(posedge clk)
    if (take_1) begin
      job_id <= beat[31:0];
      query_count <= beat[63:32];
    end

  wire take_2 = take && (beat_index == 4'd2);

  always @(posedge clk)
    if (take_2) begin
      query_low <= beat[31:0];
      query_high <= beat[63:32];
    end

  wire take_3 = take && (beat_index == 4'd3);

  always @(posedge clk)
    if (take_3) begin
      reference_low <= beat[31:0];
      reference_high <= beat[63:32];
    end

  wire take_4 = take && (beat_index == 4'd4);

  always @(posedge clk)
    if (take_4) begin
      value_low <= beat[31:0];
      value_high <= beat[63:32];
    end

  wire take_5 = take && (beat_index == 4'd5);

  always @(posedge clk)
    if (take_5) begin
      parameter_low <= beat[31:0];
      parameter_high <= beat[63:32];
    end

  wire take_6 = take && (beat_index == 4'd6);

  always @(posedge clk)
    if (take_6) begin
      output_low <= beat[31:0];
      output_high <= beat[63:32];
    end

  wire take_7 = take && (beat_index == 4'd7);

  always @(posedge clk)
    if (take_7) begin
      query_stride <= beat[31:0];
      output_stride <= beat[63:32];
    end

  wire take_8 = take && (beat_index == 4'd8);

  always @(posedge clk)
    if (take_8) begin
      full_width_0 <= beat[15:0];
      full_height_0 <= beat[31:16];
      full_width_1 <= beat[47:32];
      full_height_1 <= beat[63:48];
    end

  // Check: the first rule that is broken.
  wire word_0_is_bad = kind != 32'h10001;
  wire word_1_is_bad = flags[31:1] != 31'd0;
  wire word_3_is_bad = (query_count == 32'd0) || (query_count > 32'h40);
  wire word_16_is_bad = (full_width_0 == 16'd0) || (full_width_0 > 16'h10) || (full_height_0 == 16'd0) ||
      (full_height_0 > 16'h10);
  wire word_17_is_bad = (full_width_1 == 16'd0) || (full_width_1 > 16'h10) || (full_height_1 == 16'd0) ||
      (full_height_1 > 16'h10);
  wire word_4_is_bad = (query_pointer[5:0] != 6'd0) || (query_pointer[63:40] != 24'd0);
  wire word_6_is_bad = (reference_pointer[5:0] != 6'd0) || (reference_pointer[63:40] != 24'd0);
  wire word_8_is_bad = (value_pointer[5:0] != 6'd0) || (value_pointer[63:40] != 24'd0);
  wire word_10_is_bad = (parameter_pointer[5:0] != 6'd0) || (parameter_pointer[63:40] != 24'd0);
  wire word_12_is_bad = (output_pointer[5:0] != 6'd0) || (output_pointer[63:40] != 24'd0);
  wire word_14_is_bad = (query_stride[2:0] != 3'd0) || (query_stride < 32'd8);
  wire word_15_is_bad = (output_stride[2:0] != 3'd0) || (output_stride < 32'd8);
  wire [3:0] verdict_choice = word_10_is_bad ? 4'd4 :
        word_12_is_bad ? 4'd4 :
        word_14_is_bad ? 4'd4 :
        word_15_is_bad ? 4'd4 : 4'd0;
  wire [3:0] verdict_choice_2 = word_17_is_bad ? 4'd3 :
        word_4_is_bad ? 4'd4 :
        word_6_is_bad ? 4'd4 :
        word_8_is_bad ? 4'd4 : verdict_choice;
  wire [3:0] verdict = word_0_is_bad ? 4'd1 :
        word_1_is_bad ? 4'd1 :
        word_3_is_bad ? 4'd2 :
        word_16_is_bad ? 4'd3 : verdict_choice_2;
  wire [7:0] bad_word_choice = word_10_is_bad ? 8'd10 :
        word_12_is_bad ? 8'd12 :
        word_14_is_bad ? 8'd14 :
        word_15_is_bad ? 8'd15 : 8'd0;
  wire [7:0] bad_word_choice_2 = word_17_is_bad ? 8'd17 :
        word_4_is_bad ? 8'd4 :
        word_6_is_bad ? 8'd6 :
        word_8_is_bad ? 8'd8 : bad_word_choice;
  wire [7:0] bad_word = word_0_is_bad ? 8'd0 :
        word_1_is_bad ? 8'd1 :
        word_3_is_bad ? 8'd3 :
        word_16_is_bad ? 8'd16 : bad_word_choice_2;

  // What stops a job.
  assign setup = is_fetch || is_check || is_load;
  wire working = setup || is_run;
  wire refuse = is_check && (verdict != 4'd0);
  wire fails_term = read_error || write_error || abort || soft_reset || expired || refuse;
  wire fails = working && fails_term;
  wire forget = begin_now || soft_reset;
  wire fails_by_read = fails && read_error;
  wire fails_by_write = fails && write_error;
  wire fails_by_abort = fails && abort;
  wire fails_by_timeout = fails && expired;

  always @(posedge clk)
    if (rst) begin
      error <= 4'd0;
      error_detail <= 8'd0;
    end else if (forget) begin
      error <= 4'd0;
      error_detail <= 8'd0;
    end else if (fails_by_read) begin
      error <= 4'd5;
      error_detail <= {2'd0, {read_response, {2'd0, read_client}}};
    end else if (fails_by_write) begin
      error <= 4'd6;
      error_detail <= {2'd0, {write_response, 4'd0}};
    end else if (fails_by_abort) begin
      error <= 4'd7;
      error_detail <= 8'd0;
    end else if (fails_by_timeout) begin
      error <= 4'd8;
      error_detail <= {6'd0, {writes_waiting, reads_waiting}};
    end else if (fails) begin
      error <= verdict;
      error_detail <= bad_word;
    end

  // Start addresses of the levels: each level has ceil(height / 2) * ceil(width / 2) blocks of all heads. One level
  // a cycle, while parameters are loaded.
  reg [1:0] level;
  wire accepted = is_check && !fails;
  reg [39:0] place;
  assign levels_height_1 = full_height_1[4:0];
  wire [5:0] blocks_sum = {1'b0, levels_height_1} + 6'd1;
  assign levels_height_0 = full_height_0[4:0];
  wire [5:0] blocks_sum_2 = {1'b0, levels_height_0} + 6'd1;
  wire [4:0] blocks_choice = level[0] ? blocks_sum[5:1] : blocks_sum_2[5:1];
  assign levels_width_1 = full_width_1[4:0];
  wire [5:0] blocks_sum_3 = {1'b0, levels_width_1} + 6'd1;
  assign levels_width_0 = full_width_0[4:0];
  wire [5:0] blocks_sum_4 = {1'b0, levels_width_0} + 6'd1;
  wire [4:0] blocks_choice_2 = level[0] ? blocks_sum_3[5:1] : blocks_sum_4[5:1];
  wire [9:0] blocks = blocks_choice * blocks_choice_2;
  wire [14:0] level_bytes = blocks * 5'd16;
  wire placing = is_load && (level != 2'd2);

  always @(posedge clk)
    if (rst) level <= 2'd0;
    else if (accepted) level <= 2'd0;
    else if (placing) level <= level + 2'd1;

  always @(posedge clk)
    if (accepted) place <= value_pointer[39:0];
    else if (placing) place <= place + {25'd0, level_bytes};

  always @(posedge clk)
    if (placing && (level == 2'd0)) start_0 <= place;

  always @(posedge clk)
    if (placing && (level == 2'd1)) start_1 <= place;

  // Parameters, and dropping the cached lines.
  reg asked;
  assign request_valid = beat_ready_term && !asked;
  assign request_address = is_fetch ? descriptor[39:0] : parameter_pointer[39:0];
  assign request_beats = is_fetch ? 7'd16 : 7'd88;
  wire request_taken = request_valid && request_ready;

  always @(posedge clk)
    if (rst) asked <= 1'b0;
    else if (begin_now || accepted) asked <= 1'b0;
    else if (request_taken) asked <= 1'b1;

  assign parameter_valid = is_load && beat_valid;
  reg all_loaded;

  always @(posedge clk)
    if (rst) all_loaded <= 1'b0;
    else if (accepted) all_loaded <= 1'b0;
    else if (parameters_loaded) all_loaded <= 1'b1;

  wire go = is_load && all_loaded && !tags_clearing && !placing;

  // Run until the last response of the last row.
  reg started;

  always @(posedge clk)
    if (rst) started <= 1'b0;
    else started <= is_run;

  wire end_of_job = is_run && started && written && !fails;
  wire cleared = is_stop && quiet;

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if (fails) state <= STATE_STOP;
    else if (begin_now) state <= STATE_FETCH;
    else if (last_beat) state <= STATE_CHECK;
    else if (is_check) state <= STATE_LOAD;
    else if (go) state <= STATE_RUN;
    else if (end_of_job || is_clear) state <= STATE_IDLE;
    else if (cleared) state <= STATE_CLEAR;

  assign halt = is_stop || is_clear;

  always @(posedge clk)
    if (rst) job_reset <= 1'b1;
    else job_reset <= cleared;

  // Report: at the end, or, stopped, when the port is quiet or has timed out. A soft reset is not reported.
  reg silent;
  wire closed = done || silent;
  wire late = (error == 4'd8) || expired;
  wire report_term = is_stop && !closed;
  wire report = end_of_job || (report_term && !soft_reset && (quiet || late));

  always @(posedge clk)
    if (rst) silent <= 1'b0;
    else if (soft_reset && !is_idle) silent <= 1'b1;
    else if (is_idle) silent <= 1'b0;

  always @(posedge clk)
    if (rst) done <= 1'b0;
    else if (forget) done <= 1'b0;
    else if (report) done <= 1'b1;

  assign event_failed = report && !end_of_job;
  assign busy = working || report_term;
  assign quarantined = is_stop && closed;
  assign failed = done && (error != 4'd0);
  assign queries = query_count[6:0];
  assign query_address = query_pointer[39:0];
  assign reference_address = reference_pointer[39:0];
  assign output_address = output_pointer[39:0];
  assign boxes = flags[0];

  assign parameter_beat = beat;
  assign load = accepted;
  assign run = go;
  assign event_done = end_of_job;
  assign job_ended = report;
  assign begin_job = begin_now;
  wire [23:0] unused_part = descriptor[63:40];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, unused_part, blocks_sum_4[0], blocks_sum_2[0], blocks_sum_3[0], blocks_sum[0]};

endmodule
`default_nettype wire
