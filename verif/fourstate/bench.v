// Four-state bench of the whole design, for Icarus: jobs one after the other on one instance that begins with nothing
// but x in its registers and memories. Jobs and sizes come from make_jobs.
//
// Outside of reset no valid, ready or interrupt may be x or z, nor a payload while its valid is 1, nor what the host
// reads of any register. After a job, memory must be what the model says, bit by bit, x included: so nothing else is
// written either.
`timescale 1ns / 1ps
`default_nettype none
`include "jobs.vh"

module bench;
  localparam BYTES = `DATA_BITS / 8;
  localparam QUEUE = 1024; // reads open at once: more than integration.md allows any preset

  reg clk = 1'b0;
  always #5 clk = ~clk;
  reg in_reset = 1'b1;

  integer seed, stall, errors, cycles;
  initial begin
    errors = 0;
    cycles = 0;
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    if (!$value$plusargs("stall=%d", stall)) stall = 30;
  end

  task fail(input [8*64-1:0] what);
    begin // +first: one is enough
      $display("error in cycle %0d: %0s", cycles, what);
      errors = errors + 1;
      if (errors == 60 || $test$plusargs("first")) begin
        $display("FAILED");
        $finish;
      end
    end
  endtask
  function integer chance(input integer percent); // 1 with so many in 100
    chance = $unsigned($random(seed)) % 100 < percent;
  endfunction

  // The design.
  reg awvalid = 1'b0, wvalid = 1'b0, bready = 1'b0, arvalid = 1'b0, rready = 1'b0;
  reg [11:0] awaddr, araddr;
  reg [31:0] wdata;
  wire awready, wready, bvalid, arready, rvalid, irq;
  wire [31:0] rdata;
  wire [1:0] bresp, rresp;
  wire m_arvalid, m_rready, m_awvalid, m_wvalid, m_wlast, m_bready;
  reg m_arready = 1'b0, m_rvalid = 1'b0, m_awready = 1'b0, m_wready = 1'b0, m_bvalid = 1'b0, m_rlast;
  wire [`ADDRESS_BITS-1:0] m_araddr, m_awaddr;
  wire [7:0] m_arlen, m_awlen;
  wire [`ID_BITS-1:0] m_arid, m_awid;
  reg [`ID_BITS-1:0] m_rid, m_bid;
  wire [2:0] m_arsize, m_awsize;
  wire [1:0] m_arburst, m_awburst;
  reg [1:0] m_rresp, m_bresp;
  reg [`DATA_BITS-1:0] m_rdata;
  wire [`DATA_BITS-1:0] m_wdata;
  wire [BYTES-1:0] m_wstrb;

  `TOP dut (
    .clk(clk), .`RESET_PORT(in_reset ? `IN_RESET : !`IN_RESET),
`ifdef TEST_MODE
    .test_mode(1'b0),
`endif
    .irq(irq),
    .s_axil_awvalid(awvalid), .s_axil_awready(awready), .s_axil_awaddr(awaddr),
    .s_axil_wvalid(wvalid), .s_axil_wready(wready), .s_axil_wdata(wdata), .s_axil_wstrb(4'hF),
    .s_axil_bvalid(bvalid), .s_axil_bready(bready), .s_axil_bresp(bresp),
    .s_axil_arvalid(arvalid), .s_axil_arready(arready), .s_axil_araddr(araddr),
    .s_axil_rvalid(rvalid), .s_axil_rready(rready), .s_axil_rdata(rdata), .s_axil_rresp(rresp),
    .m_axi_arvalid(m_arvalid), .m_axi_arready(m_arready), .m_axi_arid(m_arid), .m_axi_araddr(m_araddr),
    .m_axi_arlen(m_arlen), .m_axi_arsize(m_arsize), .m_axi_arburst(m_arburst),
    .m_axi_rvalid(m_rvalid), .m_axi_rready(m_rready), .m_axi_rid(m_rid), .m_axi_rdata(m_rdata),
    .m_axi_rresp(m_rresp), .m_axi_rlast(m_rlast),
    .m_axi_awvalid(m_awvalid), .m_axi_awready(m_awready), .m_axi_awid(m_awid), .m_axi_awaddr(m_awaddr),
    .m_axi_awlen(m_awlen), .m_axi_awsize(m_awsize), .m_axi_awburst(m_awburst),
    .m_axi_wvalid(m_wvalid), .m_axi_wready(m_wready), .m_axi_wdata(m_wdata), .m_axi_wstrb(m_wstrb),
    .m_axi_wlast(m_wlast),
    .m_axi_bvalid(m_bvalid), .m_axi_bready(m_bready), .m_axi_bid(m_bid), .m_axi_bresp(m_bresp)
  );

  // Nothing unknown leaves it.
  always @(posedge clk)
    if (!in_reset) begin
      cycles = cycles + 1;
      if (^{awready, wready, bvalid, arready, rvalid, irq, bresp, rresp} === 1'bx) fail("x on the host port or irq");
      if (^{m_arvalid, m_rready, m_awvalid, m_wvalid, m_bready} === 1'bx) fail("x on a handshake of the memory port");
      if (^{m_arsize, m_arburst, m_awsize, m_awburst, m_awid, m_wstrb} === 1'bx) fail("x on a constant");
      if (rvalid === 1'b1 && ^rdata === 1'bx) fail("x in rdata");
      if (m_arvalid === 1'b1 && ^{m_arid, m_araddr, m_arlen} === 1'bx) fail("x in a read address");
      if (m_awvalid === 1'b1 && ^{m_awaddr, m_awlen} === 1'bx) fail("x in a write address");
      if (m_wvalid === 1'b1 && ^{m_wdata, m_wlast} === 1'bx) fail("x in write data");
    end

  // Memory.
  reg [`DATA_BITS-1:0] memory [0:`BEATS-1];
  reg [`DATA_BITS-1:0] expected [0:`BEATS-1];
  integer word;
  function integer place(input [`ADDRESS_BITS-1:0] address); // its beat, or -1
    place = address >= `BASE && (address - `BASE) / BYTES < `BEATS ? (address - `BASE) / BYTES : -1;
  endfunction

  // Reads, in the order they were asked for. Those of one ID are answered in their order; all else at random.
  integer open, chosen, i;
  reg [`ID_BITS-1:0] open_id [0:QUEUE-1];
  reg [`ADDRESS_BITS-1:0] open_address [0:QUEUE-1];
  integer open_beats [0:QUEUE-1];
  initial open = 0;
  always @(posedge clk) begin
    if (m_arvalid === 1'b1 && m_arready) begin
      if (open == QUEUE) fail("too many reads");
      open_id[open] = m_arid;
      open_address[open] = m_araddr;
      open_beats[open] = m_arlen + 1;
      open = open + 1;
    end
    m_arready <= !chance(stall);
    m_rvalid <= 1'b0;
    m_rid <= {`ID_BITS{1'bx}};
    m_rdata <= {`DATA_BITS{1'bx}};
    m_rresp <= 2'bxx;
    m_rlast <= 1'bx;
    if (open != 0 && !chance(stall)) begin
      chosen = $unsigned($random(seed)) % open;
      for (i = chosen - 1; i >= 0; i = i - 1)
        if (open_id[i] === open_id[chosen]) chosen = i;
      word = place(open_address[chosen]);
      if (word < 0) fail("a read outside of the memory");
      m_rvalid <= 1'b1;
      m_rid <= open_id[chosen];
      m_rdata <= word < 0 ? {`DATA_BITS{1'bx}} : memory[word];
      m_rresp <= 2'b00;
      m_rlast <= open_beats[chosen] == 1;
      open_address[chosen] = open_address[chosen] + BYTES;
      open_beats[chosen] = open_beats[chosen] - 1;
      if (open_beats[chosen] == 0) begin
        open = open - 1;
        for (i = chosen; i < open; i = i + 1) begin
          open_id[i] = open_id[i+1];
          open_address[i] = open_address[i+1];
          open_beats[i] = open_beats[i+1];
        end
      end
    end
  end

  // Writes, in the order of their addresses; data follow their address. Responses wait.
  integer open_writes, responses, w;
  reg [`ADDRESS_BITS-1:0] write_address [0:QUEUE-1];
  integer write_beats [0:QUEUE-1];
  initial begin
    open_writes = 0;
    responses = 0;
  end
  always @(posedge clk) begin
    if (m_wvalid === 1'b1 && m_wready) begin
      if (open_writes == 0) fail("data without an address");
      else begin
        if (place(write_address[0]) < 0) fail("a write outside of the memory");
        else memory[place(write_address[0])] = m_wdata;
        write_address[0] = write_address[0] + BYTES;
        write_beats[0] = write_beats[0] - 1;
        if (m_wlast !== (write_beats[0] == 0)) fail("wlast is wrong");
        if (write_beats[0] == 0) begin
          responses = responses + 1;
          open_writes = open_writes - 1;
          for (w = 0; w < open_writes; w = w + 1) begin
            write_address[w] = write_address[w+1];
            write_beats[w] = write_beats[w+1];
          end
        end
      end
    end
    if (m_awvalid === 1'b1 && m_awready) begin
      if (open_writes == QUEUE) fail("too many writes");
      write_address[open_writes] = m_awaddr;
      write_beats[open_writes] = m_awlen + 1;
      open_writes = open_writes + 1;
    end
    m_awready <= !chance(stall);
    m_wready <= !chance(stall);
    m_bvalid <= 1'b0;
    m_bid <= {`ID_BITS{1'bx}};
    m_bresp <= 2'bxx;
    if (responses != 0 && !chance(stall)) begin
      m_bvalid <= 1'b1;
      m_bid <= 0;
      m_bresp <= 2'b00;
      responses = responses - 1;
    end
  end

  // The host.
  reg [31:0] value;
  task write_register(input [11:0] address, input [31:0] data);
    begin
      awaddr <= address;
      awvalid <= 1'b1;
      wdata <= data;
      wvalid <= 1'b1;
      bready <= 1'b1;
      @(posedge clk);
      while (awvalid || wvalid) begin
        if (awready) awvalid <= 1'b0;
        if (wready) wvalid <= 1'b0;
        @(posedge clk);
      end
      while (bvalid !== 1'b1) @(posedge clk);
      bready <= 1'b0;
    end
  endtask
  task read_register(input [11:0] address);
    begin
      araddr <= address;
      arvalid <= 1'b1;
      rready <= 1'b1;
      @(posedge clk);
      while (arready !== 1'b1) @(posedge clk);
      arvalid <= 1'b0;
      @(posedge clk);
      while (rvalid !== 1'b1) @(posedge clk);
      value = rdata;
      rready <= 1'b0;
      @(posedge clk);
    end
  endtask
  integer offset;
  task read_all_registers;
    for (offset = 0; offset < 'h100; offset = offset + 4) read_register(offset);
  endtask

  localparam DESC_LO = 12'h030, DESC_HI = 12'h034, START = 12'h038, STATUS = 12'h040, ERROR = 12'h044,
             INT_STATE = 12'h054, INT_ENABLE = 12'h058, COUNT_CYCLES = 12'h080;
  integer job, index, wrong;
  reg [8*64-1:0] name;
  reg [63:0] base;
  initial begin
    base = `BASE;
    repeat (5) @(posedge clk);
    in_reset <= 1'b0;
    @(posedge clk);
    read_all_registers;
    write_register(INT_ENABLE, 3);
    for (job = 0; job < `JOBS; job = job + 1) begin
      for (index = 0; index < `BEATS; index = index + 1) begin
        memory[index] = {`DATA_BITS{1'bx}};
        expected[index] = {`DATA_BITS{1'bx}};
      end
      $sformat(name, "before_%0d.hex", job);
      $readmemh(name, memory);
      $sformat(name, "after_%0d.hex", job);
      $readmemh(name, expected);
      write_register(DESC_LO, base[31:0]);
      write_register(DESC_HI, base[63:32]);
      write_register(START, 1);
      index = cycles;
      while (irq !== 1'b1 && cycles < index + 50000) @(posedge clk);
      if (irq !== 1'b1) begin
        $display("job %0d does not end", job);
        $display("FAILED");
        $finish;
      end
      read_register(ERROR);
      if (value !== 0) fail("the job ended with an error");
      write_register(INT_STATE, 3);
      read_all_registers;
      wrong = 0;
      for (index = 0; index < `BEATS; index = index + 1)
        if (memory[index] !== expected[index]) begin
          if (wrong == 0)
            $display("job %0d, beat %0d: expected %h, got %h", job, index, expected[index], memory[index]);
          wrong = wrong + 1;
        end
      if (wrong != 0) fail("memory is not what the model says");
      read_register(COUNT_CYCLES);
      $display("job %0d: %0d cycles, %0d beats of memory wrong", job, value, wrong);
    end
    if (open != 0 || responses != 0) fail("the memory has bursts to answer");
    $display("%0s", errors == 0 ? "PASSED" : "FAILED");
    $finish;
  end
endmodule
`default_nettype wire
