// feature_buffer
//
// Run-ahead queue and data banks of the line cache. Lines are written in the order they were asked for, each when
// the sample that asked for it reaches the head of the queue; the four corners of a sample are read in one cycle.
//
//   lines = 128
//   run_ahead = 16
`default_nettype none

module feature_buffer (
  input  wire        clk,
  input  wire        rst,
  input  wire        entry_valid,
  output wire        entry_ready,
  input  wire [10:0] entry_weight_0,
  input  wire [10:0] entry_weight_1,
  input  wire [10:0] entry_weight_2,
  input  wire [10:0] entry_weight_3,
  input  wire [4:0]  entry_place_0,
  input  wire [4:0]  entry_place_1,
  input  wire [4:0]  entry_place_2,
  input  wire [4:0]  entry_place_3,
  input  wire [3:0]  entry_fill,
  input  wire [1:0]  entry_line_x,
  input  wire [1:0]  entry_line_y,
  input  wire        entry_last_of_head,
  input  wire        entry_last_of_query,
  input  wire        line_valid,
  output wire        line_ready,
  input  wire [63:0] line,
  output wire        waiting,
  output wire        sample_valid,
  input  wire        sample_ready,
  output wire [15:0] sample_pixel_0,
  output wire [15:0] sample_pixel_1,
  output wire [15:0] sample_pixel_2,
  output wire [15:0] sample_pixel_3,
  output wire [10:0] sample_weight_0,
  output wire [10:0] sample_weight_1,
  output wire [10:0] sample_weight_2,
  output wire [10:0] sample_weight_3,
  output wire        sample_last_of_head,
  output wire        sample_last_of_query
);

  wire queue_out_valid;
  wire [73:0] queue_out_data;
  wire queue_out_ready;

  sram_fifo #(.WIDTH(74), .DEPTH(16)) u_queue (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (entry_valid),
    .in_ready  (entry_ready),
    .in_data   ({entry_last_of_query, entry_last_of_head, entry_line_y, entry_line_x, entry_fill, entry_place_3,
        entry_place_2, entry_place_1, entry_place_0, entry_weight_3, entry_weight_2, entry_weight_1, entry_weight_0}),
    .out_valid (queue_out_valid),
    .out_ready (queue_out_ready),
    .out_data  (queue_out_data)
  );

  // Fill: one line a cycle, lowest parity first.
  reg [3:0] filled;
  wire [3:0] open = queue_out_data[67:64] & ~filled;
  wire [3:0] lowest_sum = ~open + 4'd1;
  wire [3:0] lowest = open & lowest_sum;
  wire [1:0] fill_parity = {lowest[2] || lowest[3], lowest[1] || lowest[3]};
  wire [4:0] fill_address_choice = fill_parity[1] ? (fill_parity[0] ? queue_out_data[63:59] : queue_out_data[58:54]) :
        fill_parity[0] ? queue_out_data[53:49] : queue_out_data[48:44];
  wire [6:0] fill_address = {fill_parity, fill_address_choice};

  // Read: the sample that was filled before. Its line of a pixel is found by the parity of the block that the pixel
  // lies in.
  reg [10:0] reading_weight_0;
  reg [10:0] reading_weight_1;
  reg [10:0] reading_weight_2;
  reg [10:0] reading_weight_3;
  reg [4:0] reading_place_0;
  reg [4:0] reading_place_1;
  reg [4:0] reading_place_2;
  reg [4:0] reading_place_3;
  reg [1:0] reading_line_x;
  reg [1:0] reading_line_y;
  reg reading_last_of_head;
  reg reading_last_of_query;
  reg reading_valid;
  wire [4:0] read_address_0_choice = reading_line_x[0] ? reading_place_3 : reading_place_2;
  wire [4:0] read_address_0_choice_2 = reading_line_x[0] ? reading_place_1 : reading_place_0;
  wire [6:0] read_address_0 = {reading_line_y[0], reading_line_x[0],
      reading_line_y[0] ? read_address_0_choice : read_address_0_choice_2};
  wire needs_pixel_0 = reading_weight_0 != 11'd0;
  wire [4:0] read_address_1_choice = reading_line_x[1] ? reading_place_3 : reading_place_2;
  wire [4:0] read_address_1_choice_2 = reading_line_x[1] ? reading_place_1 : reading_place_0;
  wire [6:0] read_address_1 = {reading_line_y[0], reading_line_x[1],
      reading_line_y[0] ? read_address_1_choice : read_address_1_choice_2};
  wire needs_pixel_1 = reading_weight_1 != 11'd0;
  wire [6:0] read_address_2 = {reading_line_y[1], reading_line_x[0],
      reading_line_y[1] ? read_address_0_choice : read_address_0_choice_2};
  wire needs_pixel_2 = reading_weight_2 != 11'd0;
  wire [6:0] read_address_3 = {reading_line_y[1], reading_line_x[1],
      reading_line_y[1] ? read_address_1_choice : read_address_1_choice_2};
  wire needs_pixel_3 = reading_weight_3 != 11'd0;
  wire busy_term = (needs_pixel_0 && (read_address_0 == fill_address)) ||
      (needs_pixel_1 && (read_address_1 == fill_address));
  wire busy_term_2 = busy_term || (needs_pixel_2 && (read_address_2 == fill_address)) ||
      (needs_pixel_3 && (read_address_3 == fill_address));
  wire busy = busy_term_2 && reading_valid;
  wire write_line_equal = open == 4'd0;
  wire write_line = queue_out_valid && line_valid && !write_line_equal && !busy;
  assign line_ready = queue_out_valid && !write_line_equal && !busy;
  wire complete = write_line_equal || (write_line && (open == lowest));
  wire take_sample = queue_out_valid && queue_out_ready;

  always @(posedge clk)
    if (rst) filled <= 4'd0;
    else if (take_sample) filled <= 4'd0;
    else if (write_line) filled <= filled | lowest;

  // Data in the cycle after the read, kept until they are taken.
  reg [10:0] read_weight_0;
  reg [10:0] read_weight_1;
  reg [10:0] read_weight_2;
  reg [10:0] read_weight_3;
  reg read_last_of_head;
  reg read_last_of_query;
  reg read_valid;
  wire issue = reading_valid && (!read_valid || sample_ready);
  assign queue_out_ready = complete && (!reading_valid || issue);

  always @(posedge clk)
    if (rst) reading_valid <= 1'b0;
    else if (take_sample) reading_valid <= 1'b1;
    else if (issue) reading_valid <= 1'b0;

  always @(posedge clk)
    if (take_sample) begin
      reading_weight_0 <= queue_out_data[10:0];
      reading_weight_1 <= queue_out_data[21:11];
      reading_weight_2 <= queue_out_data[32:22];
      reading_weight_3 <= queue_out_data[43:33];
      reading_place_0 <= queue_out_data[48:44];
      reading_place_1 <= queue_out_data[53:49];
      reading_place_2 <= queue_out_data[58:54];
      reading_place_3 <= queue_out_data[63:59];
      reading_line_x <= queue_out_data[69:68];
      reading_line_y <= queue_out_data[71:70];
      reading_last_of_head <= queue_out_data[72];
      reading_last_of_query <= queue_out_data[73];
    end

  always @(posedge clk)
    if (rst) read_valid <= 1'b0;
    else if (issue) read_valid <= 1'b1;
    else if (sample_ready) read_valid <= 1'b0;

  always @(posedge clk)
    if (issue) begin
      read_weight_0 <= reading_weight_0;
      read_weight_1 <= reading_weight_1;
      read_weight_2 <= reading_weight_2;
      read_weight_3 <= reading_weight_3;
      read_last_of_head <= reading_last_of_head;
      read_last_of_query <= reading_last_of_query;
    end

  // Data banks. A line holds one pixel of each parity.
  wire [15:0] pixels_0_q;
  wire pixels_0_read_term = issue && needs_pixel_0;

  sram_1r1w #(.WIDTH(16), .DEPTH(128), .ADDRESS_BITS(7)) u_pixels_0 (
    .clk           (clk),
    .write         (write_line),
    .write_address (fill_address),
    .write_data    (line[15:0]),
    .read          (pixels_0_read_term),
    .read_address  (read_address_0),
    .read_data     (pixels_0_q)
  );

  wire [15:0] pixels_1_q;
  wire pixels_1_read_term = issue && needs_pixel_1;

  sram_1r1w #(.WIDTH(16), .DEPTH(128), .ADDRESS_BITS(7)) u_pixels_1 (
    .clk           (clk),
    .write         (write_line),
    .write_address (fill_address),
    .write_data    (line[31:16]),
    .read          (pixels_1_read_term),
    .read_address  (read_address_1),
    .read_data     (pixels_1_q)
  );

  wire [15:0] pixels_2_q;
  wire pixels_2_read_term = issue && needs_pixel_2;

  sram_1r1w #(.WIDTH(16), .DEPTH(128), .ADDRESS_BITS(7)) u_pixels_2 (
    .clk           (clk),
    .write         (write_line),
    .write_address (fill_address),
    .write_data    (line[47:32]),
    .read          (pixels_2_read_term),
    .read_address  (read_address_2),
    .read_data     (pixels_2_q)
  );

  wire [15:0] pixels_3_q;
  wire pixels_3_read_term = issue && needs_pixel_3;

  sram_1r1w #(.WIDTH(16), .DEPTH(128), .ADDRESS_BITS(7)) u_pixels_3 (
    .clk           (clk),
    .write         (write_line),
    .write_address (fill_address),
    .write_data    (line[63:48]),
    .read          (pixels_3_read_term),
    .read_address  (read_address_3),
    .read_data     (pixels_3_q)
  );

  assign waiting = queue_out_valid && !complete;
  assign sample_pixel_0 = (read_weight_0 == 11'd0) ? 16'd0 : pixels_0_q;
  assign sample_pixel_1 = (read_weight_1 == 11'd0) ? 16'd0 : pixels_1_q;
  assign sample_pixel_2 = (read_weight_2 == 11'd0) ? 16'd0 : pixels_2_q;
  assign sample_pixel_3 = (read_weight_3 == 11'd0) ? 16'd0 : pixels_3_q;

  assign sample_valid = read_valid;
  assign sample_weight_0 = read_weight_0;
  assign sample_weight_1 = read_weight_1;
  assign sample_weight_2 = read_weight_2;
  assign sample_weight_3 = read_weight_3;
  assign sample_last_of_head = read_last_of_head;
  assign sample_last_of_query = read_last_of_query;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(110)) check_sample (
    .clk(clk), .rst(rst), .valid(read_valid), .ready(sample_ready), .payload({sample_pixel_0, sample_pixel_1,
        sample_pixel_2, sample_pixel_3, read_weight_0, read_weight_1, read_weight_2, read_weight_3, read_last_of_head,
        read_last_of_query})
  );
`endif

endmodule
`default_nettype wire
