// regfile_1r1w
//
// Small memory of flip-flops or distributed RAM: one write port, one read port, read data follow the address within the cycle. A word written
// at a clock edge is seen after that edge.
//
// What is inside is chosen by a define: none, registers; QUILLGEN_REGFILE_BLACK_BOX, nothing, for synthesis; QUILLGEN_REGFILE_MACRO, the name of
// your module, which is instantiated with the parameters and ports of this one.
`default_nettype none

`ifdef QUILLGEN_REGFILE_BLACK_BOX
(* blackbox *)
`endif
module regfile_1r1w #(
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

`ifdef QUILLGEN_REGFILE_BLACK_BOX
`elsif QUILLGEN_REGFILE_MACRO
  `QUILLGEN_REGFILE_MACRO #(.WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS_BITS(ADDRESS_BITS)) u_macro (
    .clk           (clk),
    .write         (write),
    .write_address (write_address),
    .write_data    (write_data),
    .read          (read),
    .read_address  (read_address),
    .read_data     (read_data)
  );
`else
  reg [WIDTH-1:0] words [0:DEPTH-1];

  always @(posedge clk)
    if (write) words[write_address] <= write_data;

  assign read_data = words[read_address];

  // The read enable is there for macros that gate the read port.
  wire _unused = &{1'b0, read};
`endif

endmodule
`default_nettype wire
