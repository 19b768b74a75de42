// @PREFIX@axi_checks
//
// Watches an AXI4 port and tells which rules are broken, by the accelerator or by the memory: each is printed with its
// cycle, the first @MOST_TOLD@ of them, and all are counted.
`default_nettype none

module @PREFIX@axi_checks #(
  parameter integer DATA_BITS    = 64,
  parameter integer ADDRESS_BITS = 40,
  parameter integer ID_BITS      = 3,
  parameter integer READ_IDS     = 5,                            // IDs of reads are 0 .. READ_IDS - 1; that of writes is 0
  parameter [16*READ_IDS-1:0] MOST_OPEN = {READ_IDS{16'hffff}},  // bursts that may be open, by ID
  parameter integer MOST_OPEN_WRITES = 65535
) (
  input  wire                    clk,
  input  wire                    reset,
  input  wire [63:0]             cycle,
  input  wire [63:0]             base,   // of the memory
  input  wire [63:0]             bytes,
  output reg  [31:0]             faults,
  output reg  [31:0]             bursts_read,
  output reg  [31:0]             bursts_written,
  output wire                    idle,   // nothing is open, nothing asked for
  input  wire [ID_BITS-1:0]      awid,
  input  wire [ADDRESS_BITS-1:0] awaddr,
  input  wire [7:0]              awlen,
  input  wire [2:0]              awsize,
  input  wire [1:0]              awburst,
  input  wire                    awvalid,
  input  wire                    awready,
  input  wire [DATA_BITS-1:0]    wdata,
  input  wire [DATA_BITS/8-1:0]  wstrb,
  input  wire                    wlast,
  input  wire                    wvalid,
  input  wire                    wready,
  input  wire [ID_BITS-1:0]      bid,
  input  wire [1:0]              bresp,
  input  wire                    bvalid,
  input  wire                    bready,
  input  wire [ID_BITS-1:0]      arid,
  input  wire [ADDRESS_BITS-1:0] araddr,
  input  wire [7:0]              arlen,
  input  wire [2:0]              arsize,
  input  wire [1:0]              arburst,
  input  wire                    arvalid,
  input  wire                    arready,
  input  wire [ID_BITS-1:0]      rid,
  input  wire [DATA_BITS-1:0]    rdata,
  input  wire [1:0]              rresp,
  input  wire                    rlast,
  input  wire                    rvalid,
  input  wire                    rready
);

  localparam integer IDS = 1 << ID_BITS, OPEN = 1024, BYTES = DATA_BITS / 8;

  // The payload of a channel, which stays while valid waits for ready; and its valid and ready at the edge before.
  wire [ID_BITS+ADDRESS_BITS+12:0]    aw_now = {awid, awaddr, awlen, awsize, awburst};
  wire [ID_BITS+ADDRESS_BITS+12:0]    ar_now = {arid, araddr, arlen, arsize, arburst};
  wire [DATA_BITS+DATA_BITS/8:0]      w_now  = {wdata, wstrb, wlast};
  wire [ID_BITS+1:0]                  b_now  = {bid, bresp};
  wire [ID_BITS+DATA_BITS+2:0]        r_now  = {rid, rdata, rresp, rlast};
  reg  [ID_BITS+ADDRESS_BITS+12:0]    aw_held, ar_held;
  reg  [DATA_BITS+DATA_BITS/8:0]      w_held;
  reg  [ID_BITS+1:0]                  b_held;
  reg  [ID_BITS+DATA_BITS+2:0]        r_held;
  reg                                 aw_waits, ar_waits, w_waits, b_waits, r_waits;

  // Open bursts: lengths of reads by ID, lengths of writes, beats of the first one.
  reg  [7:0] read_len [0:IDS*OPEN-1];
  integer    read_first [0:IDS-1], read_open [0:IDS-1];
  reg  [7:0] read_beat [0:IDS-1];
  reg  [7:0] write_len [0:OPEN-1];
  integer    write_first, write_data, write_last;
  reg  [7:0] write_beat;
  integer    reads_open, i;

  assign idle = reads_open == 0 && write_first == write_last && !arvalid && !awvalid && !wvalid;

  // `channel` and `text`: what is told.
  task broken(input [8*4-1:0] channel, input [8*56-1:0] text);
    begin
      faults = faults + 1;
      if (faults <= @MOST_TOLD@) $display("error: cycle %0d: AXI %0s: %0s", cycle, channel, text);
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

  task check_address(input [8*4-1:0] channel, input [63:0] address, input [7:0] len, input [2:0] size, input [1:0] burst);
    begin
      if (burst != 2'd1) broken(channel, "the burst is not INCR");
      if ((32'd1 << size) != BYTES) broken(channel, "the size is not the full width");
      if (len > 8'd15) broken(channel, "more than 16 beats");
      if (address % BYTES != 0) broken(channel, "the address is not aligned to a beat");
      if (address % 4096 + (len + 1) * BYTES > 4096) broken(channel, "the burst crosses 4 KiB");
      if (address < base || address - base + (len + 1) * BYTES > bytes) broken(channel, "the burst leaves the memory");
    end
  endtask

  initial begin
    faults         = 0;
    bursts_read    = 0;
    bursts_written = 0;
    reads_open     = 0;
    write_first    = 0;
    write_last     = 0;
  end

  // Reset for so many edges. The checks begin with the fourth: simulators without x power up with random bits, and a
  // block whose own reset is on then has no edge of it until its clock runs.
  reg [2:0] in_reset = 3'd0;

  always @(posedge clk) begin
    if (reset) begin
      if (in_reset == 3'd3) begin
        if (awvalid !== 1'b0) broken("AW", "valid in reset");
        if (wvalid !== 1'b0) broken("W", "valid in reset");
        if (arvalid !== 1'b0) broken("AR", "valid in reset");
        if (bvalid !== 1'b0) broken("B", "valid in reset");
        if (rvalid !== 1'b0) broken("R", "valid in reset");
      end
      {aw_waits, ar_waits, w_waits, b_waits, r_waits} = 5'd0;
      for (i = 0; i < IDS; i = i + 1) begin
        read_first[i] = 0;
        read_open[i]  = 0;
        read_beat[i]  = 8'd0;
      end
      reads_open  = 0;
      write_first = 0;
      write_data  = 0;
      write_last  = 0;
      write_beat  = 8'd0;
    end else begin
      check_handshake("AW", aw_waits, awvalid, awready, aw_now === aw_held, ^aw_now === 1'bx);
      check_handshake("W", w_waits, wvalid, wready, w_now === w_held, ^w_now === 1'bx);
      check_handshake("B", b_waits, bvalid, bready, b_now === b_held, ^b_now === 1'bx);
      check_handshake("AR", ar_waits, arvalid, arready, ar_now === ar_held, ^ar_now === 1'bx);
      check_handshake("R", r_waits, rvalid, rready, r_now === r_held, ^r_now === 1'bx);
      aw_waits = awvalid && !awready;
      w_waits  = wvalid && !wready;
      b_waits  = bvalid && !bready;
      ar_waits = arvalid && !arready;
      r_waits  = rvalid && !rready;
      aw_held  = aw_now;
      w_held   = w_now;
      b_held   = b_now;
      ar_held  = ar_now;
      r_held   = r_now;

      // Answers first: they are of what was open before this edge.
      if (rvalid && rready) begin
        if (read_open[rid] == 0) broken("R", "of an ID without an open burst");
        else begin
          if (rlast != (read_beat[rid] == read_len[rid * OPEN + read_first[rid]])) broken("R", "RLAST is misplaced");
          if (rresp != 2'd0) broken("R", "the response is not OKAY");
          read_beat[rid] = read_beat[rid] + 8'd1;
          if (rlast) begin
            read_beat[rid]  = 8'd0;
            read_first[rid] = (read_first[rid] + 1) % OPEN;
            read_open[rid]  = read_open[rid] - 1;
            reads_open = reads_open - 1;
          end
        end
      end
      if (bvalid && bready) begin
        if (bid != 0) broken("B", "of an ID that writes nothing");
        if (bresp != 2'd0) broken("B", "the response is not OKAY");
        if (write_first == write_data) broken("B", "before the data of a write");
        else write_first = write_first + 1;
      end

      if (arvalid && arready) begin
        check_address("AR", araddr, arlen, arsize, arburst);
        if (arid >= READ_IDS) broken("AR", "an ID that reads nothing");
        else if (read_open[arid] >= MOST_OPEN[16*arid +: 16]) broken("AR", "more bursts open than there should be");
        read_len[arid * OPEN + (read_first[arid] + read_open[arid]) % OPEN] = arlen;
        read_open[arid] = read_open[arid] + 1;
        reads_open  = reads_open + 1;
        bursts_read = bursts_read + 1;
      end
      if (awvalid && awready) begin
        check_address("AW", awaddr, awlen, awsize, awburst);
        if (awid != 0) broken("AW", "an ID that writes nothing");
        if (write_last - write_first >= MOST_OPEN_WRITES) broken("AW", "more writes open than there should be");
        write_len[write_last % OPEN] = awlen;
        write_last = write_last + 1;
        bursts_written = bursts_written + 1;
      end
      if (wvalid && wready) begin
        if (wstrb != {BYTES{1'b1}}) broken("W", "a strobe is 0");
        if (write_data == write_last) broken("W", "before its address");
        else begin
          if (wlast != (write_beat == write_len[write_data % OPEN])) broken("W", "WLAST is misplaced");
          write_beat = write_beat + 8'd1;
          if (wlast) begin
            write_beat = 8'd0;
            write_data = write_data + 1;
          end
        end
      end
    end
    if (!reset) in_reset = 3'd0;
    else if (in_reset != 3'd3) in_reset = in_reset + 3'd1;
  end

endmodule

`default_nettype wire
