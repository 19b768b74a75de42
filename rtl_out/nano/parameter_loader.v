// parameter_loader
//
// Takes the beats of the parameter image and writes them, entry by entry, into the memories of the blocks.
`default_nettype none

module parameter_loader (
  input  wire         clk,
  input  wire         rst,
  input  wire         start,
  input  wire         beat_valid,
  output wire         beat_ready,
  input  wire [63:0]  beat,
  output wire         finished,
  output wire         query_weights_enable,
  output wire [1:0]   query_weights_bank,
  output wire [3:0]   query_weights_address,
  output wire [15:0]  query_weights_data,
  output wire         query_requant_enable,
  output wire         query_requant_bank,
  output wire [2:0]   query_requant_address,
  output wire [161:0] query_requant_data,
  output wire         head_requant_enable,
  output wire         head_requant_bank,
  output wire [1:0]   head_requant_address,
  output wire [21:0]  head_requant_data,
  output wire         output_weights_enable,
  output wire         output_weights_bank,
  output wire [1:0]   output_weights_address,
  output wire [15:0]  output_weights_data,
  output wire         output_requant_enable,
  output wire         output_requant_bank,
  output wire         output_requant_address,
  output wire [53:0]  output_requant_data
);

  assign beat_ready = 1'b1;

  // Position in the image: table, word, bank, beat of the entry.
  reg active;
  reg [2:0] table_index;
  reg [3:0] word;
  reg [1:0] bank;
  reg [1:0] part;
  wire last_part = part == (table_index[2] ? 2'd0 :
        table_index[1] ? 2'd0 :
        table_index[0] ? 2'd2 : 2'd0);
  wire [1:0] last_bank_choice = table_index[2] ? 2'd1 :
        table_index[1] ? (table_index[0] ? 2'd1 : 2'd0) :
        table_index[0] ? 2'd0 : 2'd2;
  wire last_bank = bank == last_bank_choice;
  wire last_word = word == (table_index[2] ? 4'd1 :
        table_index[1] ? 4'd3 :
        table_index[0] ? 4'd7 : 4'd15);
  wire step = active && beat_valid;
  wire entry = step && last_part;
  wire row = entry && last_bank;
  wire end_of_table = row && last_word;
  wire end_of_image_equal = table_index == 3'd4;
  wire end_of_image = end_of_table && end_of_image_equal;

  always @(posedge clk)
    if (rst) part <= 2'd0;
    else if (entry) part <= 2'd0;
    else if (step) part <= part + 2'd1;

  always @(posedge clk)
    if (rst) bank <= 2'd0;
    else if (row) bank <= 2'd0;
    else if (entry) bank <= bank + 2'd1;

  always @(posedge clk)
    if (rst) word <= 4'd0;
    else if (end_of_table) word <= 4'd0;
    else if (row) word <= word + 4'd1;

  always @(posedge clk)
    if (rst) table_index <= 3'd0;
    else if (start) table_index <= 3'd0;
    else if (end_of_table) table_index <= table_index + 3'd1;

  always @(posedge clk)
    if (rst) active <= 1'b0;
    else if (start) active <= 1'b1;
    else if (end_of_image) active <= 1'b0;

  // Earlier beats of the entry.
  reg [63:0] part_0;

  always @(posedge clk)
    if (step && (part == 2'd0)) part_0 <= beat;

  reg [63:0] part_1;

  always @(posedge clk)
    if (step && (part == 2'd1)) part_1 <= beat;

  assign query_weights_enable = entry && (table_index == 3'd0);
  assign query_weights_data = beat[15:0];
  assign query_requant_enable = entry && (table_index == 3'd1);
  assign query_requant_address = word[2:0];
  wire [191:0] query_requant_data_joined = {beat, part_1, part_0};
  assign query_requant_data = query_requant_data_joined[161:0];
  assign head_requant_enable = entry && (table_index == 3'd2);
  assign head_requant_address = word[1:0];
  assign head_requant_data = beat[21:0];
  assign output_weights_enable = entry && (table_index == 3'd3);
  assign output_weights_bank = bank[0];
  assign output_requant_enable = entry && end_of_image_equal;
  assign output_requant_address = word[0];
  assign output_requant_data = beat[53:0];

  assign finished = end_of_image;
  assign query_weights_bank = bank;
  assign query_weights_address = word;
  assign query_requant_bank = 1'b0;
  assign head_requant_bank = 1'b0;
  assign output_weights_address = head_requant_address;
  assign output_weights_data = query_weights_data;
  assign output_requant_bank = output_weights_bank;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, query_requant_data_joined[191:162]};

endmodule
`default_nettype wire
