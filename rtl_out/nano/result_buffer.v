// result_buffer
//
// Results of rows of the PE array, output n of a row in bank n mod banks, so that adjacent outputs are written
// together and read together as they lie in memory.
//
//   banks = 8
//   words = 1
//   map_unit = 2
//   dense_unit = 8
`default_nettype none

module result_buffer (
  input  wire        clk,
  input  wire        rst,
  input  wire        dense,
  input  wire        relu,
  input  wire        restart,
  input  wire        result_valid,
  input  wire [2:0]  result_slot,
  input  wire [2:0]  result_tile,
  input  wire [12:0] result_value_0,
  input  wire [12:0] result_value_1,
  input  wire [12:0] result_value_2,
  input  wire [12:0] result_value_3,
  input  wire        read_valid,
  output wire        read_ready,
  input  wire [2:0]  read_slot,
  input  wire [1:0]  read_unit,
  input  wire [3:0]  read_live,
  output wire        beat_valid,
  input  wire        beat_ready,
  output wire [63:0] beat
);

  // In its format: saturated, and not negative where that is asked for.
  reg write;
  reg [2:0] write_slot;

  always @(posedge clk)
    if (rst) write <= 1'b0;
    else write <= result_valid;

  always @(posedge clk)
    write_slot <= result_slot;

  reg [1:0] first_word;

  always @(posedge clk)
    first_word <= result_tile[2:1];

  reg first_bank;

  always @(posedge clk)
    first_bank <= result_tile[0];

  wire in_row = first_word < 2'd1;
  reg [7:0] value_0;
  wire [7:0] value_0_choice = ((result_value_0[12:7] == 6'd0) ||
      (result_value_0[12:7] == 6'd63)) ? result_value_0[7:0] :
        result_value_0[12] ? 8'd128 : 8'd127;

  always @(posedge clk)
    value_0 <= dense ? ((relu && result_value_0[12]) ? 8'd0 : value_0_choice) : value_0_choice;

  reg [7:0] value_1;
  wire [7:0] value_1_choice = ((result_value_1[12:7] == 6'd0) ||
      (result_value_1[12:7] == 6'd63)) ? result_value_1[7:0] :
        result_value_1[12] ? 8'd128 : 8'd127;

  always @(posedge clk)
    value_1 <= dense ? ((relu && result_value_1[12]) ? 8'd0 : value_1_choice) : value_1_choice;

  reg [7:0] value_2;
  wire [7:0] value_2_choice = ((result_value_2[12:7] == 6'd0) ||
      (result_value_2[12:7] == 6'd63)) ? result_value_2[7:0] :
        result_value_2[12] ? 8'd128 : 8'd127;

  always @(posedge clk)
    value_2 <= dense ? ((relu && result_value_2[12]) ? 8'd0 : value_2_choice) : value_2_choice;

  reg [7:0] value_3;
  wire [7:0] value_3_choice = ((result_value_3[12:7] == 6'd0) ||
      (result_value_3[12:7] == 6'd63)) ? result_value_3[7:0] :
        result_value_3[12] ? 8'd128 : 8'd127;

  always @(posedge clk)
    value_3 <= dense ? ((relu && result_value_3[12]) ? 8'd0 : value_3_choice) : value_3_choice;

  // Each bank takes the output that is its own, if there is one; outputs beyond the row are dropped.
  wire advance;
  wire fetch = read_valid && advance && (read_live != 4'd0);
  assign read_ready = advance;

  // Only banks that have what is asked for are read: the others may never have been written.
  wire bank_0_write = write && in_row && !first_bank;
  wire bank_0_read_equal = read_unit == 2'd0;
  wire bank_0_read = fetch && (dense ? (read_live > 4'd0) : bank_0_read_equal);
  wire [7:0] bank_0_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_0 (
    .clk           (clk),
    .write         (bank_0_write),
    .write_address (write_slot),
    .write_data    (value_0),
    .read          (bank_0_read),
    .read_address  (read_slot),
    .read_data     (bank_0_q)
  );

  wire bank_1_write = bank_0_write;
  wire bank_1_read = fetch && (dense ? (read_live > 4'd1) : bank_0_read_equal);
  wire [7:0] bank_1_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_1 (
    .clk           (clk),
    .write         (bank_1_write),
    .write_address (write_slot),
    .write_data    (value_1),
    .read          (bank_1_read),
    .read_address  (read_slot),
    .read_data     (bank_1_q)
  );

  wire bank_2_write = bank_0_write;
  wire bank_2_read_equal = read_unit == 2'd1;
  wire bank_2_read = fetch && (dense ? (read_live > 4'd2) : bank_2_read_equal);
  wire [7:0] bank_2_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_2 (
    .clk           (clk),
    .write         (bank_2_write),
    .write_address (write_slot),
    .write_data    (value_2),
    .read          (bank_2_read),
    .read_address  (read_slot),
    .read_data     (bank_2_q)
  );

  wire bank_3_write = bank_0_write;
  wire bank_3_read = fetch && (dense ? (read_live > 4'd3) : bank_2_read_equal);
  wire [7:0] bank_3_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_3 (
    .clk           (clk),
    .write         (bank_3_write),
    .write_address (write_slot),
    .write_data    (value_3),
    .read          (bank_3_read),
    .read_address  (read_slot),
    .read_data     (bank_3_q)
  );

  wire bank_4_write = write && in_row && first_bank;
  wire bank_4_read_equal = read_unit == 2'd2;
  wire bank_4_read = fetch && (dense ? (read_live > 4'd4) : bank_4_read_equal);
  wire [7:0] bank_4_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_4 (
    .clk           (clk),
    .write         (bank_4_write),
    .write_address (write_slot),
    .write_data    (value_0),
    .read          (bank_4_read),
    .read_address  (read_slot),
    .read_data     (bank_4_q)
  );

  wire bank_5_write = bank_4_write;
  wire bank_5_read = fetch && (dense ? (read_live > 4'd5) : bank_4_read_equal);
  wire [7:0] bank_5_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_5 (
    .clk           (clk),
    .write         (bank_5_write),
    .write_address (write_slot),
    .write_data    (value_1),
    .read          (bank_5_read),
    .read_address  (read_slot),
    .read_data     (bank_5_q)
  );

  wire bank_6_write = bank_4_write;
  wire bank_6_read_equal = read_unit == 2'd3;
  wire bank_6_read = fetch && (dense ? (read_live > 4'd6) : bank_6_read_equal);
  wire [7:0] bank_6_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_6 (
    .clk           (clk),
    .write         (bank_6_write),
    .write_address (write_slot),
    .write_data    (value_2),
    .read          (bank_6_read),
    .read_address  (read_slot),
    .read_data     (bank_6_q)
  );

  wire bank_7_write = bank_4_write;
  wire bank_7_read = fetch && (dense ? (read_live > 4'd7) : bank_6_read_equal);
  wire [7:0] bank_7_q;

  sram_1r1w #(.WIDTH(8), .DEPTH(8), .ADDRESS_BITS(3)) u_bank_7 (
    .clk           (clk),
    .write         (bank_7_write),
    .write_address (write_slot),
    .write_data    (value_3),
    .read          (bank_7_read),
    .read_address  (read_slot),
    .read_data     (bank_7_q)
  );

  // What is read goes out as whole bytes, a unit of the map or a beat of a row of a dense job.
  reg unit_valid;
  reg [1:0] unit_part;

  always @(posedge clk)
    if (advance) unit_part <= read_unit;

  reg [3:0] unit_live;

  always @(posedge clk)
    if (rst) unit_valid <= 1'b0;
    else if (advance) unit_valid <= read_valid;

  always @(posedge clk)
    if (advance) unit_live <= read_live;

  wire map_ready;
  wire collect_word_out_valid;
  wire [63:0] collect_word_out;
  wire collect_word_out_ready;
  wire collect_word_in_valid_term = unit_valid && !dense;
  wire [15:0] collect_word_in_choice = unit_part[1] ? (unit_part[0] ? {bank_7_q, bank_6_q} : {bank_5_q, bank_4_q}) :
        unit_part[0] ? {bank_3_q, bank_2_q} : {bank_1_q, bank_0_q};
  wire [15:0] collect_word_in_choice_2 = (unit_live == 4'd0) ? 16'd0 : collect_word_in_choice;

  row_resize_16_to_64_of_3 u_collect (
    .clk            (clk),
    .rst            (rst),
    .restart        (restart),
    .last_word      (3'd3),
    .word_in_valid  (collect_word_in_valid_term),
    .word_in_ready  (map_ready),
    .word_in        (collect_word_in_choice_2),
    .word_out_valid (collect_word_out_valid),
    .word_out_ready (collect_word_out_ready),
    .word_out       (collect_word_out)
  );

  assign collect_word_out_ready = beat_ready && !dense;
  assign advance = !unit_valid || (dense ? beat_ready : map_ready);
  assign beat_valid = dense ? unit_valid : collect_word_out_valid;
  assign beat = dense ? {(unit_live > 4'd7) ? bank_7_q : 8'd0, (unit_live > 4'd6) ? bank_6_q : 8'd0,
      (unit_live > 4'd5) ? bank_5_q : 8'd0, (unit_live > 4'd4) ? bank_4_q : 8'd0, (unit_live > 4'd3) ? bank_3_q : 8'd0,
      (unit_live > 4'd2) ? bank_2_q : 8'd0, (unit_live > 4'd1) ? bank_1_q : 8'd0,
      (unit_live > 4'd0) ? bank_0_q : 8'd0} : collect_word_out;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(64)) check_beat (
    .clk(clk), .rst(rst), .valid(beat_valid), .ready(beat_ready), .payload(beat)
  );
`endif

endmodule
`default_nettype wire
