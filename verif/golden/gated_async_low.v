// gated
`default_nettype none

module gated (
  input  wire       clk,
  input  wire       rst_n,
  input  wire       test_mode,
  input  wire       data_in_valid,
  output wire       data_in_ready,
  input  wire [7:0] data_in,
  input  wire       drop,
  input  wire       wanted,
  output wire       data_out_valid,
  input  wire       data_out_ready,
  output wire [7:0] data_out
);

  reg flush;
  reg run;

  always @(posedge clk or negedge rst_n)
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
    .enable    (run || flush),
    .test_mode (test_mode),
    .gated_clk (stage_clk)
  );

  wire stage_rst_n;

  reset_gate u_stage_reset_gate (
    .rst_n       (rst_n),
    .block_reset (flush),
    .test_mode   (test_mode),
    .block_rst_n (stage_rst_n)
  );

  stage u_stage (
    .clk            (stage_clk),
    .rst_n          (stage_rst_n),
    .data_in_valid  (data_in_valid),
    .data_in_ready  (data_in_ready),
    .data_in        (data_in),
    .data_out_valid (data_out_valid),
    .data_out_ready (data_out_ready),
    .data_out       (data_out)
  );

endmodule
`default_nettype wire
