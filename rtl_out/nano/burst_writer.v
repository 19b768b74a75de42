// burst_writer
//
// Writes runs of beats in bursts of at most 16 beats that never cross 4 KiB. An address is sent only when all data
// of its burst are held, while those of the burst before are sent. done: as many runs as were announced at start
// have been answered.
//
//   buffer_beats = 32
`default_nettype none

module burst_writer (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        halt,
  input  wire [9:0]  runs,
  input  wire        request_valid,
  output wire        request_ready,
  input  wire [39:0] request_address,
  input  wire [1:0]  request_beats,
  input  wire        beat_valid,
  output wire        beat_ready,
  input  wire [63:0] beat,
  input  wire        awready,
  input  wire        wready,
  output wire        awvalid,
  output wire [39:0] awaddr,
  output wire [7:0]  awlen,
  output wire        wvalid,
  output wire [63:0] wdata,
  output wire        wlast,
  output wire        beat_sent,
  input  wire        bvalid,
  input  wire [2:0]  bid,
  input  wire [1:0]  bresp,
  output wire        done,
  output wire        waiting,
  output wire        progress,
  output wire        error
);

  wire arrives = beat_valid && beat_ready;
  wire beats_out_valid;
  wire beats_out_ready;

  sram_fifo #(.WIDTH(64), .DEPTH(32)) u_beats (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (beat_valid),
    .in_ready  (beat_ready),
    .in_data   (beat),
    .out_valid (beats_out_valid),
    .out_ready (beats_out_ready),
    .out_data  (wdata)
  );

  // Addresses: run after run, burst after burst. Size it, wait for its data, send its address. The next run is asked
  // for meanwhile.
  wire next_run_out_valid;
  wire [41:0] next_run_out_data;
  wire next_run_out_ready;

  fifo #(.WIDTH(42), .DEPTH(1)) u_next_run (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (request_valid),
    .in_ready  (request_ready),
    .in_data   ({request_beats, request_address}),
    .out_valid (next_run_out_valid),
    .out_ready (next_run_out_ready),
    .out_data  (next_run_out_data)
  );

  reg [9:0] left_runs;
  reg [39:0] address;
  reg [1:0] remaining;
  reg [4:0] burst_beats;
  reg [5:0] held;

  localparam [1:0] STATE_SIZE = 2'd0;
  localparam [1:0] STATE_WAIT = 2'd1;
  localparam [1:0] STATE_ADDRESS = 2'd2;
  reg [1:0] state;
  wire room;
  wire is_idle_equal = state == STATE_SIZE;
  wire is_idle_equal_2 = remaining == 2'd0;
  wire is_idle = is_idle_equal && is_idle_equal_2;
  assign next_run_out_ready = is_idle;
  wire sized = is_idle_equal && !is_idle_equal_2;
  wire data_held = (state == STATE_WAIT) && (held >= {1'b0, burst_beats}) && room && !halt;
  assign awvalid = state == STATE_ADDRESS;
  wire address_sent = awvalid && awready;
  wire run_end = address_sent && ({3'd0, remaining} == burst_beats);

  always @(posedge clk)
    if (rst) state <= STATE_SIZE;
    else if (sized) state <= STATE_WAIT;
    else if (data_held) state <= STATE_ADDRESS;
    else if (address_sent) state <= STATE_SIZE;

  wire [8:0] most_part = address[11:3];
  wire [9:0] most_difference = 10'd512 - {1'b0, most_part};
  wire [9:0] most = (most_difference < 10'd16) ? most_difference : 10'd16;

  always @(posedge clk)
    if (sized) burst_beats <= ({8'd0, remaining} < most) ? {3'd0, remaining} : most[4:0];

  always @(posedge clk)
    if (rst) left_runs <= 10'd0;
    else if (start) left_runs <= runs;
    else if (run_end) left_runs <= left_runs - 10'd1;

  wire address_term = next_run_out_valid && next_run_out_ready;

  always @(posedge clk)
    if (address_term) address <= next_run_out_data[39:0];
    else if (address_sent) address <= address + {32'd0, burst_beats, 3'd0};

  always @(posedge clk)
    if (rst) remaining <= 2'd0;
    else if (address_term) remaining <= next_run_out_data[41:40];
    else if (address_sent) remaining <= remaining - burst_beats[1:0];

  wire [4:0] held_choice = data_held ? burst_beats : 5'd0;
  wire [5:0] held_difference = held - {1'b0, held_choice};

  always @(posedge clk)
    if (rst) held <= 6'd0;
    else held <= held_difference + {5'd0, arrives};

  wire [4:0] awlen_difference = burst_beats - 5'd1;
  assign awlen = {3'd0, awlen_difference};

  // Data of the bursts whose addresses have been sent.
  wire bursts_out_valid;
  wire [4:0] bursts_out_data;
  wire bursts_out_ready;

  fifo #(.WIDTH(5), .DEPTH(2)) u_bursts (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (address_sent),
    .in_ready  (room),
    .in_data   (burst_beats),
    .out_valid (bursts_out_valid),
    .out_ready (bursts_out_ready),
    .out_data  (bursts_out_data)
  );

  reg [3:0] beats_sent;
  wire sent = bursts_out_valid && wready;
  wire [4:0] wlast_sum = {1'b0, beats_sent} + 5'd1;
  assign wlast = wlast_sum == bursts_out_data;
  wire burst_end = sent && wlast;

  always @(posedge clk)
    if (rst) beats_sent <= 4'd0;
    else if (burst_end) beats_sent <= 4'd0;
    else if (sent) beats_sent <= beats_sent + 4'd1;

  assign bursts_out_ready = burst_end;
  assign beats_out_ready = sent;

  // Responses still to come, to bursts whose data are sent; the runs are written when there are none. A response
  // that nobody waits for is dropped.
  reg [9:0] open;
  wire none_open = open == 10'd0;
  wire answered = bvalid && (bid == 3'd0) && !none_open;

  always @(posedge clk)
    if (rst) open <= 10'd0;
    else if (burst_end && !answered) open <= open + 10'd1;
    else if (answered && !burst_end) open <= open - 10'd1;

  assign done = (left_runs == 10'd0) && !bursts_out_valid && none_open;
  assign waiting = awvalid || bursts_out_valid || !none_open;
  assign progress = address_sent || sent || answered;
  assign error = answered && bresp[1];

  assign awaddr = address;
  assign wvalid = bursts_out_valid;
  assign beat_sent = sent;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, beats_out_valid, bresp[0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  always @(posedge clk) begin : checks
    if (rst) begin
    end else begin
`ifdef FORMAL
      assert (!bursts_out_valid || beats_out_valid);
      assert (!address_sent || room);
`else
      if (bursts_out_valid && !beats_out_valid) $fatal(1, "%m: a beat that is sent is there");
      if (address_sent && !room) $fatal(1, "%m: a burst whose address is sent has room");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
