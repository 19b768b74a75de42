// burst_reader
//
// Reads runs of beats as AXI bursts of at most 16 beats that never cross 4 KiB. A burst is asked for only when the
// buffer has room for all of it, so that what the memory answers is always taken.
//
//   ADDRESS_BITS = of the memory
//   DATA_BITS    = of a beat, a power of two from 64 to 512
//   BEAT_BITS    = to count the beats of a run
//   DEPTH        = beats the buffer holds, a power of two, 32 or more
`default_nettype none

module burst_reader #(
  parameter integer ADDRESS_BITS = 40,
  parameter integer DATA_BITS    = 64,
  parameter integer BEAT_BITS    = 16,
  parameter integer DEPTH        = 64
) (
  input  wire                    clk,
  input  wire                    rst,
  input  wire                    request_valid,
  output wire                    request_ready,
  input  wire [ADDRESS_BITS-1:0] request_address,
  input  wire [BEAT_BITS-1:0]    request_beats,
  input  wire [DATA_BITS-1:0]    data,
  input  wire                    data_valid,
  output wire                    burst_valid,
  input  wire                    burst_ready,
  output wire [ADDRESS_BITS-1:0] burst_address,
  output wire [7:0]              burst_length,
  output wire                    beat_valid,
  input  wire                    beat_ready,
  output wire [DATA_BITS-1:0]    beat
);

  localparam integer BEAT_SHIFT = $clog2(DATA_BITS / 8);
  localparam integer PAGE_BITS = 12 - BEAT_SHIFT;  // of the number of a beat within 4 KiB
  localparam integer COUNT_BITS = $clog2(DEPTH) + 1;

  // The run in work, and the next burst of it.
  reg [ADDRESS_BITS-1:0] address;
  reg [BEAT_BITS-1:0] remaining;
  reg [4:0] burst_beats;
  reg sized;  // burst_beats belongs to address and remaining

  wire idle = remaining == 0;
  assign request_ready = idle;
  wire accept = request_valid && request_ready;
  wire go = burst_valid && burst_ready;

  // Its size: to the end of the run or of the 4 KiB, and 16 beats at most.
  wire [PAGE_BITS:0] to_page = {1'b1, {PAGE_BITS{1'b0}}} - {1'b0, address[11:BEAT_SHIFT]};
  wire [4:0] most = (to_page < 16) ? to_page[4:0] : 5'd16;
  wire [BEAT_BITS+4:0] left = {5'd0, remaining};
  wire [BEAT_BITS+4:0] left_after = left - {{BEAT_BITS{1'b0}}, burst_beats};

  always @(posedge clk)
    if (!sized) burst_beats <= (left < {{BEAT_BITS{1'b0}}, most}) ? left[4:0] : most;

  always @(posedge clk)
    if (rst) sized <= 1'b0;
    else if (go) sized <= 1'b0;
    else if (!idle) sized <= 1'b1;

  always @(posedge clk)
    if (accept) address <= request_address;
    else if (go) address <= address + {{(ADDRESS_BITS - 5 - BEAT_SHIFT){1'b0}}, burst_beats, {BEAT_SHIFT{1'b0}}};

  always @(posedge clk)
    if (rst) remaining <= 0;
    else if (accept) remaining <= request_beats;
    else if (go) remaining <= left_after[BEAT_BITS-1:0];

  // A place in the buffer is reserved from the request of its beat until the beat is taken.
  reg [COUNT_BITS-1:0] reserved;
  wire [COUNT_BITS:0] wanted = {1'b0, reserved} + {{(COUNT_BITS - 4){1'b0}}, burst_beats};
  wire room = wanted <= DEPTH[COUNT_BITS:0];
  wire taken = beat_valid && beat_ready;
  wire [4:0] added = go ? burst_beats : 5'd0;

  always @(posedge clk)
    if (rst) reserved <= 0;
    else reserved <= reserved + {{(COUNT_BITS - 5){1'b0}}, added} - {{(COUNT_BITS - 1){1'b0}}, taken};

  wire [4:0] last_beat = burst_beats - 5'd1;
  assign burst_valid = sized && room;
  assign burst_address = address;
  assign burst_length = {3'd0, last_beat};

  wire data_ready;

  sram_fifo #(.WIDTH(DATA_BITS), .DEPTH(DEPTH)) u_beats (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (data_valid),
    .in_ready  (data_ready),
    .in_data   (data),
    .out_valid (beat_valid),
    .out_ready (beat_ready),
    .out_data  (beat)
  );

  // There always is room, as the check says; a burst is never longer than its run.
  wire _unused = &{1'b0, data_ready, left_after[BEAT_BITS+4:BEAT_BITS]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(ADDRESS_BITS + 8)) check_burst (
    .clk(clk), .rst(rst), .valid(burst_valid), .ready(burst_ready), .payload({burst_address, burst_length})
  );

  always @(posedge clk) begin : checks
    if (rst) begin
    end else begin
`ifdef FORMAL
      assert (!data_valid || data_ready);
`else
      if (data_valid && !data_ready) $fatal(1, "%m: a beat is lost: it came without a request");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
