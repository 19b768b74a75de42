// gated
`default_nettype none

module gated (
  input  wire       clk,
  input  wire       rst_n,
  input  wire       test_mode,
  input  wire       in_valid,
  output wire       in_ready,
  input  wire [7:0] in,
  input  wire       drop,
  input  wire       wanted,
  output wire       out_valid,
  input  wire       out_ready,
  output wire [7:0] out
);

  reg flush;
  reg run;

  always @(posedge clk)
    if (!rst_n) begin
      flush <= 1'b1;
      run <= 1'b0;
    end else begin
      flush <= drop;
      run <= wanted;
    end

  wire stage_clk;

  clock_gate u_stage_clock_gate (
    .clk       (clk),
    .enable    (run || !rst_n || flush),
    .test_mode (test_mode),
    .gated_clk (stage_clk)
  );

  stage u_stage (
    .clk       (stage_clk),
    .rst_n     (rst_n && !flush),
    .in_valid  (in_valid),
    .in_ready  (in_ready),
    .in        (in),
    .out_valid (out_valid),
    .out_ready (out_ready),
    .out       (out)
  );

endmodule
`default_nettype wire
