// parent
`default_nettype none

module parent (
  input  wire       clk,
  input  wire       rst,
  input  wire       data_in_valid,
  output wire       data_in_ready,
  input  wire [7:0] data_in,
  input  wire       drop,
  input  wire [2:0] spare,
  output wire       data_out_valid,
  input  wire       data_out_ready,
  output wire [7:0] data_out
);

  wire [7:0] stage_data_out;
  reg flush;

  always @(posedge clk)
    if (rst) flush <= 1'b1;
    else flush <= drop;

  stage u_stage (
    .clk            (clk),
    .rst            (rst || flush),
    .data_in_valid  (data_in_valid),
    .data_in_ready  (data_in_ready),
    .data_in        (data_in),
    .data_out_valid (data_out_valid),
    .data_out_ready (data_out_ready),
    .data_out       (stage_data_out)
  );

  assign data_out = stage_data_out;

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
      assert (stage_data_out < 8'd255);
`else
      if (stage_data_out >= 8'd255) $fatal(1, "%m: the output stays below 255");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
