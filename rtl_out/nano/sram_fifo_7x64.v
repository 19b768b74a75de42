// sram_fifo_7x64
//
// First-in first-out buffer on an SRAM. A word is read ahead only when the small output buffer has room for it.
//
//   width = 7
//   depth = 64
`default_nettype none

module sram_fifo_7x64 (
  input  wire       clk,
  input  wire       rst,
  input  wire       in_valid,
  output wire       in_ready,
  input  wire [6:0] in,
  output wire       out_valid,
  input  wire       out_ready,
  output wire [6:0] out
);

  reg [6:0] stored;
  reg [5:0] write_index;
  reg [5:0] read_index;
  assign in_ready = stored != 7'd64;
  wire push = in_valid && in_ready;

  // Words taken from the SRAM and not yet out.
  reg [1:0] taken;
  wire fetch = (stored != 7'd0) && (taken != 2'd3);
  reg fetched;

  always @(posedge clk)
    if (rst) fetched <= 1'b0;
    else fetched <= fetch;

  wire [6:0] words_q;

  sram_1r1w #(.WIDTH(7), .DEPTH(64), .ADDRESS_BITS(6)) u_words (
    .clk           (clk),
    .write         (push),
    .write_address (write_index),
    .write_data    (in),
    .read          (fetch),
    .read_address  (read_index),
    .read_data     (words_q)
  );

  wire arrived_ready;
  wire ahead_out_valid;

  fifo_7x3 u_ahead (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (fetched),
    .in_ready  (arrived_ready),
    .in        (words_q),
    .out_valid (ahead_out_valid),
    .out_ready (out_ready),
    .out       (out)
  );

  wire pop = ahead_out_valid && out_ready;

  always @(posedge clk)
    if (rst) taken <= 2'd0;
    else if (fetch && !pop) taken <= taken + 2'd1;
    else if (pop && !fetch) taken <= taken - 2'd1;

  always @(posedge clk)
    if (rst) write_index <= 6'd0;
    else if (push) write_index <= write_index + 6'd1;

  always @(posedge clk)
    if (rst) read_index <= 6'd0;
    else if (fetch) read_index <= read_index + 6'd1;

  always @(posedge clk)
    if (rst) stored <= 7'd0;
    else if (push && !fetch) stored <= stored + 7'd1;
    else if (fetch && !push) stored <= stored - 7'd1;

  assign out_valid = ahead_out_valid;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, arrived_ready, arrived_ready};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_out_held;
  reg [6:0] check_out_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_out_held <= 1'b0;
      check_out_last <= {7{1'b0}};
    end else begin
      check_out_held <= ahead_out_valid && !out_ready;
      check_out_last <= out;
`ifdef FORMAL
      assert (!check_out_held || (ahead_out_valid && out == check_out_last));
      assert (!fetched || arrived_ready);
`else
      if (!(!check_out_held || (ahead_out_valid && out == check_out_last))) $fatal(1,
          "%m: stream out changed while it was waiting");
      if (!(!fetched || arrived_ready)) $fatal(1, "%m: the output buffer has room");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
