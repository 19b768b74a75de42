// row_resize_16x2_to_64x1
//
// A row of 2 words of 16 bits becomes 1 words of 64 bits, the first lowest.
`default_nettype none

module row_resize_16x2_to_64x1 (
  input  wire        clk,
  input  wire        rst,
  input  wire        restart,
  input  wire        in_valid,
  output wire        in_ready,
  input  wire [15:0] in,
  output wire        out_valid,
  input  wire        out_ready,
  output wire [63:0] out
);

  reg word;
  reg [1:0] part;
  wire last_of_row = word;
  wire complete_equal = part == 2'd3;
  wire complete = last_of_row || complete_equal;
  assign in_ready = !complete || out_ready;
  wire step = in_valid && in_ready;

  always @(posedge clk)
    if (rst) word <= 1'b0;
    else if (restart) word <= 1'b0;
    else if (step) word <= word + 1'b1;

  always @(posedge clk)
    if (rst) part <= 2'd0;
    else if (restart || (step && last_of_row)) part <= 2'd0;
    else if (step) part <= part + 2'd1;

  reg [15:0] part_0;
  wire part_0_equal = part == 2'd0;

  always @(posedge clk)
    if (step && part_0_equal) part_0 <= in;

  reg [15:0] part_1;
  wire part_1_equal = part == 2'd1;

  always @(posedge clk)
    if (step && part_1_equal) part_1 <= in;

  reg [15:0] part_2;
  wire part_2_equal = part == 2'd2;

  always @(posedge clk)
    if (step && part_2_equal) part_2 <= in;

  assign out_valid = in_valid && complete;
  assign out = {complete_equal ? in : 16'd0, (part > 2'd2) ? part_2 :
        part_2_equal ? in : 16'd0, (part > 2'd1) ? part_1 :
        part_1_equal ? in : 16'd0, (part > 2'd0) ? part_0 :
        part_0_equal ? in : 16'd0};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_out_held;
  reg [63:0] check_out_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_out_held <= 1'b0;
      check_out_last <= {64{1'b0}};
    end else begin
      check_out_held <= out_valid && !out_ready;
      check_out_last <= out;
`ifdef FORMAL
      assert (!check_out_held || (out_valid && out == check_out_last));
`else
      if (!(!check_out_held || (out_valid && out == check_out_last))) $fatal(1,
          "%m: stream out changed while it was waiting");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
