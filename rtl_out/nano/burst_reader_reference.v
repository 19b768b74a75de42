// burst_reader_reference
//
// Reads runs of beats as AXI bursts of at most 16 beats that never cross 4 KiB. A burst is asked for only when the
// buffer has room for all of it.
//
//   buffer_beats = 64
`default_nettype none

module burst_reader_reference (
  input  wire        clk,
  input  wire        rst,
  input  wire        request_valid,
  output wire        request_ready,
  input  wire [39:0] request_address,
  input  wire [2:0]  request_beats,
  input  wire [63:0] data,
  input  wire        data_valid,
  output wire        burst_valid,
  input  wire        burst_ready,
  output wire [39:0] burst_address,
  output wire [7:0]  burst_length,
  output wire        beat_valid,
  input  wire        beat_ready,
  output wire [63:0] beat
);

  // The run in work.
  reg [39:0] address;
  reg [2:0] remaining;
  reg [4:0] burst_beats;
  reg sized;
  wire idle = remaining == 3'd0;
  assign request_ready = idle;

  // Size the next burst, then ask for it when there is room.
  reg [6:0] reserved;
  wire [7:0] room_sum = {1'b0, reserved} + {3'd0, burst_beats};
  wire room = room_sum <= 8'd64;
  assign burst_valid = sized && room;
  wire go = burst_valid && burst_ready;
  wire [8:0] most_part = address[11:3];
  wire [9:0] most_difference = 10'd512 - {1'b0, most_part};
  wire [9:0] most = (most_difference < 10'd16) ? most_difference : 10'd16;

  always @(posedge clk)
    if (!sized) burst_beats <= ({7'd0, remaining} < most) ? {2'd0, remaining} : most[4:0];

  always @(posedge clk)
    if (rst) sized <= 1'b0;
    else if (go) sized <= 1'b0;
    else if (!idle) sized <= 1'b1;

  wire address_term = request_valid && request_ready;

  always @(posedge clk)
    if (address_term) address <= request_address;
    else if (go) address <= address + {32'd0, {burst_beats, 3'd0}};

  always @(posedge clk)
    if (rst) remaining <= 3'd0;
    else if (address_term) remaining <= request_beats;
    else if (go) remaining <= remaining - burst_beats[2:0];

  wire [4:0] burst_length_difference = burst_beats - 5'd1;
  assign burst_length = {3'd0, burst_length_difference};

  // Beats that have come.
  wire arrived_ready;
  wire beats_out_valid;

  sram_fifo_64x64 u_beats (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (data_valid),
    .in_ready  (arrived_ready),
    .in        (data),
    .out_valid (beats_out_valid),
    .out_ready (beat_ready),
    .out       (beat)
  );

  wire taken = beats_out_valid && beat_ready;
  wire [4:0] added = go ? burst_beats : 5'd0;
  wire [6:0] reserved_sum = reserved + {2'd0, added};

  always @(posedge clk)
    if (rst) reserved <= 7'd0;
    else reserved <= reserved_sum - {6'd0, taken};

  assign burst_address = address;
  assign beat_valid = beats_out_valid;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, arrived_ready, arrived_ready};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_burst_held;
  reg [47:0] check_burst_last;
  reg check_beat_held;
  reg [63:0] check_beat_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_burst_held <= 1'b0;
      check_burst_last <= {48{1'b0}};
      check_beat_held <= 1'b0;
      check_beat_last <= {64{1'b0}};
    end else begin
      check_burst_held <= burst_valid && !burst_ready;
      check_burst_last <= {address, burst_length};
      check_beat_held <= beats_out_valid && !beat_ready;
      check_beat_last <= beat;
`ifdef FORMAL
      assert (!check_burst_held || (burst_valid && {address, burst_length} == check_burst_last));
      assert (!check_beat_held || (beats_out_valid && beat == check_beat_last));
      assert (!data_valid || arrived_ready);
`else
      if (!(!check_burst_held || (burst_valid && {address, burst_length} == check_burst_last))) $fatal(1,
          "%m: stream burst changed while it was waiting");
      if (!(!check_beat_held || (beats_out_valid && beat == check_beat_last))) $fatal(1,
          "%m: stream beat changed while it was waiting");
      if (!(!data_valid || arrived_ready)) $fatal(1, "%m: a beat that comes has its place");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
