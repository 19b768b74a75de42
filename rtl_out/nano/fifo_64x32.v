// fifo_64x32
//
// First-in first-out buffer on a register file.
//
//   width = 64
//   depth = 32
`default_nettype none

module fifo_64x32 (
  input  wire        clk,
  input  wire        rst,
  input  wire        in_valid,
  output wire        in_ready,
  input  wire [63:0] in,
  output wire        out_valid,
  input  wire        out_ready,
  output wire [63:0] out
);

  reg [5:0] count;
  reg [4:0] write_index;
  reg [4:0] read_index;
  assign in_ready = count != 6'd32;
  wire push = in_valid && in_ready;

  regfile_1r1w #(.WIDTH(64), .DEPTH(32), .ADDRESS_BITS(5)) u_words (
    .clk           (clk),
    .write         (push),
    .write_address (write_index),
    .write_data    (in),
    .read          (1'b1),
    .read_address  (read_index),
    .read_data     (out)
  );

  assign out_valid = count != 6'd0;
  wire pop = out_valid && out_ready;

  always @(posedge clk)
    if (rst) write_index <= 5'd0;
    else if (push) write_index <= write_index + 5'd1;

  always @(posedge clk)
    if (rst) read_index <= 5'd0;
    else if (pop) read_index <= read_index + 5'd1;

  always @(posedge clk)
    if (rst) count <= 6'd0;
    else if (push && !pop) count <= count + 6'd1;
    else if (pop && !push) count <= count - 6'd1;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_out_held;
  reg [63:0] check_out_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_out_held <= 1'b0;
      check_out_last <= {64{1'b0}};
    end else begin
      check_out_held <= out_valid && !out_ready;
      check_out_last <= out;
`ifdef FORMAL
      assert (!check_out_held || (out_valid && out == check_out_last));
`else
      if (!(!check_out_held || (out_valid && out == check_out_last))) $fatal(1,
          "%m: stream out changed while it was waiting");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
