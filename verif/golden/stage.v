// stage
`default_nettype none

module stage (
  input  wire       clk,
  input  wire       rst,
  input  wire       data_in_valid,
  output wire       data_in_ready,
  input  wire [7:0] data_in,
  output wire       data_out_valid,
  input  wire       data_out_ready,
  output wire [7:0] data_out
);

  reg full;
  reg [7:0] held;
  assign data_in_ready = !full || data_out_ready;
  wire full_term = data_in_valid && data_in_ready;

  always @(posedge clk)
    if (rst) full <= 1'b0;
    else if (full_term) full <= 1'b1;
    else if (data_out_ready) full <= 1'b0;

  always @(posedge clk)
    if (full_term) held <= data_in;

  assign data_out_valid = full;
  assign data_out = held;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(8)) check_data_out (
    .clk(clk), .rst(rst), .valid(full), .ready(data_out_ready), .payload(held)
  );
`endif

endmodule
`default_nettype wire
