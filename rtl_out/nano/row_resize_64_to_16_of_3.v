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
  input  wire        in_valid,
  output wire        in_ready,
  input  wire [63:0] in,
  output wire        out_valid,
  input  wire        out_ready,
  output wire [15:0] out
);

  reg [2:0] word;
  reg [1:0] part;
  wire step = in_valid && out_ready;
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

  assign in_ready = out_ready && last_part;
  assign out = part[1] ? (part[0] ? in[63:48] : in[47:32]) :
        part[0] ? in[31:16] : in[15:0];

  assign out_valid = in_valid;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(16)) check_out (
    .clk(clk), .rst(rst), .valid(in_valid), .ready(out_ready), .payload(out)
  );
`endif

endmodule
`default_nettype wire
