// quillgen_tb
//
// Runs one packed job (`quillgen pack`) on the accelerator and checks everything that comes of it: registers, the rules
// of both buses, and every byte of memory. The last line it prints begins with PASS or FAIL.
//
//   +job=DIR      the packed job; its folder is an include path at compilation (job.vh)
//   +stall=N      percent of the cycles in which a channel withholds valid or ready, each by itself; 0 unless given
//   +latency=N    cycles from a read to its first beat, and to a write's response; 20 unless given
//   +seed=N       of all that is random; 1 unless given
//   +irq          wait for the interrupt instead of polling
//   +timeout=N    cycles without a transfer on the memory port after which the run is given up
//   +QUIET        no progress, only errors and the last line
`timescale 1ns / 1ps
`default_nettype none
`include "job.vh"

module quillgen_tb;

  localparam integer DATA_BITS    = 64;
  localparam integer ADDRESS_BITS = 40;
  localparam integer ID_BITS      = 3;
  localparam integer WORDS        = `QUILLGEN_JOB_WORDS;
  localparam integer BYTES        = DATA_BITS / 8;
  localparam [63:0]  DESIGN       = 64'h5e43c3e519214b93;  // fingerprint of the configuration
  localparam integer FORMAT       = 1;      // of packed jobs
  localparam integer POLL_GAP     = 50;  // cycles from one look at a register to the next

  // Registers that are read when something went wrong (registers.md).
  localparam [11:0] REGISTER_ERROR = 12'h044, REGISTER_ERROR_DETAIL = 12'h048;
  localparam [11:0] REGISTER_START = 12'h038;

  reg clk = 1'b0;
  always #5 clk = !clk;

  // Asserted by an edge, before the first of the clock: it may be asynchronous, and blocks without a clock.
  reg  asserted = 1'b0, released = 1'b0;
  wire reset = asserted && !released;
  initial #2 asserted = 1'b1;

  wire                    irq;
  reg  [11:0]             s_axil_awaddr  = 12'd0;
  reg                     s_axil_awvalid = 1'b0;
  wire                    s_axil_awready;
  reg  [31:0]             s_axil_wdata   = 32'd0;
  reg                     s_axil_wvalid  = 1'b0;
  wire                    s_axil_wready;
  wire [1:0]              s_axil_bresp;
  wire                    s_axil_bvalid;
  reg                     s_axil_bready  = 1'b0;
  reg  [11:0]             s_axil_araddr  = 12'd0;
  reg                     s_axil_arvalid = 1'b0;
  wire                    s_axil_arready;
  wire [31:0]             s_axil_rdata;
  wire [1:0]              s_axil_rresp;
  wire                    s_axil_rvalid;
  reg                     s_axil_rready  = 1'b0;
  wire [ID_BITS-1:0]      m_axi_awid, m_axi_arid, m_axi_bid, m_axi_rid;
  wire [ADDRESS_BITS-1:0] m_axi_awaddr, m_axi_araddr;
  wire [7:0]              m_axi_awlen, m_axi_arlen;
  wire [2:0]              m_axi_awsize, m_axi_arsize;
  wire [1:0]              m_axi_awburst, m_axi_arburst, m_axi_bresp, m_axi_rresp;
  wire                    m_axi_awvalid, m_axi_awready, m_axi_arvalid, m_axi_arready;
  wire [DATA_BITS-1:0]    m_axi_wdata, m_axi_rdata;
  wire [DATA_BITS/8-1:0]  m_axi_wstrb;
  wire                    m_axi_wlast, m_axi_wvalid, m_axi_wready, m_axi_bvalid, m_axi_bready;
  wire                    m_axi_rlast, m_axi_rvalid, m_axi_rready;

  quillgen dut (
    .clk            (clk),
    .rst            (reset),
    .irq            (irq),
    .s_axil_awaddr  (s_axil_awaddr),
    .s_axil_awvalid (s_axil_awvalid),
    .s_axil_awready (s_axil_awready),
    .s_axil_wdata   (s_axil_wdata),
    .s_axil_wstrb   (4'hf),
    .s_axil_wvalid  (s_axil_wvalid),
    .s_axil_wready  (s_axil_wready),
    .s_axil_bresp   (s_axil_bresp),
    .s_axil_bvalid  (s_axil_bvalid),
    .s_axil_bready  (s_axil_bready),
    .s_axil_araddr  (s_axil_araddr),
    .s_axil_arvalid (s_axil_arvalid),
    .s_axil_arready (s_axil_arready),
    .s_axil_rdata   (s_axil_rdata),
    .s_axil_rresp   (s_axil_rresp),
    .s_axil_rvalid  (s_axil_rvalid),
    .s_axil_rready  (s_axil_rready),
    .m_axi_awid     (m_axi_awid),
    .m_axi_awaddr   (m_axi_awaddr),
    .m_axi_awlen    (m_axi_awlen),
    .m_axi_awsize   (m_axi_awsize),
    .m_axi_awburst  (m_axi_awburst),
    .m_axi_awvalid  (m_axi_awvalid),
    .m_axi_awready  (m_axi_awready),
    .m_axi_wdata    (m_axi_wdata),
    .m_axi_wstrb    (m_axi_wstrb),
    .m_axi_wlast    (m_axi_wlast),
    .m_axi_wvalid   (m_axi_wvalid),
    .m_axi_wready   (m_axi_wready),
    .m_axi_bid      (m_axi_bid),
    .m_axi_bresp    (m_axi_bresp),
    .m_axi_bvalid   (m_axi_bvalid),
    .m_axi_bready   (m_axi_bready),
    .m_axi_arid     (m_axi_arid),
    .m_axi_araddr   (m_axi_araddr),
    .m_axi_arlen    (m_axi_arlen),
    .m_axi_arsize   (m_axi_arsize),
    .m_axi_arburst  (m_axi_arburst),
    .m_axi_arvalid  (m_axi_arvalid),
    .m_axi_arready  (m_axi_arready),
    .m_axi_rid      (m_axi_rid),
    .m_axi_rdata    (m_axi_rdata),
    .m_axi_rresp    (m_axi_rresp),
    .m_axi_rlast    (m_axi_rlast),
    .m_axi_rvalid   (m_axi_rvalid),
    .m_axi_rready   (m_axi_rready)
  );

  // Set at the start, from the command line and the job.
  reg [31:0] stall, latency, seed, hang_limit;
  reg        by_interrupt, quiet;
  reg [63:0] base = 64'd0, bytes = 64'd0;
  integer    used = 0;  // words of the memory

  reg [63:0] cycle = 64'd0;
  always @(posedge clk) cycle <= cycle + 64'd1;

  axi_memory #(
    .DATA_BITS    (DATA_BITS),
    .ADDRESS_BITS (ADDRESS_BITS),
    .ID_BITS      (ID_BITS),
    .WORDS        (WORDS)
  ) memory (
    .clk     (clk),
    .reset   (reset),
    .base    (base),
    .used    (used),
    .stall   (stall),
    .latency (latency),
    .seed    (seed),
    .awid    (m_axi_awid),
    .awaddr  (m_axi_awaddr),
    .awlen   (m_axi_awlen),
    .awvalid (m_axi_awvalid),
    .awready (m_axi_awready),
    .wdata   (m_axi_wdata),
    .wstrb   (m_axi_wstrb),
    .wvalid  (m_axi_wvalid),
    .wready  (m_axi_wready),
    .bid     (m_axi_bid),
    .bresp   (m_axi_bresp),
    .bvalid  (m_axi_bvalid),
    .bready  (m_axi_bready),
    .arid    (m_axi_arid),
    .araddr  (m_axi_araddr),
    .arlen   (m_axi_arlen),
    .arvalid (m_axi_arvalid),
    .arready (m_axi_arready),
    .rid     (m_axi_rid),
    .rdata   (m_axi_rdata),
    .rresp   (m_axi_rresp),
    .rlast   (m_axi_rlast),
    .rvalid  (m_axi_rvalid),
    .rready  (m_axi_rready)
  );

  wire [31:0] axi_faults, axil_faults, bursts_read, bursts_written;
  wire        memory_idle;

  axi_checks #(
    .DATA_BITS        (DATA_BITS),
    .ADDRESS_BITS     (ADDRESS_BITS),
    .ID_BITS          (ID_BITS),
    .READ_IDS         (5),
    .MOST_OPEN        ({16'd8, 16'd4, 16'd64, 16'd32, 16'd4}),
    .MOST_OPEN_WRITES (514)
  ) axi_checks (
    .clk            (clk),
    .reset          (reset),
    .cycle          (cycle),
    .base           (base),
    .bytes          (bytes),
    .faults         (axi_faults),
    .bursts_read    (bursts_read),
    .bursts_written (bursts_written),
    .idle           (memory_idle),
    .awid           (m_axi_awid),
    .awaddr         (m_axi_awaddr),
    .awlen          (m_axi_awlen),
    .awsize         (m_axi_awsize),
    .awburst        (m_axi_awburst),
    .awvalid        (m_axi_awvalid),
    .awready        (m_axi_awready),
    .wdata          (m_axi_wdata),
    .wstrb          (m_axi_wstrb),
    .wlast          (m_axi_wlast),
    .wvalid         (m_axi_wvalid),
    .wready         (m_axi_wready),
    .bid            (m_axi_bid),
    .bresp          (m_axi_bresp),
    .bvalid         (m_axi_bvalid),
    .bready         (m_axi_bready),
    .arid           (m_axi_arid),
    .araddr         (m_axi_araddr),
    .arlen          (m_axi_arlen),
    .arsize         (m_axi_arsize),
    .arburst        (m_axi_arburst),
    .arvalid        (m_axi_arvalid),
    .arready        (m_axi_arready),
    .rid            (m_axi_rid),
    .rdata          (m_axi_rdata),
    .rresp          (m_axi_rresp),
    .rlast          (m_axi_rlast),
    .rvalid         (m_axi_rvalid),
    .rready         (m_axi_rready)
  );

  axil_checks axil_checks (
    .clk     (clk),
    .reset   (reset),
    .cycle   (cycle),
    .faults  (axil_faults),
    .awaddr  (s_axil_awaddr),
    .awvalid (s_axil_awvalid),
    .awready (s_axil_awready),
    .wdata   (s_axil_wdata),
    .wstrb   (4'hf),
    .wvalid  (s_axil_wvalid),
    .wready  (s_axil_wready),
    .bresp   (s_axil_bresp),
    .bvalid  (s_axil_bvalid),
    .bready  (s_axil_bready),
    .araddr  (s_axil_araddr),
    .arvalid (s_axil_arvalid),
    .arready (s_axil_arready),
    .rdata   (s_axil_rdata),
    .rresp   (s_axil_rresp),
    .rvalid  (s_axil_rvalid),
    .rready  (s_axil_rready)
  );

  // ---- The end: one line, and how many errors there were.

  integer errors = 0, wrong_bytes = 0;

  task finish(input passed);
    begin
      if (passed)
        $display("PASS %0d bytes as expected, %0d cycles, %0d bursts read, %0d written, stall %0d %%, latency %0d, seed %0d",
                 bytes, cycle, bursts_read, bursts_written, stall, latency, seed);
      else
        $display("FAIL %0d bytes differ, %0d rules of the buses broken, %0d other errors, stall %0d %%, latency %0d, seed %0d",
                 wrong_bytes, axi_faults + axil_faults, errors, stall, latency, seed);
`ifdef QUILLGEN_TB_FATAL
      if (!passed) $fatal(0);
`endif
      $finish(0);
    end
  endtask

  // ---- A hang: nothing moves on the memory port.

  reg        running = 1'b0;  // a job was started
  reg [31:0] still   = 32'd0;

  always @(posedge clk) begin
    still <= still + 32'd1;
    if (reset || (m_axi_arvalid && m_axi_arready) || (m_axi_awvalid && m_axi_awready) ||
        (m_axi_wvalid && m_axi_wready) || (m_axi_rvalid && m_axi_rready) || (m_axi_bvalid && m_axi_bready))
      still <= 32'd0;
    if (still > hang_limit) begin
      $display("error: cycle %0d: hang: no transfer on the memory port for %0d cycles", cycle, still);
      errors = errors + 1;
      finish(1'b0);
    end
  end

  // ---- The job, line by line (host.txt). All of it moves at clock edges, so that no simulator has a choice.

  localparam integer LINE_BITS = DATA_BITS > 64 ? DATA_BITS : 64;
  localparam [2:0] IN_RESET = 3'd0, NEXT = 3'd1, WRITE = 3'd2, READ = 3'd3, IRQ = 3'd4, PAUSE = 3'd5, QUIET = 3'd6,
                   DONE = 3'd7;

  reg [8*512-1:0]     job, name;
  reg [8*8-1:0]       what;
  reg [8*64-1:0]      region;
  reg [63:0]          address, region_base, region_bytes;
  reg [LINE_BITS-1:0] value, mask;
  reg [31:0]          error_code;
  reg [DATA_BITS-1:0] expected [0:WORDS-1];
  reg [2:0]           state = IN_RESET;
  reg                 going = 1'b1, found;  // going: no line has failed
  integer             file = 0, line = 0, fields, word, at, count = 0;
  reg [31:0]          random;
  reg [1:0]           random_address = 2'd0, random_data = 2'd0;  // cycles before each of a write

  task draw;
    begin
      random = random ^ (random << 13);
      random = random ^ (random >> 17);
      random = random ^ (random << 5);
    end
  endtask

  task fail_line;
    begin
      errors = errors + 1;
      going  = 1'b0;
    end
  endtask

  task start_read(input [11:0] register);
    begin
      s_axil_araddr  <= register;
      s_axil_arvalid <= 1'b1;
      state = READ;
    end
  endtask

  // Reads a line and begins what it says.
  task next_line;
    begin
      line = line + 1;
      fields = $fscanf(file, "%s %h %h %h", what, address, value, mask);
      if (fields != 4) begin
        $display("error: %0s: line %0d cannot be read", name, line);
        fail_line;
      end else if (what == "format") begin
        if (address != FORMAT) begin
          $display("error: %0s: format %0d of a packed job, and this bench knows %0d: pack it anew", name, address, FORMAT);
          fail_line;
        end else if (value[63:0] != DESIGN) begin
          $display("error: %0s: packed for design %h, and this is %h: pack it for this one", name, value[63:0], DESIGN);
          fail_line;
        end
      end else if (what == "memory") begin
        base  = address;
        bytes = value[63:0];
        used  = bytes / BYTES;
        if (used > WORDS) begin
          $display("error: %0s: %0d words of memory, and the bench was compiled for %0d: compile it with the job.vh there",
                   name, used, WORDS);
          fail_line;
        end
      end else if (what == "expect") begin
        start_read(address[11:0]);
      end else if (what == "wait") begin
        if (by_interrupt) state = IRQ;
        else start_read(address[11:0]);
      end else if (what == "write") begin
        if (address[11:0] == REGISTER_START) begin
          running = 1'b1;
          if (!quiet) $display("cycle %0d: start", cycle);
        end
        state = WRITE;
        count = 0;
      end else if (what == "store") begin
        word = (address - base) / BYTES;
        for (at = 0; at < BYTES; at = at + 1) if (mask[at]) memory.mem[word][8*at +: 8] = value[8*at +: 8];
      end else if (what == "end") begin
        state = QUIET;
        count = 0;
      end else begin
        $display("error: %0s: line %0d is none that this bench knows", name, line);
        fail_line;
      end
    end
  endtask

  // A register was read: what the line says of it. Behind a failure ERROR and ERROR_DETAIL are read.
  task answer(input [31:0] got);
    begin
      state = NEXT;
      if (!going) begin
        if (s_axil_araddr == REGISTER_ERROR) begin
          error_code = got;
          start_read(REGISTER_ERROR_DETAIL);
        end else begin
          $display("error: ERROR is %0d, ERROR_DETAIL %h (registers.md)", error_code, got);
        end
      end else if (what == "expect") begin
        if ((got & mask[31:0]) !== (value[31:0] & mask[31:0])) begin
          $display("error: cycle %0d: register %h is %h, expected %h (line %0d of %0s)", cycle, s_axil_araddr, got,
                   value[31:0], line, name);
          fail_line;
          if (running) start_read(REGISTER_ERROR);
        end
      end else if ((got & mask[31:0]) == 32'd0) begin
        state = PAUSE;
        count = 0;
      end else begin
        if (irq !== 1'b1) begin
          $display("error: cycle %0d: irq is %b while register %h is %h", cycle, irq, s_axil_araddr, got);
          fail_line;
        end
        if (!quiet) $display("cycle %0d: register %h is %h", cycle, s_axil_araddr, got);
      end
    end
  endtask

  // The first two lines say for which design it is and how much memory there is.
  task begin_job;
    begin
      if (going) next_line;
      if (going) next_line;
      if (going) begin
        $sformat(name, "%0s/memory.hex", job);
        $readmemh(name, memory.mem, 0, used - 1);
        $sformat(name, "%0s/host.txt", job);
      end
    end
  endtask

  // The end: quiet on the port, then memory.
  task conclude;
    begin
      if (going && !memory_idle) begin
        $display("error: cycle %0d: the job has ended, but the memory port has not", cycle);
        fail_line;
      end
      if (running) compare_memory;
      finish(going && wrong_bytes == 0 && axi_faults == 0 && axil_faults == 0 && errors == 0);
    end
  endtask

  // Address and data of a write rise independently; readies come and go.
  always @(posedge clk) begin
    draw;
    s_axil_bready <= random[8] && state == WRITE && !(s_axil_bvalid && s_axil_bready);
    s_axil_rready <= random[9] && state == READ && !(s_axil_rvalid && s_axil_rready);
    if (s_axil_awvalid && s_axil_awready) s_axil_awvalid <= 1'b0;
    if (s_axil_wvalid && s_axil_wready) s_axil_wvalid <= 1'b0;
    if (s_axil_arvalid && s_axil_arready) s_axil_arvalid <= 1'b0;
    count = count + 1;
    if (state == IN_RESET) begin
      if (count == 1) begin_job;
      if (count == 8) released <= 1'b1;
      if (count == 12 || !going) state = NEXT;
    end else if (state == WRITE) begin
      if (count == 1 + random_address) begin
        s_axil_awaddr  <= address[11:0];
        s_axil_awvalid <= 1'b1;
      end
      if (count == 1 + random_data) begin
        s_axil_wdata  <= value[31:0];
        s_axil_wvalid <= 1'b1;
      end
      if (s_axil_bvalid && s_axil_bready) state = NEXT;
    end else if (state == READ) begin
      if (s_axil_rvalid && s_axil_rready) answer(s_axil_rdata);
    end else if (state == IRQ) begin
      if (irq === 1'b1) start_read(address[11:0]);
    end else if (state == PAUSE) begin
      if (count == POLL_GAP) start_read(address[11:0]);
    end else if (state == QUIET) begin
      if (count == 64) begin
        conclude;
        state = DONE;
      end
    end
    while (state == NEXT && going) next_line;
    if (state == NEXT && !going) begin
      conclude;
      state = DONE;
    end
    if (state != WRITE) begin
      random_address = random[1:0];
      random_data    = random[3:2];
    end
  end

  // What of `expected` is not there: every byte is counted, ten are told.
  task compare_memory;
    begin
      $sformat(name, "%0s/expected.hex", job);
      $readmemh(name, expected, 0, used - 1);
      for (word = 0; word < used; word = word + 1)
        if (memory.mem[word] !== expected[word])
          for (at = 0; at < BYTES; at = at + 1)
            if (memory.mem[word][8*at +: 8] !== expected[word][8*at +: 8]) begin
              wrong_bytes = wrong_bytes + 1;
              if (wrong_bytes <= 10) begin
                address = base + word * BYTES + at;
                find_region;
                $display("error: %0s, byte %0d at address %h: expected %h, got %h", region, address - region_base, address,
                         expected[word][8*at +: 8], memory.mem[word][8*at +: 8]);
              end
            end
    end
  endtask

  // The region that `address` is in, by regions.txt.
  task find_region;
    begin
      found = 1'b0;
      $sformat(name, "%0s/regions.txt", job);
      file = $fopen(name, "r");
      fields = 3;
      while (file != 0 && !found && fields == 3) begin
        fields = $fscanf(file, "%s %h %h", region, region_base, region_bytes);
        found = fields == 3 && address >= region_base && address - region_base < region_bytes;
      end
      if (file != 0) $fclose(file);
      if (!found) begin
        region      = "between the regions";
        region_base = base;
      end
    end
  endtask

  initial begin
`ifdef QUILLGEN_TB_WAVES
    $dumpfile("quillgen_tb.vcd");
    $dumpvars(0, quillgen_tb);
`endif
    if (!$value$plusargs("stall=%d", stall)) stall = 0;
    if (!$value$plusargs("latency=%d", latency)) latency = 20;
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    by_interrupt = $test$plusargs("irq") != 0;
    quiet        = $test$plusargs("QUIET") != 0;
    if (stall > 95) stall = 95;
    if (latency < 1) latency = 1;
    if (!$value$plusargs("timeout=%d", hang_limit)) hang_limit = (20000 + 20 * latency) * 100 / (100 - stall);
    random = seed * 32'd2246822519 + 32'd1;
    if (random == 32'd0) random = 32'd1;
    if (!$value$plusargs("job=%s", job)) begin
      $display("error: no job: give +job=DIR, a folder that `quillgen pack` wrote");
      fail_line;
    end else begin
      $sformat(name, "%0s/host.txt", job);
      file = $fopen(name, "r");
      if (file == 0) begin
        $display("error: %0s: cannot be read", name);
        fail_line;
      end
    end
  end

endmodule

`default_nettype wire
