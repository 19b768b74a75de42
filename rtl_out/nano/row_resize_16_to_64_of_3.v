// row_resize_16_to_64_of_3
//
// Rows of words of 16 bits become rows of words of 64 bits, the first lowest. last_word is the number of the last
// word that comes in of a row.
`default_nettype none

module row_resize_16_to_64_of_3 (
  input  wire        clk,
  input  wire        rst,
  input  wire        restart,
  input  wire [2:0]  last_word,
  input  wire        in_valid,
  output wire        in_ready,
  input  wire [15:0] in,
  output wire        out_valid,
  input  wire        out_ready,
  output wire [63:0] out
);

  reg [2:0] word;
  reg [1:0] part;
  wire last_of_row = word == last_word;
  wire complete_equal = part == 2'd3;
  wire complete = last_of_row || complete_equal;
  assign in_ready = !complete || out_ready;
  wire step = in_valid && in_ready;
  wire word_term = restart || (step && last_of_row);

  always @(posedge clk)
    if (rst) begin
      word <= 3'd0;
      part <= 2'd0;
    end else if (word_term) begin
      word <= 3'd0;
      part <= 2'd0;
    end else if (step) begin
      word <= word + 3'd1;
      part <= part + 2'd1;
    end

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
  stream_check #(.WIDTH(64)) check_out (
    .clk(clk), .rst(rst), .valid(out_valid), .ready(out_ready), .payload(out)
  );
`endif

endmodule
`default_nettype wire
