// regfile_1r1w
//
// Small memory of flip-flops or distributed RAM: one write port, one read port, read data follow the address within the cycle. A word written
// at a clock edge is seen after that edge.
`default_nettype none

module regfile_1r1w #(
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
  output wire [WIDTH-1:0]        read_data
);

  reg [WIDTH-1:0] words [0:DEPTH-1];

  always @(posedge clk)
    if (write) words[write_address] <= write_data;

  assign read_data = words[read_address];

  // The read enable is there for wrappers that gate the read port.
  wire _unused = &{1'b0, read};

endmodule
`default_nettype wire
