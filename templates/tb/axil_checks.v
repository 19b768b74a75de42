// @PREFIX@axil_checks
//
// Watches the AXI4-Lite port of the registers and tells which rules are broken, by the host or by the accelerator.
`default_nettype none

module @PREFIX@axil_checks (
  input  wire        clk,
  input  wire        reset,
  input  wire [63:0] cycle,
  output reg  [31:0] faults,
  input  wire [11:0] awaddr,
  input  wire        awvalid,
  input  wire        awready,
  input  wire [31:0] wdata,
  input  wire [3:0]  wstrb,
  input  wire        wvalid,
  input  wire        wready,
  input  wire [1:0]  bresp,
  input  wire        bvalid,
  input  wire        bready,
  input  wire [11:0] araddr,
  input  wire        arvalid,
  input  wire        arready,
  input  wire [31:0] rdata,
  input  wire [1:0]  rresp,
  input  wire        rvalid,
  input  wire        rready
);

  reg [11:0] aw_held, ar_held;
  reg [35:0] w_held;
  reg [1:0]  b_held;
  reg [33:0] r_held;
  reg        aw_waits, w_waits, b_waits, ar_waits, r_waits;
  integer    addresses, data, reads;  // taken and not answered

  task broken(input [8*4-1:0] channel, input [8*56-1:0] text);
    begin
      faults = faults + 1;
      if (faults <= @MOST_TOLD@) $display("error: cycle %0d: AXI4-Lite %0s: %0s", cycle, channel, text);
    end
  endtask

  task check_handshake(input [8*4-1:0] channel, input waited, input valid, input ready, input same, input unknown);
    begin
      if (valid !== 1'b0 && valid !== 1'b1) broken(channel, "valid is x");
      if (ready !== 1'b0 && ready !== 1'b1) broken(channel, "ready is x");
      if (waited && valid !== 1'b1) broken(channel, "valid was withdrawn before ready");
      if (waited && valid === 1'b1 && !same) broken(channel, "the payload changed before ready");
      if (valid === 1'b1 && unknown) broken(channel, "x in the payload");
    end
  endtask

  initial faults = 0;

  // Reset for so many edges. The checks begin with the fourth: simulators without x power up with random bits, and a
  // block whose own reset is on then has no edge of it until its clock runs.
  reg [2:0] in_reset = 3'd0;

  always @(posedge clk) begin
    if (reset) begin
      if (in_reset == 3'd3) begin
        if (bvalid !== 1'b0) broken("B", "valid in reset");
        if (rvalid !== 1'b0) broken("R", "valid in reset");
        if (awvalid || wvalid || arvalid) broken("A", "valid in reset");
      end
      {aw_waits, w_waits, b_waits, ar_waits, r_waits} = 5'd0;
      addresses = 0;
      data      = 0;
      reads     = 0;
    end else begin
      check_handshake("AW", aw_waits, awvalid, awready, awaddr === aw_held, ^awaddr === 1'bx);
      check_handshake("W", w_waits, wvalid, wready, {wdata, wstrb} === w_held, ^{wdata, wstrb} === 1'bx);
      check_handshake("B", b_waits, bvalid, bready, bresp === b_held, ^bresp === 1'bx);
      check_handshake("AR", ar_waits, arvalid, arready, araddr === ar_held, ^araddr === 1'bx);
      check_handshake("R", r_waits, rvalid, rready, {rdata, rresp} === r_held, ^{rdata, rresp} === 1'bx);
      aw_waits = awvalid && !awready;
      w_waits  = wvalid && !wready;
      b_waits  = bvalid && !bready;
      ar_waits = arvalid && !arready;
      r_waits  = rvalid && !rready;
      aw_held  = awaddr;
      w_held   = {wdata, wstrb};
      b_held   = bresp;
      ar_held  = araddr;
      r_held   = {rdata, rresp};

      if (bvalid && bready) begin
        if (bresp != 2'd0) broken("B", "the response is not OKAY");
        if (addresses == 0 || data == 0) broken("B", "nothing was written");
        else begin
          addresses = addresses - 1;
          data      = data - 1;
        end
      end
      if (rvalid && rready) begin
        if (rresp != 2'd0) broken("R", "the response is not OKAY");
        if (reads == 0) broken("R", "nothing was asked for");
        else reads = reads - 1;
      end
      if (awvalid && awready) addresses = addresses + 1;
      if (wvalid && wready) data = data + 1;
      if (arvalid && arready) reads = reads + 1;
    end
    if (!reset) in_reset = 3'd0;
    else if (in_reset != 3'd3) in_reset = in_reset + 3'd1;
  end

endmodule

`default_nettype wire
