// parameter_loader
//
// Takes the beats of parameters and writes them, entry by entry, into the memories of the blocks: a panel (the
// first two tables, as long as is said, into the lower or the upper half of the memories of the PE array), or the
// other tables of an attention layer.
`default_nettype none

module parameter_loader (
  input  wire        clk,
  input  wire        rst,
  input  wire        start_panel,
  input  wire        start_rest,
  input  wire        upper_half,
  input  wire [2:0]  panel_entries,
  input  wire [5:0]  panel_words,
  input  wire        beat_valid,
  input  wire [63:0] beat,
  output wire        gemm_requant_enable,
  output wire [1:0]  gemm_requant_bank,
  output wire [2:0]  gemm_requant_address,
  output wire [53:0] gemm_requant_data,
  output wire        gemm_weights_enable,
  output wire        gemm_weights_bank,
  output wire [4:0]  gemm_weights_address,
  output wire [63:0] gemm_weights_data,
  output wire        head_requant_enable,
  output wire        head_requant_bank,
  output wire [1:0]  head_requant_address,
  output wire [21:0] head_requant_data,
  output wire        output_weights_enable,
  output wire        output_weights_bank,
  output wire [1:0]  output_weights_address,
  output wire [15:0] output_weights_data,
  output wire        output_requant_enable,
  output wire        output_requant_bank,
  output wire        output_requant_address,
  output wire [53:0] output_requant_data
);

  // Position: table, word, bank, beat of the entry.
  reg active;
  reg [2:0] table_index;
  reg [4:0] word;
  reg [4:0] address;
  reg [1:0] bank;
  wire [1:0] last_bank_choice = table_index[2] ? (table_index[1] ? 2'd1 :
        table_index[0] ? 2'd1 : 2'd0) :
        table_index[0] ? 2'd0 : 2'd3;
  wire last_bank = bank == last_bank_choice;
  wire [4:0] last_word_difference = panel_words[4:0] - 5'd1;
  wire [2:0] last_word_difference_2 = panel_entries - 3'd1;
  wire [4:0] last_word_choice = table_index[1] ? (table_index[0] ? 5'd11 : 5'd5) :
        table_index[0] ? last_word_difference : {2'd0, last_word_difference_2};
  wire last_word = word == (table_index[2] ? (table_index[1] ? 5'd1 : 5'd3) : last_word_choice);
  wire step = active && beat_valid;
  wire entry = step;
  wire row = entry && last_bank;
  wire end_of_table = row && last_word;
  wire is_table_0 = table_index == 3'd0;
  wire is_table_1 = table_index == 3'd1;
  wire is_table_2 = table_index == 3'd2;
  wire is_table_3 = table_index == 3'd3;
  wire is_table_4 = table_index == 3'd4;
  wire is_table_5 = table_index == 3'd5;
  wire is_table_6 = table_index == 3'd6;
  wire end_of_load = end_of_table && (is_table_1 || is_table_6);

  always @(posedge clk)
    if (rst) bank <= 2'd0;
    else if (row) bank <= 2'd0;
    else if (entry) bank <= bank + 2'd1;

  always @(posedge clk)
    if (rst) word <= 5'd0;
    else if (end_of_table) word <= 5'd0;
    else if (row) word <= word + 5'd1;

  always @(posedge clk)
    if (rst) table_index <= 3'd0;
    else if (start_panel) table_index <= 3'd0;
    else if (start_rest) table_index <= 3'd2;
    else if (end_of_table) table_index <= table_index + 3'd1;

  always @(posedge clk)
    if (rst) active <= 1'b0;
    else if (start_panel || start_rest) active <= 1'b1;
    else if (end_of_load) active <= 1'b0;

  // A panel lies in its half; the tables of the queries behind those of the tokens.
  always @(posedge clk)
    if (start_panel) address <= upper_half ? 5'd3 : 5'd0;
    else if (start_rest) address <= 5'd1;
    else if (end_of_table && is_table_0) address <= upper_half ? 5'd16 : 5'd0;
    else if (end_of_table && is_table_2) address <= 5'd2;
    else if (end_of_table) address <= 5'd0;
    else if (row) address <= address + 5'd1;

  // The entry.
  assign gemm_requant_enable = entry && (is_table_0 || is_table_2);
  assign gemm_requant_address = address[2:0];
  assign gemm_requant_data = beat[53:0];
  assign gemm_weights_enable = entry && (is_table_1 || is_table_3);
  assign head_requant_enable = entry && is_table_4;
  assign head_requant_address = address[1:0];
  assign head_requant_data = beat[21:0];
  assign output_weights_enable = entry && is_table_5;
  assign output_weights_bank = bank[0];
  assign output_weights_data = beat[15:0];
  assign output_requant_enable = entry && is_table_6;
  assign output_requant_address = address[0];

  assign gemm_requant_bank = bank;
  assign gemm_weights_bank = 1'b0;
  assign gemm_weights_address = address;
  assign gemm_weights_data = beat;
  assign head_requant_bank = 1'b0;
  assign output_weights_address = head_requant_address;
  assign output_requant_bank = output_weights_bank;
  assign output_requant_data = gemm_requant_data;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, panel_words[5]};

endmodule
`default_nettype wire
