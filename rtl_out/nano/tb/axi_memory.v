// axi_memory
//
// The memory behind the AXI4 port of a bench: reads and writes of INCR bursts of the full width. Each channel withholds
// its ready or valid in `stall` percent of the cycles, by itself; the first beat of a read comes `latency` cycles after
// its address, a response as long after the last data. Reads of one ID keep their order; a beat in four goes to another
// ID that is due. What it drives follows from `seed` alone, in every simulator. While a valid is 0 its payload is noise.
// Bursts that leave the memory are answered DECERR.
`default_nettype none

module axi_memory #(
  parameter integer DATA_BITS    = 64,
  parameter integer ADDRESS_BITS = 40,
  parameter integer ID_BITS      = 3,
  parameter integer WORDS        = 1024  // of DATA_BITS, at most
) (
  input  wire                    clk,
  input  wire                    reset,
  // Set before the reset ends
  input  wire [63:0]             base,     // address of the first word
  input  wire [31:0]             used,     // words that are there
  input  wire [31:0]             stall,    // percent
  input  wire [31:0]             latency,  // cycles, at least 1
  input  wire [31:0]             seed,
  // Write address
  input  wire [ID_BITS-1:0]      awid,
  input  wire [ADDRESS_BITS-1:0] awaddr,
  input  wire [7:0]              awlen,
  input  wire                    awvalid,
  output reg                     awready,
  // Write data
  input  wire [DATA_BITS-1:0]    wdata,
  input  wire [DATA_BITS/8-1:0]  wstrb,
  input  wire                    wvalid,
  output reg                     wready,
  // Write response
  output reg  [ID_BITS-1:0]      bid,
  output reg  [1:0]              bresp,
  output reg                     bvalid,
  input  wire                    bready,
  // Read address
  input  wire [ID_BITS-1:0]      arid,
  input  wire [ADDRESS_BITS-1:0] araddr,
  input  wire [7:0]              arlen,
  input  wire                    arvalid,
  output reg                     arready,
  // Read data
  output reg  [ID_BITS-1:0]      rid,
  output reg  [DATA_BITS-1:0]    rdata,
  output reg  [1:0]              rresp,
  output reg                     rlast,
  output reg                     rvalid,
  input  wire                    rready
);

  localparam integer IDS   = 1 << ID_BITS;
  localparam integer OPEN  = 256;  // bursts of an ID, and writes; no address is taken while so many are open
  localparam integer BYTES = DATA_BITS / 8;
  localparam [1:0]   OKAY = 2'd0, DECERR = 2'd3;

  reg [DATA_BITS-1:0] mem [0:WORDS-1];

  // Reads: a queue an ID. Place i of the queue of an ID is at ID * OPEN + i.
  reg [63:0]        read_word [0:IDS*OPEN-1];  // number of the next word
  reg [8:0]         read_left [0:IDS*OPEN-1];  // beats
  reg [31:0]        read_due  [0:IDS*OPEN-1];
  integer           read_first [0:IDS-1], read_count [0:IDS-1];
  integer           reads;
  // Writes: addresses in their order, then responses in theirs.
  reg [63:0]        write_word [0:OPEN-1];
  reg [8:0]         write_left [0:OPEN-1];
  reg [ID_BITS-1:0] write_id   [0:OPEN-1];
  reg [1:0]         write_answer [0:OPEN-1];
  reg [31:0]        write_due  [0:OPEN-1];
  integer           write_first, write_data, write_last;  // first without response, first without its data, next free

  reg [31:0] now, random;
  reg        due;
  reg [63:0] word;
  integer    id, place, i;

  // The next random number, by xorshift.
  task draw;
    begin
      random = random ^ (random << 13);
      random = random ^ (random >> 17);
      random = random ^ (random << 5);
    end
  endtask

  // Sets `due` unless the channel is stalled in this cycle.
  task unless_stalled;
    begin
      due = 1'b1;
      if (stall != 0) begin
        draw;
        due = random % 100 >= stall;
      end
    end
  endtask

  always @(posedge clk) begin
    if (reset) begin
      awready <= 1'b0;
      wready  <= 1'b0;
      bvalid  <= 1'b0;
      arready <= 1'b0;
      rvalid  <= 1'b0;
      now    = 0;
      random = seed * 32'd2654435761 + 32'd12345;
      if (random == 0) random = 1;
      for (i = 0; i < IDS; i = i + 1) begin
        read_first[i] = 0;
        read_count[i] = 0;
      end
      reads       = 0;
      id          = 0;
      write_first = 0;
      write_data  = 0;
      write_last  = 0;
    end else begin
      now = now + 1;

      // Addresses and data that are taken at this edge.
      if (arvalid && arready) begin
        place = arid * OPEN + (read_first[arid] + read_count[arid]) % OPEN;
        read_word[place] = (araddr - base) / BYTES;
        read_left[place] = arlen + 9'd1;
        read_due[place]  = now + latency - 1;
        read_count[arid] = read_count[arid] + 1;
        reads = reads + 1;
      end
      if (awvalid && awready) begin
        place = write_last % OPEN;
        write_word[place]   = (awaddr - base) / BYTES;
        write_left[place]   = awlen + 9'd1;
        write_id[place]     = awid;
        write_answer[place] = OKAY;
        write_last = write_last + 1;
      end
      if (wvalid && wready) begin
        place = write_data % OPEN;
        word  = write_word[place];
        if (word >= used) write_answer[place] = DECERR;
        else
          for (i = 0; i < BYTES; i = i + 1)
            if (wstrb[i]) mem[word][8*i +: 8] = wdata[8*i +: 8];
        write_word[place] = word + 1;
        write_left[place] = write_left[place] - 9'd1;
        if (write_left[place] == 0) begin
          write_due[place] = now + latency - 1;
          write_data = write_data + 1;
        end
      end

      // Read data.
      if (!rvalid || rready) begin
        draw;
        if (random[9:8] == 2'd0) id = (id + random[15:10]) % IDS;
        i = 0;
        while (i < IDS && (read_count[id] == 0 || $signed(now - read_due[id * OPEN + read_first[id]]) < 0)) begin
          id = (id + 1) % IDS;
          i = i + 1;
        end
        unless_stalled;
        if (i < IDS && due) begin
          place = id * OPEN + read_first[id];
          word  = read_word[place];
          rvalid <= 1'b1;
          rid    <= id;
          rdata  <= word < used ? mem[word] : {DATA_BITS{1'b0}};
          rresp  <= word < used ? OKAY : DECERR;
          rlast  <= read_left[place] == 9'd1;
          read_word[place] = word + 1;
          read_left[place] = read_left[place] - 9'd1;
          if (read_left[place] == 0) begin
            read_first[id] = (read_first[id] + 1) % OPEN;
            read_count[id] = read_count[id] - 1;
            reads = reads - 1;
          end
        end else begin
          rvalid <= 1'b0;
          rid    <= random[31:16];
          rdata  <= {(DATA_BITS + 31) / 32{random}};
          rresp  <= random[1:0];
          rlast  <= random[2];
        end
      end

      // Write responses.
      if (!bvalid || bready) begin
        place = write_first % OPEN;
        unless_stalled;
        if (write_first != write_data && $signed(now - write_due[place]) >= 0 && due) begin
          bvalid <= 1'b1;
          bid    <= write_id[place];
          bresp  <= write_answer[place];
          write_first = write_first + 1;
        end else begin
          bvalid <= 1'b0;
          bid    <= random[31:16];
          bresp  <= random[1:0];
        end
      end

      // What can be taken at the next edge.
      unless_stalled;
      arready <= due && reads < OPEN - 1;
      unless_stalled;
      awready <= due && write_last - write_first < OPEN - 1;
      unless_stalled;
      wready  <= due && write_data != write_last;
    end
  end

endmodule

`default_nettype wire
