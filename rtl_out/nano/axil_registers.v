// axil_registers
//
// AXI4-Lite registers: identification, capabilities, descriptor address, start, status, counters. Addresses that
// are not in the map read 0 and ignore writes.
`default_nettype none

module axil_registers (
  input  wire        clk,
  input  wire        rst,
  input  wire        awvalid,
  input  wire [11:0] awaddr,
  input  wire        wvalid,
  input  wire [31:0] wdata,
  input  wire [3:0]  wstrb,
  input  wire        bready,
  output wire        awready,
  output wire        wready,
  output reg         bvalid,
  output wire        start,
  output wire [63:0] descriptor,
  input  wire        busy,
  input  wire        done,
  input  wire [3:0]  error,
  input  wire [31:0] job_id,
  input  wire [31:0] counter_cycles,
  input  wire [31:0] counter_setup,
  input  wire [31:0] counter_fill,
  input  wire [31:0] counter_sample,
  input  wire [31:0] counter_wait_feature,
  input  wire [31:0] counter_wait_output,
  input  wire [31:0] counter_wait_point,
  input  wire [31:0] counter_drain,
  input  wire [31:0] counter_samples,
  input  wire [31:0] counter_line_hits,
  input  wire [31:0] counter_line_misses,
  input  wire [31:0] counter_bytes_job,
  input  wire [31:0] counter_bytes_query,
  input  wire [31:0] counter_bytes_reference,
  input  wire [31:0] counter_bytes_feature,
  input  wire [31:0] counter_bytes_output,
  input  wire        arvalid,
  input  wire [11:0] araddr,
  input  wire        rready,
  output wire        arready,
  output reg         rvalid,
  output reg  [31:0] rdata
);

  // Write: address and data are taken independently, the register is written when both are there.
  reg aw_held;
  reg w_held;
  reg [9:0] write_address;
  reg [31:0] write_data;
  reg write_all;
  assign awready = !aw_held;
  assign wready = !w_held;
  wire write = aw_held && w_held && (!bvalid || bready);

  always @(posedge clk)
    if (rst) aw_held <= 1'b0;
    else if (write) aw_held <= 1'b0;
    else if (awvalid) aw_held <= 1'b1;

  always @(posedge clk)
    if (rst) w_held <= 1'b0;
    else if (write) w_held <= 1'b0;
    else if (wvalid) w_held <= 1'b1;

  always @(posedge clk)
    if (awready) write_address <= awaddr[11:2];

  always @(posedge clk)
    if (wready) begin
      write_data <= wdata;
      write_all <= wstrb == 4'd15;
    end

  always @(posedge clk)
    if (rst) bvalid <= 1'b0;
    else if (write) bvalid <= 1'b1;
    else if (bready) bvalid <= 1'b0;

  // Descriptor address and start.
  reg [31:0] descriptor_low;
  reg [31:0] descriptor_high;
  wire descriptor_low_term = write && write_all;

  always @(posedge clk)
    if (rst) descriptor_low <= 32'd0;
    else if (descriptor_low_term && (write_address == 10'd8)) descriptor_low <= write_data;

  always @(posedge clk)
    if (rst) descriptor_high <= 32'd0;
    else if (descriptor_low_term && (write_address == 10'd9)) descriptor_high <= write_data;

  assign start = descriptor_low_term && (write_address == 10'd10) && write_data[0];
  assign descriptor = {descriptor_high, descriptor_low};

  // Read.
  assign arready = !rvalid || rready;

  always @(posedge clk)
    if (rst) rvalid <= 1'b0;
    else if (arready) rvalid <= arvalid;

  wire [31:0] rdata_choice = (araddr[11:2] == 10'd29) ? counter_bytes_reference :
        (araddr[11:2] == 10'd30) ? counter_bytes_feature :
        (araddr[11:2] == 10'd31) ? counter_bytes_output : 32'd0;
  wire [31:0] rdata_choice_2 = (araddr[11:2] == 10'd27) ? counter_bytes_job :
        (araddr[11:2] == 10'd28) ? counter_bytes_query : rdata_choice;
  wire [31:0] rdata_choice_3 = (araddr[11:2] == 10'd25) ? counter_line_hits :
        (araddr[11:2] == 10'd26) ? counter_line_misses : rdata_choice_2;
  wire [31:0] rdata_choice_4 = (araddr[11:2] == 10'd23) ? counter_drain :
        (araddr[11:2] == 10'd24) ? counter_samples : rdata_choice_3;
  wire [31:0] rdata_choice_5 = (araddr[11:2] == 10'd21) ? counter_wait_output :
        (araddr[11:2] == 10'd22) ? counter_wait_point : rdata_choice_4;
  wire [31:0] rdata_choice_6 = (araddr[11:2] == 10'd19) ? counter_sample :
        (araddr[11:2] == 10'd20) ? counter_wait_feature : rdata_choice_5;
  wire [31:0] rdata_choice_7 = (araddr[11:2] == 10'd17) ? counter_setup :
        (araddr[11:2] == 10'd18) ? counter_fill : rdata_choice_6;
  wire [31:0] rdata_choice_8 = (araddr[11:2] == 10'd13) ? job_id :
        (araddr[11:2] == 10'd16) ? counter_cycles : rdata_choice_7;
  wire [31:0] rdata_choice_9 = (araddr[11:2] == 10'd11) ? {29'd0, {error != 4'd0, done, busy}} :
        (araddr[11:2] == 10'd12) ? {28'd0, error} : rdata_choice_8;
  wire [31:0] rdata_choice_10 = (araddr[11:2] == 10'd8) ? descriptor_low :
        (araddr[11:2] == 10'd9) ? descriptor_high : rdata_choice_9;
  wire [31:0] rdata_choice_11 = (araddr[11:2] == 10'd3) ? 32'h100010 :
        (araddr[11:2] == 10'd4) ? 32'h40 :
        (araddr[11:2] == 10'd5) ? 32'h280040 : rdata_choice_10;

  always @(posedge clk)
    if (arready && arvalid) rdata <= (araddr[11:2] == 10'd0) ? 32'h5155494C :
        (araddr[11:2] == 10'd1) ? 32'd1 :
        (araddr[11:2] == 10'd2) ? 32'h22020004 : rdata_choice_11;

  wire [1:0] unused_part = awaddr[1:0];
  wire [1:0] unused_part_2 = araddr[1:0];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, unused_part, unused_part_2};

endmodule
`default_nettype wire
