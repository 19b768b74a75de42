// stage
`default_nettype none

module stage (
  input  wire       clk,
  input  wire       rst,
  input  wire       in_valid,
  output wire       in_ready,
  input  wire [7:0] in,
  output wire       out_valid,
  input  wire       out_ready,
  output wire [7:0] out
);

  reg full;
  reg [7:0] held;
  assign in_ready = !full || out_ready;
  wire full_term = in_valid && in_ready;

  always @(posedge clk)
    if (rst) full <= 1'b0;
    else if (full_term) full <= 1'b1;
    else if (out_ready) full <= 1'b0;

  always @(posedge clk)
    if (full_term) held <= in;

  assign out_valid = full;
  assign out = held;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_out_held;
  reg [7:0] check_out_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_out_held <= 1'b0;
      check_out_last <= {8{1'b0}};
    end else begin
      check_out_held <= full && !out_ready;
      check_out_last <= held;
`ifdef FORMAL
      assert (!check_out_held || (full && held == check_out_last));
`else
      if (!(!check_out_held || (full && held == check_out_last))) $fatal(1,
          "%m: stream out changed while it was waiting");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
