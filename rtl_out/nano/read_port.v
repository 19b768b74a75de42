// read_port
//
// AXI read channels: round robin between the clients, one ID each. Data are taken at once, since each client
// reserved their place. While halt is 1 no new burst is asked for.
//
//   clients = 5
`default_nettype none

module read_port (
  input  wire        clk,
  input  wire        rst,
  input  wire        halt,
  input  wire        client_0_valid,
  output wire        client_0_ready,
  input  wire [39:0] client_0_address,
  input  wire [7:0]  client_0_length,
  input  wire        client_1_valid,
  output wire        client_1_ready,
  input  wire [39:0] client_1_address,
  input  wire [7:0]  client_1_length,
  input  wire        client_2_valid,
  output wire        client_2_ready,
  input  wire [39:0] client_2_address,
  input  wire [7:0]  client_2_length,
  input  wire        client_3_valid,
  output wire        client_3_ready,
  input  wire [39:0] client_3_address,
  input  wire [7:0]  client_3_length,
  input  wire        client_4_valid,
  output wire        client_4_ready,
  input  wire [39:0] client_4_address,
  input  wire [7:0]  client_4_length,
  input  wire        arready,
  output reg         arvalid,
  output wire [2:0]  arid,
  output wire [39:0] araddr,
  output wire [7:0]  arlen,
  input  wire        rvalid,
  input  wire [2:0]  rid,
  input  wire [1:0]  rresp,
  input  wire        rlast,
  output wire        data_valid_0,
  output wire        data_valid_1,
  output wire        data_valid_2,
  output wire        data_valid_3,
  output wire        data_valid_4,
  output wire        error,
  output wire        waiting,
  output wire        progress
);

  // Round robin: the first client after the last one served that asks.
  reg [2:0] served;
  wire asks_next_4 = client_4_valid && (served < 3'd4);
  wire asks_next_3 = client_3_valid && (served < 3'd3);
  wire asks_next_2 = client_2_valid && (served < 3'd2);
  wire asks_next_1 = client_1_valid && (served < 3'd1);
  wire any_asks = client_4_valid || client_3_valid || client_2_valid || client_1_valid || client_0_valid;
  wire [2:0] first_client_choice = client_1_valid ? 3'd1 :
        client_2_valid ? 3'd2 :
        client_3_valid ? 3'd3 :
        client_4_valid ? 3'd4 : served;
  wire [2:0] first_client = client_0_valid ? 3'd0 : first_client_choice;
  wire [2:0] next_client = asks_next_1 ? 3'd1 :
        asks_next_2 ? 3'd2 :
        asks_next_3 ? 3'd3 :
        asks_next_4 ? 3'd4 : served;
  wire [2:0] choice = (asks_next_4 || asks_next_3 || asks_next_2 || asks_next_1) ? next_client : first_client;

  // The choice is held until the bus has taken it.
  reg [2:0] held_id;
  reg [39:0] held_burst_address;
  reg [7:0] held_burst_length;
  wire load = !arvalid || arready;
  wire admit = load && !halt;
  assign client_0_ready = admit && (choice == 3'd0);
  assign client_1_ready = admit && (choice == 3'd1);
  assign client_2_ready = admit && (choice == 3'd2);
  assign client_3_ready = admit && (choice == 3'd3);
  assign client_4_ready = admit && (choice == 3'd4);

  always @(posedge clk)
    if (rst) arvalid <= 1'b0;
    else if (load) arvalid <= any_asks && !halt;

  wire [39:0] held_burst_address_choice = choice[1] ? (choice[0] ? client_3_address : client_2_address) :
        choice[0] ? client_1_address : client_0_address;
  wire [7:0] held_burst_length_choice = choice[1] ? (choice[0] ? client_3_length : client_2_length) :
        choice[0] ? client_1_length : client_0_length;

  always @(posedge clk)
    if (load) begin
      held_id <= choice;
      held_burst_address <= choice[2] ? client_4_address : held_burst_address_choice;
      held_burst_length <= choice[2] ? client_4_length : held_burst_length_choice;
    end

  always @(posedge clk)
    if (rst) served <= 3'd0;
    else if (admit && any_asks) served <= choice;

  // Read data go to the client of their ID, if it has a burst open: bursts asked for and not yet answered to the
  // last beat. What nobody asked for is dropped. Bit 1 of the response marks an error.
  wire asked = arvalid && arready;
  reg [2:0] open_0;
  wire is_open_0 = open_0 != 3'd0;
  wire beat_0 = rvalid && (rid == 3'd0) && is_open_0;
  wire asked_0 = asked && (held_id == 3'd0);
  wire answered_0 = beat_0 && rlast;

  always @(posedge clk)
    if (rst) open_0 <= 3'd0;
    else if (asked_0 && !answered_0) open_0 <= open_0 + 3'd1;
    else if (answered_0 && !asked_0) open_0 <= open_0 - 3'd1;

  reg [5:0] open_1;
  wire is_open_1 = open_1 != 6'd0;
  wire beat_1 = rvalid && (rid == 3'd1) && is_open_1;
  wire asked_1 = asked && (held_id == 3'd1);
  wire answered_1 = beat_1 && rlast;

  always @(posedge clk)
    if (rst) open_1 <= 6'd0;
    else if (asked_1 && !answered_1) open_1 <= open_1 + 6'd1;
    else if (answered_1 && !asked_1) open_1 <= open_1 - 6'd1;

  reg [6:0] open_2;
  wire is_open_2 = open_2 != 7'd0;
  wire beat_2 = rvalid && (rid == 3'd2) && is_open_2;
  wire asked_2 = asked && (held_id == 3'd2);
  wire answered_2 = beat_2 && rlast;

  always @(posedge clk)
    if (rst) open_2 <= 7'd0;
    else if (asked_2 && !answered_2) open_2 <= open_2 + 7'd1;
    else if (answered_2 && !asked_2) open_2 <= open_2 - 7'd1;

  reg [2:0] open_3;
  wire is_open_3 = open_3 != 3'd0;
  wire beat_3 = rvalid && (rid == 3'd3) && is_open_3;
  wire asked_3 = asked && (held_id == 3'd3);
  wire answered_3 = beat_3 && rlast;

  always @(posedge clk)
    if (rst) open_3 <= 3'd0;
    else if (asked_3 && !answered_3) open_3 <= open_3 + 3'd1;
    else if (answered_3 && !asked_3) open_3 <= open_3 - 3'd1;

  reg [3:0] open_4;
  wire is_open_4 = open_4 != 4'd0;
  wire beat_4 = rvalid && (rid == 3'd4) && is_open_4;
  wire asked_4 = asked && (held_id == 3'd4);
  wire answered_4 = beat_4 && rlast;

  always @(posedge clk)
    if (rst) open_4 <= 4'd0;
    else if (asked_4 && !answered_4) open_4 <= open_4 + 4'd1;
    else if (answered_4 && !asked_4) open_4 <= open_4 - 4'd1;

  wire expected = beat_0 || beat_1 || beat_2 || beat_3 || beat_4;
  assign error = expected && rresp[1];
  assign waiting = arvalid || is_open_0 || is_open_1 || is_open_2 || is_open_3 || is_open_4;
  assign progress = asked || expected;

  assign arid = held_id;
  assign araddr = held_burst_address;
  assign arlen = held_burst_length;
  assign data_valid_0 = beat_0;
  assign data_valid_1 = beat_1;
  assign data_valid_2 = beat_2;
  assign data_valid_3 = beat_3;
  assign data_valid_4 = beat_4;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, rresp[0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  always @(posedge clk) begin : checks
    if (rst) begin
    end else begin
`ifdef FORMAL
      assert (!asked_0 || (open_0 != 3'd4));
      assert (!asked_1 || (open_1 != 6'd32));
      assert (!asked_2 || (open_2 != 7'd64));
      assert (!asked_3 || (open_3 != 3'd4));
      assert (!asked_4 || (open_4 != 4'd8));
`else
      if (asked_0 && (open_0 == 3'd4)) $fatal(1, "%m: no more bursts of client 0 are open than there is room for");
      if (asked_1 && (open_1 == 6'd32)) $fatal(1, "%m: no more bursts of client 1 are open than there is room for");
      if (asked_2 && (open_2 == 7'd64)) $fatal(1, "%m: no more bursts of client 2 are open than there is room for");
      if (asked_3 && (open_3 == 3'd4)) $fatal(1, "%m: no more bursts of client 3 are open than there is room for");
      if (asked_4 && (open_4 == 4'd8)) $fatal(1, "%m: no more bursts of client 4 are open than there is room for");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
