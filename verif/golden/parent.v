// parent
`default_nettype none

module parent (
  input  wire       clk,
  input  wire       rst,
  input  wire       in_valid,
  output wire       in_ready,
  input  wire [7:0] in,
  input  wire       drop,
  input  wire [2:0] spare,
  output wire       out_valid,
  input  wire       out_ready,
  output wire [7:0] out
);

  wire [7:0] stage_out;
  reg flush;

  always @(posedge clk)
    if (rst) flush <= 1'b1;
    else flush <= drop;

  stage u_stage (
    .clk       (clk),
    .rst       (rst || flush),
    .in_valid  (in_valid),
    .in_ready  (in_ready),
    .in        (in),
    .out_valid (out_valid),
    .out_ready (out_ready),
    .out       (stage_out)
  );

  assign out = stage_out;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, spare};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  always @(posedge clk) begin : checks
    if (rst) begin
    end else begin
`ifdef FORMAL
      assert (stage_out < 8'd255);
`else
      if (stage_out >= 8'd255) $fatal(1, "%m: the output stays below 255");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
