// storage
`default_nettype none

module storage (
  input  wire        clk,
  input  wire        we,
  input  wire        re,
  input  wire [3:0]  wa,
  input  wire [3:0]  ra,
  input  wire [11:0] d,
  output wire [11:0] late,
  output wire [6:0]  now,
  output reg  [6:0]  entry
);

  sram_1r1w #(.WIDTH(12), .DEPTH(16), .ADDRESS_BITS(4)) u_sram (
    .clk           (clk),
    .write         (we),
    .write_address (wa),
    .write_data    (d),
    .read          (re),
    .read_address  (ra),
    .read_data     (late)
  );

  wire [11:0] regs_q;

  regfile_1r1w #(.WIDTH(12), .DEPTH(10), .ADDRESS_BITS(4)) u_regs (
    .clk           (clk),
    .write         (we),
    .write_address (wa),
    .write_data    (d),
    .read          (1'b1),
    .read_address  (ra),
    .read_data     (regs_q)
  );

  assign now = regs_q[6:0];
  always @*
    case (ra[1:0])
      2'd0: entry = 7'd3;
      2'd1: entry = 7'd9;
      2'd2: entry = 7'd27;
      default: entry = 7'd81;
    endcase

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, regs_q[11:7]};

endmodule
`default_nettype wire
