// mean_8x16_to_8
//
// The mean of each group of values, in the format of the output.
`default_nettype none

module mean_8x16_to_8 (
  input  wire       clk,
  input  wire       rst,
  input  wire       item_valid,
  output wire       item_ready,
  input  wire [7:0] item_value,
  input  wire [2:0] item_shift,
  input  wire       item_last,
  output wire       mean_valid,
  input  wire       mean_ready,
  output wire [7:0] mean
);

  wire accumulate_total_valid;
  wire [11:0] accumulate_total_sum;
  wire [2:0] accumulate_total_shift;
  wire normalise_total_ready;

  accumulate_8x16 u_accumulate (
    .clk         (clk),
    .rst         (rst),
    .item_valid  (item_valid),
    .item_ready  (item_ready),
    .item_value  (item_value),
    .item_shift  (item_shift),
    .item_last   (item_last),
    .total_valid (accumulate_total_valid),
    .total_ready (normalise_total_ready),
    .total_sum   (accumulate_total_sum),
    .total_shift (accumulate_total_shift)
  );

  normalise_8x16_to_8 u_normalise (
    .clk         (clk),
    .rst         (rst),
    .total_valid (accumulate_total_valid),
    .total_ready (normalise_total_ready),
    .total_sum   (accumulate_total_sum),
    .total_shift (accumulate_total_shift),
    .mean_valid  (mean_valid),
    .mean_ready  (mean_ready),
    .mean        (mean)
  );

endmodule
`default_nettype wire
