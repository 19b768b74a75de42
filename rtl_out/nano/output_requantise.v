// output_requantise
//
// Adds what the lanes have of an output (NUMERICS.md N9) and requantises it (N10), columns outputs a cycle.
//
//   columns = 2
//   groups = 2
//   lanes = 1
`default_nettype none

module output_requantise (
  input  wire        clk,
  input  wire        rst,
  input  wire        table_enable,
  input  wire        table_bank,
  input  wire        table_address,
  input  wire [53:0] table_data,
  input  wire        sums_0_valid,
  output wire        sums_0_ready,
  input  wire [35:0] sums_0,
  output wire        output_valid,
  input  wire        output_ready,
  output wire [15:0] output_values,
  output wire        output_last
);

  // A group of outputs goes when all lanes have it.
  wire advance;
  wire step = sums_0_valid && advance;
  assign sums_0_ready = advance;
  reg group;

  always @(posedge clk)
    if (rst) group <= 1'b0;
    else if (step) group <= group + 1'b1;

  reg [17:0] acc_0;

  always @(posedge clk)
    if (advance) acc_0 <= sums_0[17:0];

  wire [53:0] table_0_q;
  wire table_0_write_term = table_enable && !table_bank;

  sram_1r1w #(.WIDTH(54), .DEPTH(2), .ADDRESS_BITS(1)) u_table_0 (
    .clk           (clk),
    .write         (table_0_write_term),
    .write_address (table_address),
    .write_data    (table_data),
    .read          (step),
    .read_address  (group),
    .read_data     (table_0_q)
  );

  wire [7:0] requantise_0_value;

  requantise_18_to_8 u_requantise_0 (
    .clk    (clk),
    .enable (advance),
    .acc    (acc_0),
    .bias   (table_0_q[31:0]),
    .mult   (table_0_q[47:32]),
    .shift  (table_0_q[53:48]),
    .value  (requantise_0_value)
  );

  reg [17:0] acc_1;

  always @(posedge clk)
    if (advance) acc_1 <= sums_0[35:18];

  wire [53:0] table_1_q;
  wire table_1_write_term = table_enable && table_bank;

  sram_1r1w #(.WIDTH(54), .DEPTH(2), .ADDRESS_BITS(1)) u_table_1 (
    .clk           (clk),
    .write         (table_1_write_term),
    .write_address (table_address),
    .write_data    (table_data),
    .read          (step),
    .read_address  (group),
    .read_data     (table_1_q)
  );

  wire [7:0] requantise_1_value;

  requantise_18_to_8 u_requantise_1 (
    .clk    (clk),
    .enable (advance),
    .acc    (acc_1),
    .bias   (table_1_q[31:0]),
    .mult   (table_1_q[47:32]),
    .shift  (table_1_q[53:48]),
    .value  (requantise_1_value)
  );

  // What is in flight, and whether it ends its row.
  reg requant_1_valid;
  reg requant_1_last;

  always @(posedge clk)
    if (rst) requant_1_valid <= 1'b0;
    else if (advance) requant_1_valid <= sums_0_valid;

  always @(posedge clk)
    if (advance) requant_1_last <= group;

  reg requant_2_valid;
  reg requant_2_last;

  always @(posedge clk)
    if (rst) requant_2_valid <= 1'b0;
    else if (advance) requant_2_valid <= requant_1_valid;

  always @(posedge clk)
    if (advance) requant_2_last <= requant_1_last;

  reg requant_3_valid;
  reg requant_3_last;

  always @(posedge clk)
    if (rst) requant_3_valid <= 1'b0;
    else if (advance) requant_3_valid <= requant_2_valid;

  always @(posedge clk)
    if (advance) requant_3_last <= requant_2_last;

  reg requant_4_valid;
  reg requant_4_last;

  always @(posedge clk)
    if (rst) requant_4_valid <= 1'b0;
    else if (advance) requant_4_valid <= requant_3_valid;

  always @(posedge clk)
    if (advance) requant_4_last <= requant_3_last;

  assign advance = !requant_4_valid || output_ready;
  assign output_values = {requantise_1_value, requantise_0_value};

  assign output_valid = requant_4_valid;
  assign output_last = requant_4_last;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(17)) check_output (
    .clk(clk), .rst(rst), .valid(requant_4_valid), .ready(output_ready), .payload({output_values, requant_4_last})
  );
`endif

endmodule
`default_nettype wire
