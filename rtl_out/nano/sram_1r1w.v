// sram_1r1w
//
// Memory with one write and one read port on one clock, full-word writes. Read data appear in the next cycle and hold until the next read.
// Reading an address in the cycle in which it is written is not allowed (checked under QUILLGEN_CHECKS), so any two-port macro fits behind
// this wrapper: replace the body, keep the ports.
`default_nettype none

module sram_1r1w #(
  parameter WIDTH        = 8,
  parameter DEPTH        = 16,
  parameter ADDRESS_BITS = 4
) (
  input  wire                    clk,
  input  wire                    write,
  input  wire [ADDRESS_BITS-1:0] write_address,
  input  wire [WIDTH-1:0]        write_data,
  input  wire                    read,
  input  wire [ADDRESS_BITS-1:0] read_address,
  output reg  [WIDTH-1:0]        read_data
);

  reg [WIDTH-1:0] words [0:DEPTH-1];

  always @(posedge clk)
    if (write) words[write_address] <= write_data;

  always @(posedge clk)
    if (read) read_data <= words[read_address];

`ifdef QUILLGEN_CHECKS
`ifndef FORMAL
  // The first clock edge belongs to the reset: what enables the ports is not defined before it.
  reg running;
  initial running = 1'b0;
  always @(posedge clk) running <= 1'b1;

  always @(posedge clk)
    if (running && read && write && read_address == write_address)
      $fatal(1, "%m: address %0d is read while it is written", read_address);
`endif
`endif

endmodule
`default_nettype wire
