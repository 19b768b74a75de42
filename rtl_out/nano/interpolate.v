// interpolate
//
// Bilinear interpolation and aggregation (NUMERICS.md N7): one sample a cycle, all channels of its head. Sums are
// exact.
//
//   channels = 2
`default_nettype none

module interpolate (
  input  wire        clk,
  input  wire        rst,
  input  wire        sample_valid,
  output wire        sample_ready,
  input  wire [15:0] sample_pixel_0,
  input  wire [15:0] sample_pixel_1,
  input  wire [15:0] sample_pixel_2,
  input  wire [15:0] sample_pixel_3,
  input  wire [10:0] sample_weight_0,
  input  wire [10:0] sample_weight_1,
  input  wire [10:0] sample_weight_2,
  input  wire [10:0] sample_weight_3,
  input  wire        sample_last_of_head,
  input  wire        sample_last_of_query,
  output reg         head_valid,
  input  wire        head_ready,
  output wire [37:0] head_sums,
  output reg         head_last_of_query
);

  wire advance;
  assign sample_ready = advance;

  // Marks travel with the products and with their sum.
  reg product_valid;
  reg value_valid;

  always @(posedge clk)
    if (rst) begin
      product_valid <= 1'b0;
      value_valid <= 1'b0;
    end else if (advance) begin
      product_valid <= sample_valid;
      value_valid <= product_valid;
    end

  reg product_mark_last_of_head;
  reg product_mark_last_of_query;
  reg value_mark_last_of_head;
  reg value_mark_last_of_query;

  always @(posedge clk)
    if (advance) begin
      product_mark_last_of_head <= sample_last_of_head;
      product_mark_last_of_query <= sample_last_of_query;
      value_mark_last_of_head <= product_mark_last_of_head;
      value_mark_last_of_query <= product_mark_last_of_query;
    end

  // The sample after the last of a head is the first of the next one.
  reg first;
  wire accumulate = advance && value_valid;

  always @(posedge clk)
    if (rst) first <= 1'b1;
    else if (accumulate) first <= value_mark_last_of_head;

  wire ends_head = value_valid && value_mark_last_of_head;

  // Finished sums wait here while the next head is accumulated.
  wire [18:0] channel_0_result;

  interpolate_channel u_channel_0 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (first),
    .last       (ends_head),
    .pixel_0    (sample_pixel_0[7:0]),
    .weight_0   (sample_weight_0),
    .pixel_1    (sample_pixel_1[7:0]),
    .weight_1   (sample_weight_1),
    .pixel_2    (sample_pixel_2[7:0]),
    .weight_2   (sample_weight_2),
    .pixel_3    (sample_pixel_3[7:0]),
    .weight_3   (sample_weight_3),
    .result     (channel_0_result)
  );

  wire [18:0] channel_1_result;

  interpolate_channel u_channel_1 (
    .clk        (clk),
    .advance    (advance),
    .accumulate (accumulate),
    .first      (first),
    .last       (ends_head),
    .pixel_0    (sample_pixel_0[15:8]),
    .weight_0   (sample_weight_0),
    .pixel_1    (sample_pixel_1[15:8]),
    .weight_1   (sample_weight_1),
    .pixel_2    (sample_pixel_2[15:8]),
    .weight_2   (sample_weight_2),
    .pixel_3    (sample_pixel_3[15:8]),
    .weight_3   (sample_weight_3),
    .result     (channel_1_result)
  );

  assign advance = !(ends_head && head_valid && !head_ready);
  wire head_valid_term = ends_head && advance;

  always @(posedge clk)
    if (rst) head_valid <= 1'b0;
    else if (head_valid_term) head_valid <= 1'b1;
    else if (head_ready) head_valid <= 1'b0;

  always @(posedge clk)
    if (head_valid_term) head_last_of_query <= value_mark_last_of_query;

  assign head_sums = {channel_1_result, channel_0_result};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(39)) check_head (
    .clk(clk), .rst(rst), .valid(head_valid), .ready(head_ready), .payload({head_sums, head_last_of_query})
  );
`endif

endmodule
`default_nettype wire
