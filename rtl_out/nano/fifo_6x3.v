// fifo_6x3
//
// First-in first-out buffer on a register file.
//
//   width = 6
//   depth = 3
`default_nettype none

module fifo_6x3 (
  input  wire       clk,
  input  wire       rst,
  input  wire       in_valid,
  output wire       in_ready,
  input  wire [5:0] in,
  output wire       out_valid,
  input  wire       out_ready,
  output wire [5:0] out
);

  reg [1:0] count;
  reg [1:0] write_index;
  reg [1:0] read_index;
  assign in_ready = count != 2'd3;
  wire push = in_valid && in_ready;

  regfile_1r1w #(.WIDTH(6), .DEPTH(3), .ADDRESS_BITS(2)) u_words (
    .clk           (clk),
    .write         (push),
    .write_address (write_index),
    .write_data    (in),
    .read          (1'b1),
    .read_address  (read_index),
    .read_data     (out)
  );

  assign out_valid = count != 2'd0;
  wire pop = out_valid && out_ready;
  wire [1:0] write_index_sum = write_index + 2'd1;

  always @(posedge clk)
    if (rst) write_index <= 2'd0;
    else if (push) write_index <= (write_index == 2'd2) ? 2'd0 : write_index_sum;

  wire [1:0] read_index_sum = read_index + 2'd1;

  always @(posedge clk)
    if (rst) read_index <= 2'd0;
    else if (pop) read_index <= (read_index == 2'd2) ? 2'd0 : read_index_sum;

  always @(posedge clk)
    if (rst) count <= 2'd0;
    else if (push && !pop) count <= count + 2'd1;
    else if (pop && !push) count <= count - 2'd1;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_out_held;
  reg [5:0] check_out_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_out_held <= 1'b0;
      check_out_last <= {6{1'b0}};
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
