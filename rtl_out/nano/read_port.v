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
  output wire        data_valid_0,
  output wire        data_valid_1,
  output wire        data_valid_2,
  output wire        data_valid_3,
  output wire        data_valid_4,
  output wire        error,
  input  wire        rlast,
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

  // Read data go to the client of their ID. Bit 1 of the response marks an error.
  assign data_valid_0 = rvalid && (rid == 3'd0);
  assign data_valid_1 = rvalid && (rid == 3'd1);
  assign data_valid_2 = rvalid && (rid == 3'd2);
  assign data_valid_3 = rvalid && (rid == 3'd3);
  assign data_valid_4 = rvalid && (rid == 3'd4);
  assign error = rvalid && rresp[1];

  // Bursts asked for and not yet answered to the last beat.
  reg [15:0] open;
  wire asked = arvalid && arready;
  wire answered = rvalid && rlast;

  always @(posedge clk)
    if (rst) open <= 16'd0;
    else if (asked && !answered) open <= open + 16'd1;
    else if (answered && !asked) open <= open - 16'd1;

  assign waiting = arvalid || (open != 16'd0);
  assign progress = asked || rvalid;

  assign arid = held_id;
  assign araddr = held_burst_address;
  assign arlen = held_burst_length;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, rresp[0]};

endmodule
`default_nettype wire
