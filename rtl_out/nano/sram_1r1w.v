// sram_1r1w
//
// Memory with one write and one read port on one clock, full-word writes. Read data appear in the next cycle and hold until the next read.
// Reading an address in the cycle in which it is written is not allowed (checked under QUILLGEN_CHECKS), so any two-port macro fits.
//
// What is inside is chosen by a define:
//   none                       inferred: registers that a tool may map to a memory
//   QUILLGEN_SRAM_BLACK_BOX    nothing: a black box for synthesis
//   QUILLGEN_SRAM_MACRO        the name of your module; it is instantiated with the parameters and ports of this one
`default_nettype none

`ifdef QUILLGEN_SRAM_BLACK_BOX
(* blackbox *)
`endif
module sram_1r1w #(
  parameter integer WIDTH        = 8,
  parameter integer DEPTH        = 16,
  parameter integer ADDRESS_BITS = 4
) (
  input  wire                    clk,
  input  wire                    write,
  input  wire [ADDRESS_BITS-1:0] write_address,
  input  wire [WIDTH-1:0]        write_data,
  input  wire                    read,
  input  wire [ADDRESS_BITS-1:0] read_address,
  output wire [WIDTH-1:0]        read_data
);

`ifdef QUILLGEN_SRAM_BLACK_BOX
`elsif QUILLGEN_SRAM_MACRO
  `QUILLGEN_SRAM_MACRO #(.WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS_BITS(ADDRESS_BITS)) u_macro (
    .clk           (clk),
    .write         (write),
    .write_address (write_address),
    .write_data    (write_data),
    .read          (read),
    .read_address  (read_address),
    .read_data     (read_data)
  );
`else
  // The attribute tells Yosys that no answer is owed to a read of what is being written: some block RAMs would need logic for one.
  (* no_rw_check *)
  reg [WIDTH-1:0] words [0:DEPTH-1];
  reg [WIDTH-1:0] read_register;

  always @(posedge clk)
    if (write) words[write_address] <= write_data;

  always @(posedge clk)
    if (read) read_register <= words[read_address];

  assign read_data = read_register;
`endif

`ifdef QUILLGEN_CHECKS
`ifndef FORMAL
`ifndef QUILLGEN_SRAM_BLACK_BOX
  // The first clock edge belongs to the reset: what enables the ports is not defined before it.
  reg running;
  initial running = 1'b0;
  always @(posedge clk) running <= 1'b1;

  always @(posedge clk)
    if (running && read && write && read_address == write_address)
      $fatal(1, "%m: address %0d is read while it is written", read_address);
`endif
`endif
`endif

endmodule
`default_nettype wire
