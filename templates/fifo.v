// fifo
//
// First-in first-out buffer on a register file. A word is at the output in the cycle after it went in. A full
// buffer takes none even while one leaves, so that no path leads from out_ready to in_ready.
//
//   WIDTH = bits of a word
//   DEPTH = words, 1 or more
`default_nettype none

module fifo #(
  parameter integer WIDTH = 8,
  parameter integer DEPTH = 4
) (
  input  wire             clk,
  input  wire             rst,
  input  wire             in_valid,
  output wire             in_ready,
  input  wire [WIDTH-1:0] in_data,
  output wire             out_valid,
  input  wire             out_ready,
  output wire [WIDTH-1:0] out_data
);

  localparam integer INDEX_BITS = DEPTH <= 2 ? 1 : $clog2(DEPTH);
  localparam integer COUNT_BITS = $clog2(DEPTH + 1);
  localparam integer LAST_INDEX = DEPTH - 1;
  localparam [INDEX_BITS-1:0] LAST = LAST_INDEX[INDEX_BITS-1:0];
  localparam [COUNT_BITS-1:0] FULL = DEPTH[COUNT_BITS-1:0];

  reg [COUNT_BITS-1:0] count;
  reg [INDEX_BITS-1:0] write_index;
  reg [INDEX_BITS-1:0] read_index;

  assign in_ready = count != FULL;
  assign out_valid = count != 0;
  wire push = in_valid && in_ready;
  wire pop = out_valid && out_ready;

  always @(posedge clk)
    if (rst) write_index <= 0;
    else if (push) write_index <= (write_index == LAST) ? 0 : write_index + 1'b1;

  always @(posedge clk)
    if (rst) read_index <= 0;
    else if (pop) read_index <= (read_index == LAST) ? 0 : read_index + 1'b1;

  always @(posedge clk)
    if (rst) count <= 0;
    else if (push && !pop) count <= count + 1'b1;
    else if (pop && !push) count <= count - 1'b1;

  regfile_1r1w #(.WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS_BITS(INDEX_BITS)) u_words (
    .clk           (clk),
    .write         (push),
    .write_address (write_index),
    .write_data    (in_data),
    .read          (1'b1),
    .read_address  (read_index),
    .read_data     (out_data)
  );

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(WIDTH)) check_out (
    .clk(clk), .rst(rst), .valid(out_valid), .ready(out_ready), .payload(out_data)
  );
`endif

endmodule
`default_nettype wire
