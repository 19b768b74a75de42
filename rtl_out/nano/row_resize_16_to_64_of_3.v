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
  input  wire        word_in_valid,
  output wire        word_in_ready,
  input  wire [15:0] word_in,
  output wire        word_out_valid,
  input  wire        word_out_ready,
  output wire [63:0] word_out
);

  reg [2:0] word;
  reg [1:0] part;
  wire last_of_row = word == last_word;
  wire complete_equal = part == 2'd3;
  wire complete = last_of_row || complete_equal;
  assign word_in_ready = !complete || word_out_ready;
  wire step = word_in_valid && word_in_ready;
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
    if (step && part_0_equal) part_0 <= word_in;

  reg [15:0] part_1;
  wire part_1_equal = part == 2'd1;

  always @(posedge clk)
    if (step && part_1_equal) part_1 <= word_in;

  reg [15:0] part_2;
  wire part_2_equal = part == 2'd2;

  always @(posedge clk)
    if (step && part_2_equal) part_2 <= word_in;

  assign word_out_valid = word_in_valid && complete;
  assign word_out = {complete_equal ? word_in : 16'd0, (part > 2'd2) ? part_2 :
        part_2_equal ? word_in : 16'd0, (part > 2'd1) ? part_1 :
        part_1_equal ? word_in : 16'd0, (part > 2'd0) ? part_0 :
        part_0_equal ? word_in : 16'd0};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(64)) check_word_out (
    .clk(clk), .rst(rst), .valid(word_out_valid), .ready(word_out_ready), .payload(word_out)
  );
`endif

endmodule
`default_nettype wire
