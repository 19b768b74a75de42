// registers
`default_nettype none

module registers (
  input  wire       clk,
  input  wire       rst,
  input  wire [7:0] d,
  input  wire       load,
  input  wire       clear,
  output wire       done,
  output wire       leaves,
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

  localparam [1:0] STATE_IDLE = 2'd0;
  localparam [1:0] STATE_BUSY = 2'd1;
  localparam [1:0] STATE_DONE = 2'd2;
  reg [1:0] state;
  wire [1:0] state_choice = clear ? STATE_IDLE :
        (d == 8'd0) ? STATE_DONE : state;

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if ((state == STATE_IDLE) && load) state <= STATE_BUSY;
    else if (state == STATE_BUSY) state <= state_choice;
    else if (clear) state <= STATE_IDLE;

  assign done = state == STATE_DONE;
  assign leaves = state_choice == STATE_IDLE;

  assign q = plain;

endmodule
`default_nettype wire
