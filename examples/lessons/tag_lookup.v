// tag_lookup
//
// Tag look-up of the line cache: four tag banks by line parity, checked when a sample is generated. Missing lines
// are entered and asked for at once; the sample goes to the run-ahead queue.
//
//   sets = 4
//   ways = 2
`default_nettype none

module tag_lookup (
  input  wire        clk,
  input  wire        rst,
  input  wire        clear,
  input  wire        corners_valid,
  output wire        corners_ready,
  input  wire [10:0] corners_w00,
  input  wire [10:0] corners_w01,
  input  wire [10:0] corners_w10,
  input  wire [10:0] corners_w11,
  input  wire [6:0]  corners_x0,
  input  wire [6:0]  corners_y0,
  input  wire        corners_head,
  input  wire        corners_level,
  input  wire        corners_last_of_head,
  input  wire        corners_last_of_query,
  output reg         clearing,
  output wire [2:0]  hits,
  output wire [2:0]  misses,
  output wire        miss_valid,
  input  wire        miss_ready,
  output wire        miss_level,
  output wire [3:0]  miss_row,
  output wire [3:0]  miss_column,
  output wire        miss_head,
  output wire        entry_valid,
  input  wire        entry_ready,
  output wire [10:0] entry_weight_0,
  output wire [10:0] entry_weight_1,
  output wire [10:0] entry_weight_2,
  output wire [10:0] entry_weight_3,
  output wire [2:0]  entry_place_0,
  output wire [2:0]  entry_place_1,
  output wire [2:0]  entry_place_2,
  output wire [2:0]  entry_place_3,
  output wire [3:0]  entry_fill,
  output wire [1:0]  entry_line_x,
  output wire [1:0]  entry_line_y,
  output wire        entry_last_of_head,
  output wire        entry_last_of_query
);

  // Walk over all sets at the start of a job: cached lines are dropped.
  reg [1:0] clear_set;

  always @(posedge clk)
    if (rst) clearing <= 1'b0;
    else if (clear) clearing <= 1'b1;
    else if (clear_set == 2'd3) clearing <= 1'b0;

  always @(posedge clk)
    if (rst) clear_set <= 2'd0;
    else if (clearing) clear_set <= clear_set + 2'd1;

  // Sort pixels and lines by parity.
  wire [3:0] column_first = corners_x0[4:1];
  wire column_odd = corners_x0[0];
  wire [3:0] column_second_sum = column_first + 4'd1;
  wire [3:0] column_second = column_odd ? column_second_sum : column_first;
  wire [3:0] column_even_pixel = column_odd ? column_second : column_first;
  wire [3:0] column_even_block = column_first[0] ? column_second : column_first;
  wire [3:0] column_odd_block = column_first[0] ? column_first : column_second;
  wire [1:0] column_parity = {column_first[0], column_even_pixel[0]};
  wire [3:0] row_first = corners_y0[4:1];
  wire row_odd = corners_y0[0];
  wire [3:0] row_second_sum = row_first + 4'd1;
  wire [3:0] row_second = row_odd ? row_second_sum : row_first;
  wire [3:0] row_even_pixel = row_odd ? row_second : row_first;
  wire [3:0] row_even_block = row_first[0] ? row_second : row_first;
  wire [3:0] row_odd_block = row_first[0] ? row_first : row_second;
  wire [1:0] row_parity = {row_first[0], row_even_pixel[0]};
  wire [10:0] upper_even = column_odd ? corners_w01 : corners_w00;
  wire [10:0] upper_odd = column_odd ? corners_w00 : corners_w01;
  wire [10:0] lower_even = column_odd ? corners_w11 : corners_w10;
  wire [10:0] lower_odd = column_odd ? corners_w10 : corners_w11;
  wire [10:0] weight_00 = row_odd ? lower_even : upper_even;
  wire [10:0] weight_01 = row_odd ? lower_odd : upper_odd;
  wire [10:0] weight_10 = row_odd ? upper_even : lower_even;
  wire [10:0] weight_11 = row_odd ? upper_odd : lower_odd;

  // A line is needed if a pixel with a weight lies in it.
  wire reads_00 = weight_00 != 11'd0;
  wire reads_01 = weight_01 != 11'd0;
  wire reads_10 = weight_10 != 11'd0;
  wire reads_11 = weight_11 != 11'd0;
  wire needs_00_term = !row_parity[0];
  wire needs_00_term_2 = !column_parity[0];
  wire needs_00_term_3 = !column_parity[1];
  wire needs_00_term_4 = (needs_00_term && needs_00_term_2 && reads_00) ||
      (needs_00_term && needs_00_term_3 && reads_01);
  wire needs_00_term_5 = !row_parity[1];
  wire needs_00 = needs_00_term_4 || (needs_00_term_5 && needs_00_term_2 && reads_10) ||
      (needs_00_term_5 && needs_00_term_3 && reads_11);
  wire needs_01_term = (needs_00_term && column_parity[0] && reads_00) ||
      (needs_00_term && column_parity[1] && reads_01);
  wire needs_01 = needs_01_term || (needs_00_term_5 && column_parity[0] && reads_10) ||
      (needs_00_term_5 && column_parity[1] && reads_11);
  wire needs_10_term = (row_parity[0] && needs_00_term_2 && reads_00) ||
      (row_parity[0] && needs_00_term_3 && reads_01);
  wire needs_10 = needs_10_term || (row_parity[1] && needs_00_term_2 && reads_10) ||
      (row_parity[1] && needs_00_term_3 && reads_11);
  wire needs_11_term = (row_parity[0] && column_parity[0] && reads_00) ||
      (row_parity[0] && column_parity[1] && reads_01);
  wire needs_11 = needs_11_term || (row_parity[1] && column_parity[0] && reads_10) ||
      (row_parity[1] && column_parity[1] && reads_11);
  wire [3:0] needed = {needs_11, needs_10, needs_01, needs_00};
  wire [1:0] level_spread = {corners_level, 1'b0};
  wire lookup_advance;
  assign corners_ready = lookup_advance;
  wire accept = corners_valid && corners_ready;
  reg line_valid;

  always @(posedge clk)
    if (rst) line_valid <= 1'b0;
    else if (lookup_advance) line_valid <= corners_valid;

  reg [3:0] line_column_0;
  reg [3:0] line_column_1;
  reg [3:0] line_row_0;
  reg [3:0] line_row_1;
  reg [10:0] line_weight_0;
  reg [10:0] line_weight_1;
  reg [10:0] line_weight_2;
  reg [10:0] line_weight_3;
  reg [3:0] line_needed;
  reg [1:0] line_line_x;
  reg [1:0] line_line_y;
  reg line_head;
  reg line_level;
  reg line_last_of_head;
  reg line_last_of_query;

  always @(posedge clk)
    if (lookup_advance) begin
      line_column_0 <= column_even_block;
      line_column_1 <= column_odd_block;
      line_row_0 <= row_even_block;
      line_row_1 <= row_odd_block;
      line_weight_0 <= weight_00;
      line_weight_1 <= weight_01;
      line_weight_2 <= weight_10;
      line_weight_3 <= weight_11;
      line_needed <= needed;
      line_line_x <= column_parity;
      line_line_y <= row_parity;
      line_head <= corners_head;
      line_level <= corners_level;
      line_last_of_head <= corners_last_of_head;
      line_last_of_query <= corners_last_of_query;
    end

  // Tag bank of lines with block row parity 0, block column parity 0. A word: the way to replace next, then for each
  // way {valid, tag}.
  wire [1:0] bank_0_next_set_joined = {column_even_block[1], corners_head};
  wire [3:0] bank_0_next_set_joined_2 = {column_even_block[2], row_even_block[1], bank_0_next_set_joined};
  wire [5:0] bank_0_next_set_joined_3 = {column_even_block[3], row_even_block[2], bank_0_next_set_joined_2};
  wire [7:0] bank_0_next_set_wide = {1'b0, row_even_block[3], bank_0_next_set_joined_3};
  wire [1:0] bank_0_next_set = bank_0_next_set_joined ^ bank_0_next_set_joined_2[3:2] ^ bank_0_next_set_joined_3[5:4] ^ bank_0_next_set_wide[7:6] ^ level_spread;
  reg [1:0] bank_0_set;

  always @(posedge clk)
    if (lookup_advance) bank_0_set <= bank_0_next_set;

  wire bank_0_enter;
  wire [18:0] bank_0_new_word;
  wire bank_0_same_set = bank_0_enter && (bank_0_set == bank_0_next_set);
  reg bank_0_forward;
  reg [18:0] bank_0_forward_word;

  always @(posedge clk)
    if (rst) bank_0_forward <= 1'b0;
    else if (lookup_advance) bank_0_forward <= bank_0_same_set;

  always @(posedge clk)
    if (lookup_advance) bank_0_forward_word <= bank_0_new_word;

  wire [18:0] bank_0_q;
  wire bank_0_write_term = clearing || bank_0_enter;
  wire [1:0] bank_0_write_address_choice = clearing ? clear_set : bank_0_set;
  wire [18:0] bank_0_write_data_choice = clearing ? 19'd0 : bank_0_new_word;
  wire bank_0_read_term = accept && !bank_0_same_set;

  sram_1r1w #(.WIDTH(19), .DEPTH(4), .ADDRESS_BITS(2)) u_bank_0 (
    .clk           (clk),
    .write         (bank_0_write_term),
    .write_address (bank_0_write_address_choice),
    .write_data    (bank_0_write_data_choice),
    .read          (bank_0_read_term),
    .read_address  (bank_0_next_set),
    .read_data     (bank_0_q)
  );

  wire [18:0] bank_0_word = bank_0_forward ? bank_0_forward_word : bank_0_q;
  wire [7:0] bank_0_tag = {line_level, line_head, line_row_0[3:1], line_column_0[3:1]};
  wire [8:0] bank_0_match_0_joined = {1'b1, bank_0_tag};
  wire bank_0_match_0 = bank_0_word[8:0] == bank_0_match_0_joined;
  wire bank_0_match_1 = bank_0_word[17:9] == bank_0_match_0_joined;
  wire bank_0_hit = bank_0_match_0 || bank_0_match_1;
  wire bank_0_missing = line_needed[0] && !bank_0_hit;
  wire bank_0_found = line_needed[0] && bank_0_hit;
  wire bank_0_new_word_sum = bank_0_word[18] + 1'b1;
  assign bank_0_new_word = {bank_0_new_word_sum, bank_0_word[18] ? bank_0_match_0_joined : bank_0_word[17:9],
      bank_0_word[18] ? bank_0_word[8:0] : bank_0_match_0_joined};

  // Tag bank of lines with block row parity 0, block column parity 1. A word: the way to replace next, then for each
  // way {valid, tag}.
  wire [1:0] bank_1_next_set_joined = {column_odd_block[1], corners_head};
  wire [3:0] bank_1_next_set_joined_2 = {column_odd_block[2], row_even_block[1], bank_1_next_set_joined};
  wire [5:0] bank_1_next_set_joined_3 = {column_odd_block[3], row_even_block[2], bank_1_next_set_joined_2};
  wire [7:0] bank_1_next_set_wide = {1'b0, row_even_block[3], bank_1_next_set_joined_3};
  wire [1:0] bank_1_next_set = bank_1_next_set_joined ^ bank_1_next_set_joined_2[3:2] ^ bank_1_next_set_joined_3[5:4] ^ bank_1_next_set_wide[7:6] ^ level_spread;
  reg [1:0] bank_1_set;

  always @(posedge clk)
    if (lookup_advance) bank_1_set <= bank_1_next_set;

  wire bank_1_enter;
  wire [18:0] bank_1_new_word;
  wire bank_1_same_set = bank_1_enter && (bank_1_set == bank_1_next_set);
  reg bank_1_forward;
  reg [18:0] bank_1_forward_word;

  always @(posedge clk)
    if (rst) bank_1_forward <= 1'b0;
    else if (lookup_advance) bank_1_forward <= bank_1_same_set;

  always @(posedge clk)
    if (lookup_advance) bank_1_forward_word <= bank_1_new_word;

  wire [18:0] bank_1_q;
  wire bank_1_write_term = clearing || bank_1_enter;
  wire [1:0] bank_1_write_address_choice = clearing ? clear_set : bank_1_set;
  wire [18:0] bank_1_write_data_choice = clearing ? 19'd0 : bank_1_new_word;
  wire bank_1_read_term = accept && !bank_1_same_set;

  sram_1r1w #(.WIDTH(19), .DEPTH(4), .ADDRESS_BITS(2)) u_bank_1 (
    .clk           (clk),
    .write         (bank_1_write_term),
    .write_address (bank_1_write_address_choice),
    .write_data    (bank_1_write_data_choice),
    .read          (bank_1_read_term),
    .read_address  (bank_1_next_set),
    .read_data     (bank_1_q)
  );

  wire [18:0] bank_1_word = bank_1_forward ? bank_1_forward_word : bank_1_q;
  wire [7:0] bank_1_tag = {line_level, line_head, line_row_0[3:1], line_column_1[3:1]};
  wire [8:0] bank_1_match_0_joined = {1'b1, bank_1_tag};
  wire bank_1_match_0 = bank_1_word[8:0] == bank_1_match_0_joined;
  wire bank_1_match_1 = bank_1_word[17:9] == bank_1_match_0_joined;
  wire bank_1_hit = bank_1_match_0 || bank_1_match_1;
  wire bank_1_missing = line_needed[1] && !bank_1_hit;
  wire bank_1_found = line_needed[1] && bank_1_hit;
  wire bank_1_new_word_sum = bank_1_word[18] + 1'b1;
  assign bank_1_new_word = {bank_1_new_word_sum, bank_1_word[18] ? bank_1_match_0_joined : bank_1_word[17:9],
      bank_1_word[18] ? bank_1_word[8:0] : bank_1_match_0_joined};

  // Tag bank of lines with block row parity 1, block column parity 0. A word: the way to replace next, then for each
  // way {valid, tag}.
  wire [3:0] bank_2_next_set_joined = {column_even_block[2], row_odd_block[1], bank_0_next_set_joined};
  wire [5:0] bank_2_next_set_joined_2 = {column_even_block[3], row_odd_block[2], bank_2_next_set_joined};
  wire [7:0] bank_2_next_set_wide = {1'b0, row_odd_block[3], bank_2_next_set_joined_2};
  wire [1:0] bank_2_next_set = bank_0_next_set_joined ^ bank_2_next_set_joined[3:2] ^ bank_2_next_set_joined_2[5:4] ^ bank_2_next_set_wide[7:6] ^ level_spread;
  reg [1:0] bank_2_set;

  always @(posedge clk)
    if (lookup_advance) bank_2_set <= bank_2_next_set;

  wire bank_2_enter;
  wire [18:0] bank_2_new_word;
  wire bank_2_same_set = bank_2_enter && (bank_2_set == bank_2_next_set);
  reg bank_2_forward;
  reg [18:0] bank_2_forward_word;

  always @(posedge clk)
    if (rst) bank_2_forward <= 1'b0;
    else if (lookup_advance) bank_2_forward <= bank_2_same_set;

  always @(posedge clk)
    if (lookup_advance) bank_2_forward_word <= bank_2_new_word;

  wire [18:0] bank_2_q;
  wire bank_2_write_term = clearing || bank_2_enter;
  wire [1:0] bank_2_write_address_choice = clearing ? clear_set : bank_2_set;
  wire [18:0] bank_2_write_data_choice = clearing ? 19'd0 : bank_2_new_word;
  wire bank_2_read_term = accept && !bank_2_same_set;

  sram_1r1w #(.WIDTH(19), .DEPTH(4), .ADDRESS_BITS(2)) u_bank_2 (
    .clk           (clk),
    .write         (bank_2_write_term),
    .write_address (bank_2_write_address_choice),
    .write_data    (bank_2_write_data_choice),
    .read          (bank_2_read_term),
    .read_address  (bank_2_next_set),
    .read_data     (bank_2_q)
  );

  wire [18:0] bank_2_word = bank_2_forward ? bank_2_forward_word : bank_2_q;
  wire [7:0] bank_2_tag = {line_level, line_head, line_row_1[3:1], line_column_0[3:1]};
  wire [8:0] bank_2_match_0_joined = {1'b1, bank_2_tag};
  wire bank_2_match_0 = bank_2_word[8:0] == bank_2_match_0_joined;
  wire bank_2_match_1 = bank_2_word[17:9] == bank_2_match_0_joined;
  wire bank_2_hit = bank_2_match_0 || bank_2_match_1;
  wire bank_2_missing = line_needed[2] && !bank_2_hit;
  wire bank_2_found = line_needed[2] && bank_2_hit;
  wire bank_2_new_word_sum = bank_2_word[18] + 1'b1;
  assign bank_2_new_word = {bank_2_new_word_sum, bank_2_word[18] ? bank_2_match_0_joined : bank_2_word[17:9],
      bank_2_word[18] ? bank_2_word[8:0] : bank_2_match_0_joined};

  // Tag bank of lines with block row parity 1, block column parity 1. A word: the way to replace next, then for each
  // way {valid, tag}.
  wire [3:0] bank_3_next_set_joined = {column_odd_block[2], row_odd_block[1], bank_1_next_set_joined};
  wire [5:0] bank_3_next_set_joined_2 = {column_odd_block[3], row_odd_block[2], bank_3_next_set_joined};
  wire [7:0] bank_3_next_set_wide = {1'b0, row_odd_block[3], bank_3_next_set_joined_2};
  wire [1:0] bank_3_next_set = bank_1_next_set_joined ^ bank_3_next_set_joined[3:2] ^ bank_3_next_set_joined_2[5:4] ^ bank_3_next_set_wide[7:6] ^ level_spread;
  reg [1:0] bank_3_set;

  always @(posedge clk)
    if (lookup_advance) bank_3_set <= bank_3_next_set;

  wire bank_3_enter;
  wire [18:0] bank_3_new_word;
  wire bank_3_same_set = bank_3_enter && (bank_3_set == bank_3_next_set);
  reg bank_3_forward;
  reg [18:0] bank_3_forward_word;

  always @(posedge clk)
    if (rst) bank_3_forward <= 1'b0;
    else if (lookup_advance) bank_3_forward <= bank_3_same_set;

  always @(posedge clk)
    if (lookup_advance) bank_3_forward_word <= bank_3_new_word;

  wire [18:0] bank_3_q;
  wire bank_3_write_term = clearing || bank_3_enter;
  wire [1:0] bank_3_write_address_choice = clearing ? clear_set : bank_3_set;
  wire [18:0] bank_3_write_data_choice = clearing ? 19'd0 : bank_3_new_word;
  wire bank_3_read_term = accept && !bank_3_same_set;

  sram_1r1w #(.WIDTH(19), .DEPTH(4), .ADDRESS_BITS(2)) u_bank_3 (
    .clk           (clk),
    .write         (bank_3_write_term),
    .write_address (bank_3_write_address_choice),
    .write_data    (bank_3_write_data_choice),
    .read          (bank_3_read_term),
    .read_address  (bank_3_next_set),
    .read_data     (bank_3_q)
  );

  wire [18:0] bank_3_word = bank_3_forward ? bank_3_forward_word : bank_3_q;
  wire [7:0] bank_3_tag = {line_level, line_head, line_row_1[3:1], line_column_1[3:1]};
  wire [8:0] bank_3_match_0_joined = {1'b1, bank_3_tag};
  wire bank_3_match_0 = bank_3_word[8:0] == bank_3_match_0_joined;
  wire bank_3_match_1 = bank_3_word[17:9] == bank_3_match_0_joined;
  wire bank_3_hit = bank_3_match_0 || bank_3_match_1;
  wire bank_3_missing = line_needed[3] && !bank_3_hit;
  wire bank_3_found = line_needed[3] && bank_3_hit;
  wire bank_3_new_word_sum = bank_3_word[18] + 1'b1;
  assign bank_3_new_word = {bank_3_new_word_sum, bank_3_word[18] ? bank_3_match_0_joined : bank_3_word[17:9],
      bank_3_word[18] ? bank_3_word[8:0] : bank_3_match_0_joined};

  // Ask for the missing lines, one a cycle, lowest parity first.
  wire [3:0] missing = {bank_3_missing, bank_2_missing, bank_1_missing, bank_0_missing};
  reg [3:0] asked;
  wire [3:0] open = missing & ~asked;
  wire [3:0] lowest_sum = ~open + 4'd1;
  wire [3:0] lowest = open & lowest_sum;
  wire one_left = open == lowest;
  wire lookup_ready;
  assign lookup_advance = !line_valid || lookup_ready;
  wire requests_done_equal = open == 4'd0;
  wire requests_done = requests_done_equal || (one_left && miss_ready);
  reg queued;
  wire entry_done = queued || entry_ready;
  assign lookup_ready = requests_done && entry_done;
  wire leave = line_valid && lookup_ready;
  assign miss_valid = line_valid && !requests_done_equal;

  always @(posedge clk)
    if (rst) asked <= 4'd0;
    else if (leave) asked <= 4'd0;
    else if (miss_valid && miss_ready) asked <= asked | lowest;

  assign entry_valid = line_valid && !queued;

  always @(posedge clk)
    if (rst) queued <= 1'b0;
    else if (leave) queued <= 1'b0;
    else if (entry_valid && entry_ready) queued <= 1'b1;

  // Lines found and missing, counted in the cycle after the sample left.
  reg [2:0] hits_left;
  wire [1:0] hits_left_sum = bank_0_found + bank_1_found;
  wire [2:0] hits_left_sum_2 = {1'b0, hits_left_sum} + {2'd0, bank_2_found};
  wire [2:0] hits_left_sum_3 = hits_left_sum_2 + {2'd0, bank_3_found};

  always @(posedge clk)
    if (rst) hits_left <= 3'd0;
    else hits_left <= leave ? hits_left_sum_3 : 3'd0;

  reg [2:0] misses_left;
  wire [1:0] misses_left_sum = bank_0_missing + bank_1_missing;
  wire [2:0] misses_left_sum_2 = {1'b0, misses_left_sum} + {2'd0, bank_2_missing};
  wire [2:0] misses_left_sum_3 = misses_left_sum_2 + {2'd0, bank_3_missing};

  always @(posedge clk)
    if (rst) misses_left <= 3'd0;
    else misses_left <= leave ? misses_left_sum_3 : 3'd0;

  assign miss_row = (open[1:0] == 2'd0) ? line_row_1 : line_row_0;
  assign miss_column = (lowest[0] || lowest[2]) ? line_column_0 : line_column_1;
  assign entry_place_0 = {bank_0_set, bank_0_hit ? bank_0_match_1 : bank_0_word[18]};
  assign entry_place_1 = {bank_1_set, bank_1_hit ? bank_1_match_1 : bank_1_word[18]};
  assign entry_place_2 = {bank_2_set, bank_2_hit ? bank_2_match_1 : bank_2_word[18]};
  assign entry_place_3 = {bank_3_set, bank_3_hit ? bank_3_match_1 : bank_3_word[18]};

  // Enter what was missing.
  assign bank_0_enter = leave && bank_0_missing;
  assign bank_1_enter = leave && bank_1_missing;
  assign bank_2_enter = leave && bank_2_missing;
  assign bank_3_enter = leave && bank_3_missing;

  assign hits = hits_left;
  assign misses = misses_left;
  assign miss_level = line_level;
  assign miss_head = line_head;
  assign entry_weight_0 = line_weight_0;
  assign entry_weight_1 = line_weight_1;
  assign entry_weight_2 = line_weight_2;
  assign entry_weight_3 = line_weight_3;
  assign entry_fill = missing;
  assign entry_line_x = line_line_x;
  assign entry_line_y = line_line_y;
  assign entry_last_of_head = line_last_of_head;
  assign entry_last_of_query = line_last_of_query;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, corners_x0[6:5], corners_y0[6:5], column_even_pixel[3:1], row_even_pixel[3:1],
      bank_0_next_set_wide[5:0], bank_1_next_set_wide[5:0], bank_2_next_set_wide[5:0], bank_3_next_set_wide[5:0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(10)) check_miss (
    .clk(clk), .rst(rst), .valid(miss_valid), .ready(miss_ready), .payload({line_level, miss_row, miss_column,
        line_head})
  );
  stream_check #(.WIDTH(66)) check_entry (
    .clk(clk), .rst(rst), .valid(entry_valid), .ready(entry_ready), .payload({line_weight_0, line_weight_1,
        line_weight_2, line_weight_3, entry_place_0, entry_place_1, entry_place_2, entry_place_3, missing, line_line_x,
        line_line_y, line_last_of_head, line_last_of_query})
  );
`endif

endmodule
`default_nettype wire
