// axil_registers
//
// AXI4-Lite registers (registers.md). Addresses that are not in the map read 0 and ignore writes, as do writes of
// less than four bytes.
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
  output wire        abort,
  output wire        soft_reset,
  output wire [63:0] descriptor,
  output reg  [31:0] timeout,
  input  wire        event_refused,
  input  wire        event_failed,
  output wire        failure_pending,
  input  wire        event_done,
  output reg         irq,
  input  wire        queue_empty,
  input  wire        queue_full,
  input  wire        quarantined,
  input  wire        failed,
  input  wire        done,
  input  wire        busy,
  input  wire [3:0]  error,
  input  wire [7:0]  error_detail,
  input  wire [31:0] job_id,
  input  wire        job_ended,
  input  wire [31:0] counter_cycles,
  input  wire [31:0] counter_setup,
  input  wire [31:0] counter_project,
  input  wire [31:0] counter_fill,
  input  wire [31:0] counter_sample,
  input  wire [31:0] counter_wait_feature,
  input  wire [31:0] counter_wait_output,
  input  wire [31:0] counter_wait_point,
  input  wire [31:0] counter_drain,
  input  wire [31:0] counter_gemm_busy,
  input  wire [31:0] counter_gemm_rows,
  input  wire [31:0] counter_gemm_room,
  input  wire [31:0] counter_gemm_idle,
  input  wire [31:0] counter_gemm_project,
  input  wire [31:0] counter_wait_query,
  input  wire [31:0] counter_samples,
  input  wire [31:0] counter_line_hits,
  input  wire [31:0] counter_line_misses,
  input  wire [31:0] counter_bytes_job,
  input  wire [31:0] counter_bytes_query,
  input  wire [31:0] counter_bytes_list,
  input  wire [31:0] counter_bytes_reference,
  input  wire [31:0] counter_bytes_feature,
  input  wire [31:0] counter_bytes_output,
  input  wire [31:0] counter_bytes_source,
  input  wire [31:0] counter_bytes_value,
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

  // Which register is written.
  wire write_desc_lo_term = write && write_all;
  wire write_desc_lo = write_desc_lo_term && (write_address == 10'd12);
  wire write_desc_hi = write_desc_lo_term && (write_address == 10'd13);
  wire write_start = write_desc_lo_term && (write_address == 10'd14);
  wire write_control = write_desc_lo_term && (write_address == 10'd15);
  wire write_timeout = write_desc_lo_term && (write_address == 10'd20);
  wire write_int_state = write_desc_lo_term && (write_address == 10'd21);
  wire write_int_enable = write_desc_lo_term && (write_address == 10'd22);
  wire write_int_test = write_desc_lo_term && (write_address == 10'd23);
  wire write_snapshot = write_desc_lo_term && (write_address == 10'd24);
  assign soft_reset = write_control && write_data[1];
  reg [31:0] desc_lo;

  always @(posedge clk)
    if (rst) desc_lo <= 32'd0;
    else if (soft_reset) desc_lo <= 32'd0;
    else if (write_desc_lo) desc_lo <= write_data;

  reg [31:0] desc_hi;

  always @(posedge clk)
    if (rst) desc_hi <= 32'd0;
    else if (soft_reset) desc_hi <= 32'd0;
    else if (write_desc_hi) desc_hi <= write_data;

  always @(posedge clk)
    if (rst) timeout <= 32'd0;
    else if (soft_reset) timeout <= 32'd0;
    else if (write_timeout) timeout <= write_data;

  reg [3:0] int_enable;

  always @(posedge clk)
    if (rst) int_enable <= 4'd0;
    else if (soft_reset) int_enable <= 4'd0;
    else if (write_int_enable) int_enable <= write_data[3:0];

  assign start = write_start && write_data[0];
  assign abort = write_control && write_data[0];
  assign descriptor = {desc_hi, desc_lo};

  // Interrupts: an event sets its bit, writing 1 clears it; irq follows a cycle later.
  reg int_step;

  always @(posedge clk)
    if (rst) int_step <= 1'b0;
    else if (soft_reset) int_step <= 1'b0;
    else if (write_int_test && write_data[3]) int_step <= 1'b1;
    else if (write_int_state && write_data[3]) int_step <= 1'b0;

  reg int_refused;

  always @(posedge clk)
    if (rst) int_refused <= 1'b0;
    else if (soft_reset) int_refused <= 1'b0;
    else if (event_refused || (write_int_test && write_data[2])) int_refused <= 1'b1;
    else if (write_int_state && write_data[2]) int_refused <= 1'b0;

  reg int_failed;

  always @(posedge clk)
    if (rst) int_failed <= 1'b0;
    else if (soft_reset) int_failed <= 1'b0;
    else if (event_failed || (write_int_test && write_data[1])) int_failed <= 1'b1;
    else if (write_int_state && write_data[1]) int_failed <= 1'b0;

  reg int_done;

  always @(posedge clk)
    if (rst) int_done <= 1'b0;
    else if (soft_reset) int_done <= 1'b0;
    else if (event_done || (write_int_test && write_data[0])) int_done <= 1'b1;
    else if (write_int_state && write_data[0]) int_done <= 1'b0;

  wire [3:0] int_state = {int_step, int_refused, int_failed, int_done};

  always @(posedge clk)
    if (rst) irq <= 1'b0;
    else irq <= (int_state & int_enable) != 4'd0;

  // State of the accelerator.

  // Counters: all are copied at once.
  wire copy = write_snapshot || job_ended;
  reg [31:0] count_cycles;
  reg [31:0] count_setup;
  reg [31:0] count_project;
  reg [31:0] count_fill;
  reg [31:0] count_sample;
  reg [31:0] count_wait_feature;
  reg [31:0] count_wait_output;
  reg [31:0] count_wait_point;
  reg [31:0] count_drain;
  reg [31:0] count_gemm_busy;
  reg [31:0] count_gemm_rows;
  reg [31:0] count_gemm_room;
  reg [31:0] count_gemm_idle;
  reg [31:0] count_gemm_project;
  reg [31:0] count_wait_query;
  reg [31:0] count_samples;
  reg [31:0] count_line_hits;
  reg [31:0] count_line_misses;
  reg [31:0] count_bytes_job;
  reg [31:0] count_bytes_query;
  reg [31:0] count_bytes_list;
  reg [31:0] count_bytes_reference;
  reg [31:0] count_bytes_feature;
  reg [31:0] count_bytes_output;
  reg [31:0] count_bytes_source;
  reg [31:0] count_bytes_value;

  always @(posedge clk)
    if (rst) begin
      count_cycles <= 32'd0;
      count_setup <= 32'd0;
      count_project <= 32'd0;
      count_fill <= 32'd0;
      count_sample <= 32'd0;
      count_wait_feature <= 32'd0;
      count_wait_output <= 32'd0;
      count_wait_point <= 32'd0;
      count_drain <= 32'd0;
      count_gemm_busy <= 32'd0;
      count_gemm_rows <= 32'd0;
      count_gemm_room <= 32'd0;
      count_gemm_idle <= 32'd0;
      count_gemm_project <= 32'd0;
      count_wait_query <= 32'd0;
      count_samples <= 32'd0;
      count_line_hits <= 32'd0;
      count_line_misses <= 32'd0;
      count_bytes_job <= 32'd0;
      count_bytes_query <= 32'd0;
      count_bytes_list <= 32'd0;
      count_bytes_reference <= 32'd0;
      count_bytes_feature <= 32'd0;
      count_bytes_output <= 32'd0;
      count_bytes_source <= 32'd0;
      count_bytes_value <= 32'd0;
    end else if (copy) begin
      count_cycles <= counter_cycles;
      count_setup <= counter_setup;
      count_project <= counter_project;
      count_fill <= counter_fill;
      count_sample <= counter_sample;
      count_wait_feature <= counter_wait_feature;
      count_wait_output <= counter_wait_output;
      count_wait_point <= counter_wait_point;
      count_drain <= counter_drain;
      count_gemm_busy <= counter_gemm_busy;
      count_gemm_rows <= counter_gemm_rows;
      count_gemm_room <= counter_gemm_room;
      count_gemm_idle <= counter_gemm_idle;
      count_gemm_project <= counter_gemm_project;
      count_wait_query <= counter_wait_query;
      count_samples <= counter_samples;
      count_line_hits <= counter_line_hits;
      count_line_misses <= counter_line_misses;
      count_bytes_job <= counter_bytes_job;
      count_bytes_query <= counter_bytes_query;
      count_bytes_list <= counter_bytes_list;
      count_bytes_reference <= counter_bytes_reference;
      count_bytes_feature <= counter_bytes_feature;
      count_bytes_output <= counter_bytes_output;
      count_bytes_source <= counter_bytes_source;
      count_bytes_value <= counter_bytes_value;
    end

  // Read.
  assign arready = !rvalid;
  wire take_read = arvalid && arready;

  always @(posedge clk)
    if (rst) rvalid <= 1'b0;
    else if (take_read) rvalid <= 1'b1;
    else if (rready) rvalid <= 1'b0;

  wire [31:0] rdata_wide = {26'd0, queue_empty, queue_full, quarantined, failed, done, busy};
  wire [31:0] rdata_choice = (araddr[11:2] == 10'd55) ? count_bytes_output :
        (araddr[11:2] == 10'd56) ? count_bytes_source :
        (araddr[11:2] == 10'd57) ? count_bytes_value : 32'd0;
  wire [31:0] rdata_choice_2 = (araddr[11:2] == 10'd53) ? count_bytes_reference :
        (araddr[11:2] == 10'd54) ? count_bytes_feature : rdata_choice;
  wire [31:0] rdata_choice_3 = (araddr[11:2] == 10'd51) ? count_bytes_query :
        (araddr[11:2] == 10'd52) ? count_bytes_list : rdata_choice_2;
  wire [31:0] rdata_choice_4 = (araddr[11:2] == 10'd49) ? count_line_misses :
        (araddr[11:2] == 10'd50) ? count_bytes_job : rdata_choice_3;
  wire [31:0] rdata_choice_5 = (araddr[11:2] == 10'd47) ? count_samples :
        (araddr[11:2] == 10'd48) ? count_line_hits : rdata_choice_4;
  wire [31:0] rdata_choice_6 = (araddr[11:2] == 10'd45) ? count_gemm_project :
        (araddr[11:2] == 10'd46) ? count_wait_query : rdata_choice_5;
  wire [31:0] rdata_choice_7 = (araddr[11:2] == 10'd43) ? count_gemm_room :
        (araddr[11:2] == 10'd44) ? count_gemm_idle : rdata_choice_6;
  wire [31:0] rdata_choice_8 = (araddr[11:2] == 10'd41) ? count_gemm_busy :
        (araddr[11:2] == 10'd42) ? count_gemm_rows : rdata_choice_7;
  wire [31:0] rdata_choice_9 = (araddr[11:2] == 10'd39) ? count_wait_point :
        (araddr[11:2] == 10'd40) ? count_drain : rdata_choice_8;
  wire [31:0] rdata_choice_10 = (araddr[11:2] == 10'd37) ? count_wait_feature :
        (araddr[11:2] == 10'd38) ? count_wait_output : rdata_choice_9;
  wire [31:0] rdata_choice_11 = (araddr[11:2] == 10'd35) ? count_fill :
        (araddr[11:2] == 10'd36) ? count_sample : rdata_choice_10;
  wire [31:0] rdata_choice_12 = (araddr[11:2] == 10'd33) ? count_setup :
        (araddr[11:2] == 10'd34) ? count_project : rdata_choice_11;
  wire [31:0] rdata_choice_13 = (araddr[11:2] == 10'd26) ? 32'h20 :
        (araddr[11:2] == 10'd27) ? 32'h10 :
        (araddr[11:2] == 10'd32) ? count_cycles : rdata_choice_12;
  wire [31:0] rdata_choice_14 = (araddr[11:2] == 10'd22) ? {28'd0, int_enable} :
        (araddr[11:2] == 10'd25) ? 32'h200 : rdata_choice_13;
  wire [31:0] rdata_choice_15 = (araddr[11:2] == 10'd20) ? timeout :
        (araddr[11:2] == 10'd21) ? {28'd0, int_state} : rdata_choice_14;
  wire [31:0] rdata_choice_16 = (araddr[11:2] == 10'd18) ? {24'd0, error_detail} :
        (araddr[11:2] == 10'd19) ? job_id : rdata_choice_15;
  wire [31:0] rdata_choice_17 = (araddr[11:2] == 10'd16) ? rdata_wide :
        (araddr[11:2] == 10'd17) ? {28'd0, error} : rdata_choice_16;
  wire [31:0] rdata_choice_18 = (araddr[11:2] == 10'd12) ? desc_lo :
        (araddr[11:2] == 10'd13) ? desc_hi : rdata_choice_17;
  wire [31:0] rdata_choice_19 = (araddr[11:2] == 10'd9) ? 32'h2020402 :
        (araddr[11:2] == 10'd10) ? 32'd1 :
        (araddr[11:2] == 10'd11) ? 32'h80010 : rdata_choice_18;
  wire [31:0] rdata_choice_20 = (araddr[11:2] == 10'd6) ? 32'h10842108 :
        (araddr[11:2] == 10'd7) ? 32'h87318E8 :
        (araddr[11:2] == 10'd8) ? 32'h148 : rdata_choice_19;
  wire [31:0] rdata_choice_21 = (araddr[11:2] == 10'd3) ? 32'h100010 :
        (araddr[11:2] == 10'd4) ? 32'h40 :
        (araddr[11:2] == 10'd5) ? 32'h280040 : rdata_choice_20;

  always @(posedge clk)
    if (take_read) rdata <= (araddr[11:2] == 10'd0) ? 32'h5155494C :
        (araddr[11:2] == 10'd1) ? 32'd7 :
        (araddr[11:2] == 10'd2) ? 32'h22020004 : rdata_choice_21;

  assign failure_pending = int_failed;
  wire [1:0] unused_part = awaddr[1:0];
  wire [1:0] unused_part_2 = araddr[1:0];

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, unused_part, unused_part_2};

endmodule
`default_nettype wire
