// registers
`default_nettype none

module registers (
  input  wire       clk,
  input  wire       rst,
  input  wire [7:0] d,
  input  wire       load,
  input  wire       clear,
  output reg  [7:0] counter,
  output wire [7:0] q
);

  // Neighbours with equal conditions share a block.
  reg [7:0] first;
  reg [7:0] second;

  always @(posedge clk)
    if (rst) begin
      first <= 8'd0;
      second <= 8'd128;
    end else if (load) begin
      first <= d;
      second <= first;
    end

  always @(posedge clk)
    if (rst) counter <= 8'd255;
    else if (clear) counter <= 8'd0;
    else if (load) counter <= counter + 8'd1;

  reg [7:0] plain;

  always @(posedge clk)
    plain <= second;

  assign q = plain;

endmodule
`default_nettype wire
