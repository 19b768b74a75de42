// job_control
//
// Sequence of a job: fetch and check the descriptor, load parameters, project (the value map, or a panel of a
// dense job), attend (from queries to outputs), report. An error, an abort or a time-out stops the job; when the
// memory port is quiet, what worked on it is reset.
`default_nettype none

module job_control (
  input  wire        clk,
  input  wire        rst,
  input  wire        job_valid,
  output wire        job_ready,
  input  wire [63:0] job,
  input  wire        soft_reset,
  input  wire        failure_pending,
  input  wire        descriptor_ready,
  input  wire [3:0]  verdict,
  input  wire [7:0]  bad_word,
  output wire        descriptor_wanted,
  output wire [39:0] descriptor_address,
  output wire        in_turn,
  input  wire        read_error,
  input  wire        write_error,
  input  wire [2:0]  read_client,
  input  wire [1:0]  read_response,
  input  wire [1:0]  write_response,
  input  wire        reads_waiting,
  input  wire        writes_waiting,
  input  wire        abort,
  input  wire        expired,
  input  wire        bad_entry,
  input  wire        quiet,
  input  wire        dense,
  input  wire        map_given,
  input  wire        panel_loaded,
  input  wire        panels_left,
  input  wire        mask_wanted,
  input  wire        rest_wanted,
  input  wire        tags_clearing,
  input  wire        written,
  output wire        taken,
  output reg         accepted,
  output wire        run_begins,
  output reg         start,
  output wire        in_project,
  output reg         attending,
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
  output reg  [7:0]  error_detail
);

  localparam [2:0] STATE_IDLE = 3'd0;
  localparam [2:0] STATE_FETCH = 3'd1;
  localparam [2:0] STATE_LOAD = 3'd2;
  localparam [2:0] STATE_PROJECT = 3'd3;
  localparam [2:0] STATE_ATTEND = 3'd4;
  localparam [2:0] STATE_STOP = 3'd5;
  localparam [2:0] STATE_CLEAR = 3'd6;
  reg [2:0] state;
  wire is_idle = state == STATE_IDLE;
  wire is_fetch = state == STATE_FETCH;
  wire is_load = state == STATE_LOAD;
  wire is_project = state == STATE_PROJECT;
  wire is_attend = state == STATE_ATTEND;
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

  // Descriptor: it is read when its job begins, and may be there before; in its turn it is judged.
  wire take = is_fetch && descriptor_ready;
  reg [63:0] descriptor;

  always @(posedge clk)
    if (begin_now) descriptor <= job;

  assign descriptor_wanted = begin_now || is_fetch;
  assign descriptor_address = descriptor[39:0];

  // What stops a job.
  assign setup = is_fetch || is_load;
  wire working = setup || is_project || is_attend;
  wire refuse = take && (verdict != 4'd0);
  wire fails_term = read_error || write_error || abort || soft_reset || expired || bad_entry;
  wire fails = working && (fails_term || refuse);
  wire forget = begin_now || soft_reset;
  wire fails_by_read = fails && read_error;
  wire fails_by_write = fails && write_error;
  wire fails_by_abort = fails && abort;
  wire fails_by_list = fails && bad_entry;
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
      error_detail <= {2'd0, read_response, 1'b0, read_client};
    end else if (fails_by_write) begin
      error <= 4'd6;
      error_detail <= {2'd0, write_response, 4'd0};
    end else if (fails_by_abort) begin
      error <= 4'd7;
      error_detail <= 8'd0;
    end else if (fails_by_list) begin
      error <= 4'd11;
      error_detail <= 8'd0;
    end else if (fails_by_timeout) begin
      error <= 4'd8;
      error_detail <= {6'd0, writes_waiting, reads_waiting};
    end else if (fails) begin
      error <= verdict;
      error_detail <= bad_word;
    end

  // A run of the PE array begins a cycle after its state; it ends with the last response of memory.
  wire run_written = written && !start;
  wire panel_ready = panel_loaded && !mask_wanted;
  wire rest_ready = !rest_wanted && !tags_clearing;

  // The sequence.
  wire from_idle_to_fetch = is_idle && begin_now;
  wire from_fetch_to_load = take;
  wire from_load_to_project = is_load && !map_given && panel_ready;
  wire from_load_to_attend = is_load && map_given && rest_ready;
  wire from_project_to_project_term = run_written && dense;
  wire from_project_to_project = is_project && from_project_to_project_term && panel_loaded;
  wire from_project_to_idle = is_project && from_project_to_project_term && !panels_left;
  wire from_project_to_attend = is_project && run_written && !dense && rest_ready;
  wire from_attend_to_idle = is_attend && run_written;
  wire from_stop_to_clear = is_stop && quiet;
  wire from_clear_to_idle = is_clear;

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if (fails) state <= STATE_STOP;
    else if (from_idle_to_fetch) state <= STATE_FETCH;
    else if (from_fetch_to_load) state <= STATE_LOAD;
    else if (from_load_to_project) state <= STATE_PROJECT;
    else if (from_load_to_attend) state <= STATE_ATTEND;
    else if (from_project_to_project) state <= STATE_PROJECT;
    else if (from_project_to_idle) state <= STATE_IDLE;
    else if (from_project_to_attend) state <= STATE_ATTEND;
    else if (from_attend_to_idle) state <= STATE_IDLE;
    else if (from_stop_to_clear) state <= STATE_CLEAR;
    else if (from_clear_to_idle) state <= STATE_IDLE;

  wire end_of_job = (from_project_to_idle || from_attend_to_idle) && !fails;
  wire start_term = from_load_to_project || from_project_to_project;
  wire start_term_2 = from_load_to_attend || from_project_to_attend;

  always @(posedge clk)
    if (rst) start <= 1'b0;
    else start <= (start_term || start_term_2) && !fails;

  assign taken = take && !fails;

  always @(posedge clk)
    if (rst) accepted <= 1'b0;
    else accepted <= taken;

  assign run_begins = start_term && !fails;

  always @(posedge clk)
    if (rst) attending <= 1'b0;
    else if (start_term_2) attending <= 1'b1;
    else if (start_term || from_idle_to_fetch) attending <= 1'b0;

  wire cleared = from_stop_to_clear;
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

  assign in_turn = is_fetch;
  assign in_project = is_project;
  assign event_done = end_of_job;
  assign job_ended = report;
  assign begin_job = from_idle_to_fetch;
  wire [23:0] unused_part = descriptor[63:40];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, unused_part};

endmodule
`default_nettype wire
