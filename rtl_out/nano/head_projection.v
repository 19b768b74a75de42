// head_projection
//
// Projection by W'' (NUMERICS.md N9): columns outputs of a head a cycle, accumulated over the heads of a query
// that the lane has; with the last of them the sums leave.
//
//   columns = 2
//   groups = 2
//   heads = 2
`default_nettype none

module head_projection (
  input  wire        clk,
  input  wire        rst,
  input  wire        weights_enable,
  input  wire        weights_bank,
  input  wire [1:0]  weights_address,
  input  wire [15:0] weights_data,
  input  wire        vector_valid,
  output wire        vector_ready,
  input  wire [15:0] vector_channels,
  input  wire        vector_last_of_query,
  output wire        sums_valid,
  input  wire        sums_ready,
  output wire [35:0] sums
);

  // One column group a cycle.
  wire advance;
  reg group;
  reg [1:0] word;
  reg first_head;
  wire step = vector_valid && advance;
  wire last_group = group;
  assign vector_ready = advance && last_group;

  always @(posedge clk)
    if (rst) group <= 1'b0;
    else if (step) group <= group + 1'b1;

  wire end_of_query = last_group && vector_last_of_query;

  always @(posedge clk)
    if (rst) word <= 2'd0;
    else if (step && end_of_query) word <= 2'd0;
    else if (step) word <= word + 2'd1;

  always @(posedge clk)
    if (rst) first_head <= 1'b1;
    else if (step && last_group) first_head <= vector_last_of_query;

  // Weights from memory, then products and sums.
  reg [15:0] head;

  always @(posedge clk)
    if (step) head <= vector_channels;

  wire [16:0] column_0_sum;
  wire [15:0] weights_0_q;
  wire weights_0_write_term = weights_enable && !weights_bank;

  sram_1r1w #(.WIDTH(16), .DEPTH(4), .ADDRESS_BITS(2)) u_weights_0 (
    .clk           (clk),
    .write         (weights_0_write_term),
    .write_address (weights_address),
    .write_data    (weights_data),
    .read          (step),
    .read_address  (word),
    .read_data     (weights_0_q)
  );

  projection_column u_column_0 (
    .clk     (clk),
    .advance (advance),
    .head    (head),
    .weights (weights_0_q),
    .sum     (column_0_sum)
  );

  wire [16:0] column_1_sum;
  wire [15:0] weights_1_q;
  wire weights_1_write_term = weights_enable && weights_bank;

  sram_1r1w #(.WIDTH(16), .DEPTH(4), .ADDRESS_BITS(2)) u_weights_1 (
    .clk           (clk),
    .write         (weights_1_write_term),
    .write_address (weights_address),
    .write_data    (weights_data),
    .read          (step),
    .read_address  (word),
    .read_data     (weights_1_q)
  );

  projection_column u_column_1 (
    .clk     (clk),
    .advance (advance),
    .head    (head),
    .weights (weights_1_q),
    .sum     (column_1_sum)
  );

  reg dot_1_valid;
  reg dot_1_group;
  reg dot_1_first_head;
  reg dot_1_last_head;

  always @(posedge clk)
    if (rst) dot_1_valid <= 1'b0;
    else if (advance) dot_1_valid <= vector_valid;

  always @(posedge clk)
    if (advance) begin
      dot_1_group <= group;
      dot_1_first_head <= first_head;
      dot_1_last_head <= vector_last_of_query;
    end

  reg dot_2_valid;
  reg dot_2_group;
  reg dot_2_first_head;
  reg dot_2_last_head;

  always @(posedge clk)
    if (rst) dot_2_valid <= 1'b0;
    else if (advance) dot_2_valid <= dot_1_valid;

  always @(posedge clk)
    if (advance) begin
      dot_2_group <= dot_1_group;
      dot_2_first_head <= dot_1_first_head;
      dot_2_last_head <= dot_1_last_head;
    end

  reg dot_3_valid;
  reg dot_3_group;
  reg dot_3_first_head;
  reg dot_3_last_head;

  always @(posedge clk)
    if (rst) dot_3_valid <= 1'b0;
    else if (advance) dot_3_valid <= dot_2_valid;

  always @(posedge clk)
    if (advance) begin
      dot_3_group <= dot_2_group;
      dot_3_first_head <= dot_2_first_head;
      dot_3_last_head <= dot_2_last_head;
    end

  // Accumulate over the heads; the sums of the last head leave.
  wire [35:0] accumulators_q;
  wire [17:0] acc_0 = (dot_3_first_head ? 18'd0 : accumulators_q[17:0]) + {column_0_sum[16], column_0_sum};
  wire [17:0] acc_1 = (dot_3_first_head ? 18'd0 : accumulators_q[35:18]) + {column_1_sum[16], column_1_sum};
  wire accumulators_write_term = dot_3_valid && advance;
  assign sums = {acc_1, acc_0};

  regfile_1r1w #(.WIDTH(36), .DEPTH(2), .ADDRESS_BITS(1)) u_accumulators (
    .clk           (clk),
    .write         (accumulators_write_term),
    .write_address (dot_3_group),
    .write_data    (sums),
    .read          (1'b1),
    .read_address  (dot_3_group),
    .read_data     (accumulators_q)
  );

  wire finished = dot_3_valid && dot_3_last_head;
  assign advance = !finished || sums_ready;

  assign sums_valid = finished;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(36)) check_sums (
    .clk(clk), .rst(rst), .valid(finished), .ready(sums_ready), .payload(sums)
  );
`endif

endmodule
`default_nettype wire
