// sram_fifo
//
// First-in first-out buffer on an SRAM. A word is read ahead only when the small buffer behind the SRAM has room
// for it; it is at the output three cycles after it went in, and one can leave in every cycle.
//
//   WIDTH = bits of a word
//   DEPTH = words in the SRAM, a power of two, 2 or more; up to three more are behind it
`default_nettype none

module sram_fifo #(
  parameter integer WIDTH = 8,
  parameter integer DEPTH = 64
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

  localparam integer INDEX_BITS = $clog2(DEPTH);
  localparam integer AHEAD = 3;  // words behind the SRAM: one in its read register, two that wait
  localparam [INDEX_BITS:0] FULL = DEPTH[INDEX_BITS:0];

  reg [INDEX_BITS:0] stored;  // words in the SRAM
  reg [INDEX_BITS-1:0] write_index;
  reg [INDEX_BITS-1:0] read_index;
  reg [1:0] taken;  // words read from the SRAM and not yet out
  reg fetched;      // one of them is in its read register

  assign in_ready = stored != FULL;
  wire push = in_valid && in_ready;
  wire pop = out_valid && out_ready;
  wire fetch = stored != 0 && taken != AHEAD[1:0];

  always @(posedge clk)
    if (rst) write_index <= 0;
    else if (push) write_index <= write_index + 1'b1;

  always @(posedge clk)
    if (rst) read_index <= 0;
    else if (fetch) read_index <= read_index + 1'b1;

  always @(posedge clk)
    if (rst) stored <= 0;
    else if (push && !fetch) stored <= stored + 1'b1;
    else if (fetch && !push) stored <= stored - 1'b1;

  always @(posedge clk)
    if (rst) taken <= 0;
    else if (fetch && !pop) taken <= taken + 1'b1;
    else if (pop && !fetch) taken <= taken - 1'b1;

  always @(posedge clk)
    if (rst) fetched <= 1'b0;
    else fetched <= fetch;

  wire [WIDTH-1:0] words_q;

  sram_1r1w #(.WIDTH(WIDTH), .DEPTH(DEPTH), .ADDRESS_BITS(INDEX_BITS)) u_words (
    .clk           (clk),
    .write         (push),
    .write_address (write_index),
    .write_data    (in_data),
    .read          (fetch),
    .read_address  (read_index),
    .read_data     (words_q)
  );

  wire ahead_ready;

  fifo #(.WIDTH(WIDTH), .DEPTH(AHEAD)) u_ahead (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (fetched),
    .in_ready  (ahead_ready),
    .in_data   (words_q),
    .out_valid (out_valid),
    .out_ready (out_ready),
    .out_data  (out_data)
  );

  // It always has room, as the check says.
  wire _unused = &{1'b0, ahead_ready};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  always @(posedge clk) begin : checks
    if (rst) begin
    end else begin
`ifdef FORMAL
      assert (!fetched || ahead_ready);
`else
      if (fetched && !ahead_ready) $fatal(1, "%m: a word is lost: the buffer behind the SRAM is full");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
