// row_resize_64_to_16_of_3
//
// Rows of words of 64 bits become rows of words of 16 bits, the first lowest. last_word is the number of the last
// word that goes out of a row.
`default_nettype none

module row_resize_64_to_16_of_3 (
  input  wire        clk,
  input  wire        rst,
  input  wire        restart,
  input  wire [2:0]  last_word,
  input  wire        word_in_valid,
  output wire        word_in_ready,
  input  wire [63:0] word_in,
  output wire        word_out_valid,
  input  wire        word_out_ready,
  output wire [15:0] word_out
);

  reg [2:0] word;
  reg [1:0] part;
  wire step = word_in_valid && word_out_ready;
  wire last_of_row = word == last_word;
  wire last_part = last_of_row || (part == 2'd3);

  always @(posedge clk)
    if (rst) word <= 3'd0;
    else if (restart || (step && last_of_row)) word <= 3'd0;
    else if (step) word <= word + 3'd1;

  always @(posedge clk)
    if (rst) part <= 2'd0;
    else if (restart || (step && last_part)) part <= 2'd0;
    else if (step) part <= part + 2'd1;

  assign word_in_ready = word_out_ready && last_part;
  assign word_out = part[1] ? (part[0] ? word_in[63:48] : word_in[47:32]) :
        part[0] ? word_in[31:16] : word_in[15:0];

  assign word_out_valid = word_in_valid;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(16)) check_word_out (
    .clk(clk), .rst(rst), .valid(word_in_valid), .ready(word_out_ready), .payload(word_out)
  );
`endif

endmodule
`default_nettype wire
