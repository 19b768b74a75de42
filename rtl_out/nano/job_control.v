// job_control
//
// Sequence of a job: fetch and check the descriptor, load the parameters, run until all rows are written, report.
`default_nettype none

module job_control (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [63:0] descriptor,
  input  wire        beat_valid,
  output wire        beat_ready,
  input  wire [63:0] beat,
  output reg  [39:0] start_0,
  output reg  [39:0] start_1,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [6:0]  request_beats,
  output wire        parameter_valid,
  output wire [63:0] parameter_beat,
  input  wire        parameters_loaded,
  input  wire        tags_clearing,
  output wire        load,
  output wire        run,
  input  wire        written,
  input  wire        read_error,
  input  wire        write_error,
  output wire        busy,
  output wire        setup,
  output wire        begin_job,
  output reg         done,
  output reg  [3:0]  error,
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
  reg [2:0] state;
  wire is_idle = state == STATE_IDLE;
  wire is_fetch = state == STATE_FETCH;
  wire is_check = state == STATE_CHECK;
  wire is_load = state == STATE_LOAD;
  wire is_run = state == STATE_RUN;
  wire begin_now = is_idle && start;

  // Descriptor words, kept as they come.
  reg [3:0] beat_index;
  wire beat_ready_term = is_fetch || is_load;
  assign beat_ready = beat_ready_term;
  wire take = is_fetch && beat_valid;
  wire last_beat = take && (beat_index == 4'd15);

  always @(posedge clk)
    if (rst) beat_index <= 4'd0;
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

  // Check.
  wire bad_shape_term = (full_width_0 == 16'd0) || (full_width_0 > 16'h10) || (full_height_0 == 16'd0) ||
      (full_height_0 > 16'h10);
  wire bad_shape = bad_shape_term || (full_width_1 == 16'd0) || (full_width_1 > 16'h10) || (full_height_1 == 16'd0) ||
      (full_height_1 > 16'h10);
  wire bad_address_term = (query_pointer[5:0] != 6'd0) || (query_pointer[63:40] != 24'd0) ||
      (reference_pointer[5:0] != 6'd0);
  wire bad_address_term_2 = bad_address_term || (reference_pointer[63:40] != 24'd0) || (value_pointer[5:0] != 6'd0) ||
      (value_pointer[63:40] != 24'd0);
  wire bad_address_term_3 = bad_address_term_2 || (parameter_pointer[5:0] != 6'd0) ||
      (parameter_pointer[63:40] != 24'd0) || (output_pointer[5:0] != 6'd0);
  wire bad_address_term_4 = bad_address_term_3 || (output_pointer[63:40] != 24'd0) || (query_stride[2:0] != 3'd0) ||
      (query_stride < 32'd8);
  wire bad_address = bad_address_term_4 || (output_stride[2:0] != 3'd0) || (output_stride < 32'd8);
  wire bad_kind = (kind != 32'h10001) || (flags[31:1] != 31'd0);
  wire bad_count = (query_count == 32'd0) || (query_count > 32'h40);
  wire [3:0] verdict = bad_kind ? 4'd1 :
        bad_count ? 4'd2 :
        bad_shape ? 4'd3 :
        bad_address ? 4'd4 : 4'd0;

  // Start addresses of the levels: each level has ceil(height / 2) * ceil(width / 2) blocks of all heads. One level
  // a cycle, while parameters are loaded.
  reg [1:0] level;
  wire accepted_equal = error == 4'd0;
  wire accepted = is_check && (verdict == 4'd0) && accepted_equal;
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

  always @(posedge clk)
    if (rst) asked <= 1'b0;
    else if (begin_now || accepted) asked <= 1'b0;
    else if (request_valid && request_ready) asked <= 1'b1;

  assign request_address = is_fetch ? descriptor[39:0] : parameter_pointer[39:0];
  assign request_beats = is_fetch ? 7'd16 : 7'd88;
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

  wire end_of_job = is_run && started && written;

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if (begin_now) state <= STATE_FETCH;
    else if (last_beat) state <= STATE_CHECK;
    else if (accepted) state <= STATE_LOAD;
    else if (is_check) state <= STATE_IDLE;
    else if (go) state <= STATE_RUN;
    else if (end_of_job) state <= STATE_IDLE;

  // Report.
  always @(posedge clk)
    if (rst) done <= 1'b0;
    else if (begin_now) done <= 1'b0;
    else if (end_of_job || (is_check && !accepted)) done <= 1'b1;

  always @(posedge clk)
    if (rst) error <= 4'd0;
    else if (begin_now) error <= 4'd0;
    else if (read_error && accepted_equal) error <= 4'd5;
    else if (write_error && accepted_equal) error <= 4'd6;
    else if (is_check && accepted_equal) error <= verdict;

  assign busy = !is_idle;
  assign setup = is_fetch || is_check || is_load;
  assign queries = query_count[6:0];
  assign query_address = query_pointer[39:0];
  assign reference_address = reference_pointer[39:0];
  assign output_address = output_pointer[39:0];
  assign boxes = flags[0];

  assign parameter_beat = beat;
  assign load = accepted;
  assign run = go;
  assign begin_job = begin_now;
  wire [23:0] unused_part = descriptor[63:40];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, unused_part, blocks_sum_4[0], blocks_sum_2[0], blocks_sum_3[0], blocks_sum[0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_request_held;
  reg [46:0] check_request_last;
  always @(posedge clk) begin : checks
    check_request_held <= !rst && request_valid && !request_ready;
    check_request_last <= {request_address, request_beats};
`ifdef FORMAL
    if (!rst) assert (!check_request_held || (request_valid && {request_address,
        request_beats} == check_request_last));
`else
    if (!rst && !(!check_request_held || (request_valid && {request_address,
        request_beats} == check_request_last))) $fatal(1, "%m: stream request changed while it was waiting");
`endif
  end
`endif

endmodule
`default_nettype wire
