// output_writer
//
// Collects the outputs of a query into a row and writes it in bursts of at most 16 beats that never cross 4 KiB.
// An address is sent only when all data of its burst are held.
//
//   row_beats = 1
//   buffer_beats = 2
`default_nettype none

module output_writer (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire        halt,
  input  wire [6:0]  queries,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire        output_valid,
  output wire        output_ready,
  input  wire [15:0] output_values,
  input  wire        output_last,
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
  input  wire [1:0]  bresp,
  output wire        done,
  output wire        waiting,
  output wire        progress,
  output wire        error
);

  // Values as whole bytes, sign-extended; groups become beats.
  wire collect_out_valid;
  wire [63:0] collect_out;
  wire collect_out_ready;

  row_resize_16x2_to_64x1 u_collect (
    .clk       (clk),
    .rst       (rst),
    .restart   (start),
    .in_valid  (output_valid),
    .in_ready  (output_ready),
    .in        (output_values),
    .out_valid (collect_out_valid),
    .out_ready (collect_out_ready),
    .out       (collect_out)
  );

  wire arrives = collect_out_valid && collect_out_ready;
  wire beats_out_valid;
  wire beats_out_ready;

  fifo_64x2 u_beats (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (collect_out_valid),
    .in_ready  (collect_out_ready),
    .in        (collect_out),
    .out_valid (beats_out_valid),
    .out_ready (beats_out_ready),
    .out       (wdata)
  );

  // Row after row, burst after burst: size it, wait for its data, send the address, send the data.
  reg [6:0] rows;
  reg [39:0] row_address;
  reg [39:0] address_now;
  reg remaining;
  reg [4:0] burst_beats;
  reg [1:0] held;

  localparam [1:0] STATE_SIZE = 2'd0;
  localparam [1:0] STATE_WAIT = 2'd1;
  localparam [1:0] STATE_ADDRESS = 2'd2;
  localparam [1:0] STATE_DATA = 2'd3;
  reg [1:0] state;
  reg [4:0] left;
  wire writing_equal = rows == 7'd0;
  wire writing = !writing_equal;
  wire sized = (state == STATE_SIZE) && writing;
  wire data_held = (state == STATE_WAIT) && ({3'd0, held} >= burst_beats) && !halt;
  assign awvalid = state == STATE_ADDRESS;
  wire address_sent = awvalid && awready;
  assign wvalid = state == STATE_DATA;
  wire sent = wvalid && wready;
  assign wlast = left == 5'd1;
  wire burst_end = sent && wlast;
  wire row_end = burst_end && ({4'd0, remaining} == burst_beats);

  always @(posedge clk)
    if (rst) state <= STATE_SIZE;
    else if (start) state <= STATE_SIZE;
    else if (sized) state <= STATE_WAIT;
    else if (data_held) state <= STATE_ADDRESS;
    else if (address_sent) state <= STATE_DATA;
    else if (burst_end) state <= STATE_SIZE;

  wire [8:0] most_part = address_now[11:3];
  wire [9:0] most_difference = 10'd512 - {1'b0, most_part};
  wire [9:0] most = (most_difference < 10'd16) ? most_difference : 10'd16;

  always @(posedge clk)
    if (sized) burst_beats <= ({9'd0, remaining} < most) ? {4'd0, remaining} : most[4:0];

  always @(posedge clk)
    if (address_sent) left <= burst_beats;
    else if (sent) left <= left - 5'd1;

  always @(posedge clk)
    if (rst) rows <= 7'd0;
    else if (start) rows <= queries;
    else if (row_end) rows <= rows - 7'd1;

  wire [39:0] next_row = row_address + {8'd0, stride};

  always @(posedge clk)
    if (start) row_address <= address;
    else if (row_end) row_address <= next_row;

  always @(posedge clk)
    if (start) address_now <= address;
    else if (row_end) address_now <= next_row;
    else if (burst_end) address_now <= address_now + {32'd0, {burst_beats, 3'd0}};

  always @(posedge clk)
    if (start || row_end) remaining <= 1'b1;
    else if (burst_end) remaining <= remaining - burst_beats[0];

  always @(posedge clk)
    if (rst) held <= 2'd0;
    else if (arrives && !sent) held <= held + 2'd1;
    else if (sent && !arrives) held <= held - 2'd1;

  assign beats_out_ready = sent;
  wire [4:0] awlen_difference = burst_beats - 5'd1;
  assign awlen = {3'd0, awlen_difference};

  // Responses still to come; the job is written when there are none.
  reg [14:0] open;

  always @(posedge clk)
    if (rst) open <= 15'd0;
    else if (address_sent && !bvalid) open <= open + 15'd1;
    else if (bvalid && !address_sent) open <= open - 15'd1;

  wire done_equal = open == 15'd0;
  assign done = writing_equal && done_equal;
  assign waiting = awvalid || wvalid || !done_equal;
  assign progress = address_sent || sent || bvalid;
  assign error = bvalid && bresp[1];

  assign awaddr = address_now;
  assign beat_sent = sent;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, output_last, beats_out_valid, bresp[0]};

endmodule
`default_nettype wire
