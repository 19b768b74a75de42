// row_resize_64_to_32_of_2
//
// Rows of words of 64 bits become rows of words of 32 bits, the first lowest. last_word is the number of the last
// word that goes out of a row.
`default_nettype none

module row_resize_64_to_32_of_2 (
  input  wire        clk,
  input  wire        rst,
  input  wire        restart,
  input  wire [1:0]  last_word,
  input  wire        word_in_valid,
  output wire        word_in_ready,
  input  wire [63:0] word_in,
  output wire        word_out_valid,
  input  wire        word_out_ready,
  output wire [31:0] word_out
);

  reg [1:0] word;
  reg part;
  wire step = word_in_valid && word_out_ready;
  wire last_of_row = word == last_word;
  wire last_part = last_of_row || part;

  always @(posedge clk)
    if (rst) word <= 2'd0;
    else if (restart || (step && last_of_row)) word <= 2'd0;
    else if (step) word <= word + 2'd1;

  always @(posedge clk)
    if (rst) part <= 1'b0;
    else if (restart || (step && last_part)) part <= 1'b0;
    else if (step) part <= part + 1'b1;

  assign word_in_ready = word_out_ready && last_part;
  assign word_out = part ? word_in[63:32] : word_in[31:0];

  assign word_out_valid = word_in_valid;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(32)) check_word_out (
    .clk(clk), .rst(rst), .valid(word_in_valid), .ready(word_out_ready), .payload(word_out)
  );
`endif

endmodule
`default_nettype wire
