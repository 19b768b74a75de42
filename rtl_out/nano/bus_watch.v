// bus_watch
//
// Quiet: nothing is offered on the memory port and every burst has been answered. Expired: for `timeout` cycles
// something was waiting and nothing moved; 0 waits for ever.
`default_nettype none

module bus_watch (
  input  wire        clk,
  input  wire        rst,
  input  wire [31:0] timeout,
  input  wire        reads_waiting,
  input  wire        writes_waiting,
  input  wire        progress,
  output wire        expired,
  output wire        quiet
);

  wire waiting = reads_waiting || writes_waiting;
  reg [31:0] still_cycles;
  assign expired = waiting && (timeout != 32'd0) && (still_cycles == timeout);
  assign quiet = !waiting;

  always @(posedge clk)
    if (rst) still_cycles <= 32'd0;
    else if (progress || quiet || expired) still_cycles <= 32'd0;
    else still_cycles <= still_cycles + 32'd1;

endmodule
`default_nettype wire
