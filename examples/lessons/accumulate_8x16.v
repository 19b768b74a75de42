// accumulate_8x16
//
// The sum of each group of values, in the cycle of its last one. A group has `most` values at most.
//
//   bits = 8
//   most = 16
`default_nettype none

module accumulate_8x16 (
  input  wire        clk,
  input  wire        rst,
  input  wire        item_valid,
  output wire        item_ready,
  input  wire [7:0]  item_value,
  input  wire [2:0]  item_shift,
  input  wire        item_last,
  output wire        total_valid,
  input  wire        total_ready,
  output wire [11:0] total_sum,
  output wire [2:0]  total_shift
);

  reg first;
  reg [11:0] acc;
  wire [11:0] sum = (first ? 12'd0 : acc) + {{4{item_value[7]}}, item_value};
  assign item_ready = !item_last || total_ready;
  wire first_term = item_valid && item_ready;

  always @(posedge clk)
    if (rst) first <= 1'b1;
    else if (first_term) first <= item_last;

  always @(posedge clk)
    if (first_term) acc <= sum;

  assign total_valid = item_valid && item_last;

  assign total_sum = sum;
  assign total_shift = item_shift;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(15)) check_total (
    .clk(clk), .rst(rst), .valid(total_valid), .ready(total_ready), .payload({sum, item_shift})
  );
`endif

endmodule
`default_nettype wire
