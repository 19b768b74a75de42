// job_descriptor
//
// Takes the words of a descriptor, computes what follows from them, a level a cycle, and finds the first rule that
// they break.
`default_nettype none

module job_descriptor (
  input  wire        clk,
  input  wire        rst,
  input  wire        job_begins,
  input  wire        beat_valid,
  input  wire [63:0] beat,
  output wire        complete,
  input  wire        check,
  output reg  [39:0] start_0,
  output reg  [39:0] start_1,
  input  wire [6:0]  order_held,
  output wire        checked,
  output wire [3:0]  verdict,
  output wire [7:0]  bad_word,
  output reg  [31:0] job_id,
  output wire [6:0]  job_queries,
  output wire [6:0]  job_rows,
  output wire        job_listed,
  output wire        job_order_kept,
  output wire [39:0] job_list_address,
  output wire        job_dense,
  output wire        job_boxes,
  output wire        job_masked,
  output wire        job_map_given,
  output wire        job_relu,
  output wire [39:0] job_query_address,
  output wire [39:0] job_reference_address,
  output wire [39:0] job_value_address,
  output wire [39:0] job_output_address,
  output wire [39:0] job_source_address,
  output wire [31:0] job_query_stride,
  output wire [31:0] job_output_stride,
  output wire [31:0] job_source_stride,
  output wire [9:0]  job_blocks,
  output wire [2:0]  job_last_step,
  output wire [1:0]  job_row_beats,
  output wire [1:0]  job_row_tail,
  output wire [2:0]  job_tail,
  output wire        loads_dense,
  output wire        loads_masked,
  output wire        loads_map_given,
  output wire [39:0] loads_parameter_address,
  output wire [39:0] loads_mask_address,
  output wire [39:0] loads_output_address,
  output wire [9:0]  loads_tokens,
  output wire [2:0]  loads_last_step,
  output wire [15:0] loads_tiles,
  output wire [2:0]  loads_panel_tiles,
  output wire [23:0] loads_tile_beats,
  output wire [17:0] loads_output_beats,
  output wire [1:0]  loads_panel_output_beats,
  output wire [4:0]  levels_width_0,
  output wire [4:0]  levels_width_1,
  output wire [4:0]  levels_height_0,
  output wire [4:0]  levels_height_1
);

  // Descriptor words, kept as they come.
  reg [3:0] beat_index;

  always @(posedge clk)
    if (rst) beat_index <= 4'd0;
    else if (job_begins) beat_index <= 4'd0;
    else if (beat_valid) beat_index <= beat_index + 4'd1;

  wire is_last_beat = beat_index == 4'd15;
  assign complete = beat_valid && is_last_beat;
  reg [31:0] kind;
  reg [31:0] flags;
  reg [31:0] query_count;
  reg [31:0] query_low;
  reg [31:0] query_high;
  wire [63:0] query_pointer = {query_high, query_low};
  reg [31:0] reference_low;
  reg [31:0] reference_high;
  wire [63:0] reference_pointer = {reference_high, reference_low};
  reg [31:0] value_low;
  reg [31:0] value_high;
  wire [63:0] value_pointer = {value_high, value_low};
  reg [31:0] parameter_low;
  reg [31:0] parameter_high;
  wire [63:0] parameter_pointer = {parameter_high, parameter_low};
  reg [31:0] output_low;
  reg [31:0] output_high;
  wire [63:0] output_pointer = {output_high, output_low};
  reg [31:0] source_low;
  reg [31:0] source_high;
  wire [63:0] source_pointer = {source_high, source_low};
  reg [31:0] mask_low;
  reg [31:0] mask_high;
  wire [63:0] mask_pointer = {mask_high, mask_low};
  reg [31:0] list_low;
  reg [31:0] list_high;
  wire [63:0] list_pointer = {list_high, list_low};
  reg [31:0] rows;
  reg [31:0] query_stride;
  reg [31:0] output_stride;
  reg [31:0] source_stride;
  reg [15:0] full_width_0;
  reg [15:0] full_height_0;
  reg [15:0] full_width_1;
  reg [15:0] full_height_1;

  // Of a dense job other words have these places.
  wire take_0 = beat_valid && (beat_index == 4'd0);

  always @(posedge clk)
    if (take_0) begin
      kind <= beat[31:0];
      flags <= beat[63:32];
    end

  wire take_1 = beat_valid && (beat_index == 4'd1);

  always @(posedge clk)
    if (rst) job_id <= 32'd0;
    else if (take_1) job_id <= beat[31:0];

  always @(posedge clk)
    if (take_1) query_count <= beat[63:32];

  wire take_2 = beat_valid && (beat_index == 4'd2);

  always @(posedge clk)
    if (take_2) begin
      query_low <= beat[31:0];
      query_high <= beat[63:32];
    end

  wire take_3 = beat_valid && (beat_index == 4'd3);

  always @(posedge clk)
    if (take_3) begin
      reference_low <= beat[31:0];
      reference_high <= beat[63:32];
    end

  wire take_4 = beat_valid && (beat_index == 4'd4);

  always @(posedge clk)
    if (take_4) begin
      value_low <= beat[31:0];
      value_high <= beat[63:32];
    end

  wire take_5 = beat_valid && (beat_index == 4'd5);

  always @(posedge clk)
    if (take_5) begin
      parameter_low <= beat[31:0];
      parameter_high <= beat[63:32];
    end

  wire take_6 = beat_valid && (beat_index == 4'd6);

  always @(posedge clk)
    if (take_6) begin
      output_low <= beat[31:0];
      output_high <= beat[63:32];
    end

  wire take_7 = beat_valid && (beat_index == 4'd7);

  always @(posedge clk)
    if (take_7) begin
      query_stride <= beat[31:0];
      output_stride <= beat[63:32];
    end

  wire take_8 = beat_valid && (beat_index == 4'd8);

  always @(posedge clk)
    if (take_8) begin
      full_width_0 <= beat[15:0];
      full_height_0 <= beat[31:16];
      full_width_1 <= beat[47:32];
      full_height_1 <= beat[63:48];
    end

  wire take_12_equal = beat_index == 4'd12;
  wire take_12 = beat_valid && take_12_equal;

  always @(posedge clk)
    if (take_12) begin
      source_low <= beat[31:0];
      source_high <= beat[63:32];
    end

  wire take_13_equal = beat_index == 4'd13;
  wire take_13 = beat_valid && take_13_equal;

  always @(posedge clk)
    if (take_13) begin
      mask_low <= beat[31:0];
      mask_high <= beat[63:32];
    end

  wire take_14_equal = beat_index == 4'd14;
  wire take_14 = beat_valid && take_14_equal;

  always @(posedge clk)
    if (take_14) begin
      rows <= beat[63:32];
      source_stride <= beat[31:0];
    end

  wire take_15 = complete;

  always @(posedge clk)
    if (take_15) begin
      list_low <= beat[31:0];
      list_high <= beat[63:32];
    end

  reg reserved_bits;
  wire reserved_bits_term = beat != 64'd0;
  wire reserved_bits_term_2 = ((beat_index == 4'd9) && reserved_bits_term) ||
      ((beat_index == 4'd10) && reserved_bits_term) || ((beat_index == 4'd11) && reserved_bits_term);
  wire reserved_bits_term_3 = reserved_bits_term_2 || (take_12_equal && reserved_bits_term) ||
      (take_13_equal && reserved_bits_term) || (take_14_equal && reserved_bits_term);

  always @(posedge clk)
    if (rst) reserved_bits <= 1'b0;
    else if (job_begins) reserved_bits <= 1'b0;
    else if (beat_valid && (reserved_bits_term_3 || (is_last_beat && reserved_bits_term))) reserved_bits <= 1'b1;

  wire is_dense = kind == 32'h30002;
  wire is_attention = kind == 32'h30001;

  // Check: levels one after the other. Each has ceil(height / 2) * ceil(width / 2) blocks of all heads in the value
  // map.
  reg [2:0] check_step;
  assign checked = check && (check_step == 3'd4);

  always @(posedge clk)
    if (rst) check_step <= 3'd0;
    else if (job_begins) check_step <= 3'd0;
    else if (check && !checked) check_step <= check_step + 3'd1;

  wire placing = check && (check_step < 3'd2);
  assign levels_height_1 = full_height_1[4:0];
  wire [5:0] level_blocks_sum = {1'b0, levels_height_1} + 6'd1;
  assign levels_height_0 = full_height_0[4:0];
  wire [5:0] level_blocks_sum_2 = {1'b0, levels_height_0} + 6'd1;
  wire [4:0] level_blocks_choice = check_step[0] ? level_blocks_sum[5:1] : level_blocks_sum_2[5:1];
  assign levels_width_1 = full_width_1[4:0];
  wire [5:0] level_blocks_sum_3 = {1'b0, levels_width_1} + 6'd1;
  assign levels_width_0 = full_width_0[4:0];
  wire [5:0] level_blocks_sum_4 = {1'b0, levels_width_0} + 6'd1;
  wire [4:0] level_blocks_choice_2 = check_step[0] ? level_blocks_sum_3[5:1] : level_blocks_sum_4[5:1];
  wire [9:0] level_blocks = level_blocks_choice * level_blocks_choice_2;
  wire [4:0] level_tokens_choice = check_step[0] ? levels_height_1 : levels_height_0;
  wire [4:0] level_tokens_choice_2 = check_step[0] ? levels_width_1 : levels_width_0;
  wire [9:0] level_tokens = level_tokens_choice * level_tokens_choice_2;
  reg [11:0] blocks;
  reg [11:0] tokens;
  reg [39:0] place;

  always @(posedge clk)
    if (job_begins) begin
      blocks <= 12'd0;
      tokens <= 12'd0;
    end else if (placing) begin
      blocks <= blocks + {2'd0, level_blocks};
      tokens <= tokens + {2'd0, level_tokens};
    end

  wire [14:0] level_bytes = level_blocks * 5'd16;
  assign job_value_address = value_pointer[39:0];
  wire [39:0] level_start = (check_step == 3'd0) ? job_value_address : place;

  always @(posedge clk)
    if (placing) place <= level_start + {25'd0, level_bytes};

  always @(posedge clk)
    if (placing && !check_step[0]) start_0 <= level_start;

  always @(posedge clk)
    if (placing && check_step[0]) start_1 <= level_start;

  // A dense job: words of a row, and what a tile and a panel take.
  wire [15:0] last_step_difference = full_width_0 - 16'd1;
  wire [14:0] last_step = last_step_difference[15:1];
  wire [15:0] steps = {1'b0, last_step} + 16'd1;
  reg [17:0] panel_words;
  reg [18:0] tile_outputs;
  reg [4:0] panel_outputs;
  reg [23:0] tile_beats;
  wire [16:0] tile_beats_product = steps * 1'b1;
  wire [17:0] tile_beats_sum = {1'b0, tile_beats_product} + 18'd4;

  always @(posedge clk) begin
    panel_words <= full_width_1[1:0] * steps;
    tile_outputs <= full_height_1 * 3'd4;
    panel_outputs <= full_width_1[1:0] * 3'd4;
    tile_beats <= {6'd0, tile_beats_sum};
  end

  wire [16:0] row_beats_sum = {1'b0, full_width_0} + 17'd7;
  wire [13:0] row_beats = row_beats_sum[16:3];
  wire [16:0] output_beats_sum = {1'b0, full_height_0} + 17'd7;
  wire [13:0] output_beats = output_beats_sum[16:3];
  wire [5:0] panel_output_beats_sum = {1'b0, panel_outputs} + 6'd7;
  wire [2:0] panel_output_beats = panel_output_beats_sum[5:3];
  wire one_panel = full_width_1 == full_height_1;

  // The first rule that is broken.
  assign job_map_given = flags[2];
  wire projects = is_attention && !job_map_given;
  wire rule_0_word_0 = !(is_dense || is_attention);
  wire rule_1_word_1 = is_dense ? ((flags & 32'hFFFFFFF7) != 32'd0) : ((flags & 32'hFFFFFFC8) != 32'd0);
  wire rule_2_word_18 = is_dense && reserved_bits;
  wire rule_3_word_3 = (query_count == 32'd0) || (query_count > 32'h40);
  assign job_listed = flags[4];
  wire rule_4_word_29_term = is_attention && job_listed;
  wire rule_4_word_29 = rule_4_word_29_term && ((rows == 32'd0) || (rows > 32'h40));
  assign job_order_kept = flags[5];
  wire rule_5_word_1 = is_attention && job_order_kept && (query_count != {25'd0, order_held});
  wire rule_6_word_16_term = (full_width_0 == 16'd0) || (full_width_0 > 16'h10);
  wire rule_6_word_16_equal = full_height_0 == 16'd0;
  wire rule_6_word_16 = is_attention && (rule_6_word_16_term || rule_6_word_16_equal || (full_height_0 > 16'h10));
  wire rule_7_word_17_equal = full_width_1 == 16'd0;
  wire rule_7_word_17 = is_attention && (rule_7_word_17_equal || (full_width_1 > 16'h10) || (full_height_1 == 16'd0) ||
      (full_height_1 > 16'h10));
  wire rule_8_word_16 = is_attention && (tokens > 12'h200);
  wire rule_9_word_16 = is_dense && (rule_6_word_16_term || rule_6_word_16_equal);
  wire rule_10_word_17_term = rule_7_word_17_equal || (full_width_1 > 16'd2) || (full_height_1 < full_width_1) ||
      (tile_outputs < {3'd0, full_height_0});
  wire [16:0] rule_10_word_17_sum = {1'b0, full_height_0} + 17'd4;
  wire rule_10_word_17_term_2 = rule_10_word_17_term || (tile_outputs >= {2'd0, rule_10_word_17_sum}) || ({1'b0,
      one_panel ? 17'h20 : 17'h10} < panel_words);
  wire rule_10_word_17 = is_dense && (rule_10_word_17_term_2 || ((panel_outputs[2:0] != 3'd0) && !one_panel));
  wire rule_11_word_4 = (query_pointer[5:0] != 6'd0) || (query_pointer[63:40] != 24'd0);
  wire rule_12_word_6 = is_attention && ((reference_pointer[5:0] != 6'd0) || (reference_pointer[63:40] != 24'd0));
  wire rule_13_word_8 = is_attention && ((value_pointer[5:0] != 6'd0) || (value_pointer[63:40] != 24'd0));
  wire rule_14_word_10 = (parameter_pointer[5:0] != 6'd0) || (parameter_pointer[63:40] != 24'd0);
  wire rule_15_word_12 = (output_pointer[5:0] != 6'd0) || (output_pointer[63:40] != 24'd0);
  wire rule_16_word_24 = projects && ((source_pointer[5:0] != 6'd0) || (source_pointer[63:40] != 24'd0));
  wire rule_17_word_26 = projects && flags[1] && ((mask_pointer[5:0] != 6'd0) || (mask_pointer[63:40] != 24'd0));
  wire rule_18_word_30 = rule_4_word_29_term && ((list_pointer[5:0] != 6'd0) || (list_pointer[63:40] != 24'd0));
  wire rule_19_word_14 = (query_stride[2:0] != 3'd0) || (query_stride[31:3] < {11'd0, is_dense ? {4'd0,
      row_beats} : 18'd1});
  assign loads_output_beats = {4'd0, output_beats};
  wire rule_20_word_15 = (output_stride[2:0] != 3'd0) || (output_stride[31:3] < {11'd0,
      is_dense ? loads_output_beats : 18'd1});
  wire rule_21_word_28 = projects && ((source_stride[2:0] != 3'd0) || (source_stride[31:3] < 29'd1));
  wire [3:0] first_error_choice = rule_18_word_30 ? 4'd4 :
        rule_19_word_14 ? 4'd4 :
        rule_20_word_15 ? 4'd4 :
        rule_21_word_28 ? 4'd4 : 4'd0;
  wire [3:0] first_error_choice_2 = rule_14_word_10 ? 4'd4 :
        rule_15_word_12 ? 4'd4 :
        rule_16_word_24 ? 4'd4 :
        rule_17_word_26 ? 4'd4 : first_error_choice;
  wire [3:0] first_error_choice_3 = rule_10_word_17 ? 4'd9 :
        rule_11_word_4 ? 4'd4 :
        rule_12_word_6 ? 4'd4 :
        rule_13_word_8 ? 4'd4 : first_error_choice_2;
  wire [3:0] first_error_choice_4 = rule_6_word_16 ? 4'd3 :
        rule_7_word_17 ? 4'd3 :
        rule_8_word_16 ? 4'd10 :
        rule_9_word_16 ? 4'd9 : first_error_choice_3;
  wire [3:0] first_error_choice_5 = rule_2_word_18 ? 4'd1 :
        rule_3_word_3 ? 4'd2 :
        rule_4_word_29 ? 4'd2 :
        rule_5_word_1 ? 4'd12 : first_error_choice_4;
  wire [3:0] first_error = rule_0_word_0 ? 4'd1 :
        rule_1_word_1 ? 4'd1 : first_error_choice_5;
  wire [7:0] first_word_choice = rule_18_word_30 ? 8'd30 :
        rule_19_word_14 ? 8'd14 :
        rule_20_word_15 ? 8'd15 :
        rule_21_word_28 ? 8'd28 : 8'd0;
  wire [7:0] first_word_choice_2 = rule_14_word_10 ? 8'd10 :
        rule_15_word_12 ? 8'd12 :
        rule_16_word_24 ? 8'd24 :
        rule_17_word_26 ? 8'd26 : first_word_choice;
  wire [7:0] first_word_choice_3 = rule_10_word_17 ? 8'd17 :
        rule_11_word_4 ? 8'd4 :
        rule_12_word_6 ? 8'd6 :
        rule_13_word_8 ? 8'd8 : first_word_choice_2;
  wire [7:0] first_word_choice_4 = rule_6_word_16 ? 8'd16 :
        rule_7_word_17 ? 8'd17 :
        rule_8_word_16 ? 8'd16 :
        rule_9_word_16 ? 8'd16 : first_word_choice_3;
  wire [7:0] first_word_choice_5 = rule_2_word_18 ? 8'd18 :
        rule_3_word_3 ? 8'd3 :
        rule_4_word_29 ? 8'd29 :
        rule_5_word_1 ? 8'd1 : first_word_choice_4;
  wire [7:0] first_word = rule_0_word_0 ? 8'd0 :
        rule_1_word_1 ? 8'd1 : first_word_choice_5;

  // The job.
  assign job_queries = query_count[6:0];
  assign job_rows = rows[6:0];
  assign job_list_address = list_pointer[39:0];
  assign job_boxes = flags[0];
  assign job_masked = flags[1] && !job_map_given;
  assign job_relu = flags[3];
  assign job_query_address = query_pointer[39:0];
  assign job_reference_address = reference_pointer[39:0];
  assign job_output_address = output_pointer[39:0];
  assign job_source_address = source_pointer[39:0];
  assign job_blocks = blocks[9:0];
  assign job_last_step = is_dense ? last_step[2:0] : 3'd1;
  assign job_row_beats = is_dense ? row_beats[1:0] : 2'd1;
  assign job_row_tail = is_dense ? full_width_0[1:0] : 2'd0;
  assign job_tail = full_height_0[2:0];
  assign loads_parameter_address = parameter_pointer[39:0];
  assign loads_mask_address = mask_pointer[39:0];
  assign loads_tokens = tokens[9:0];
  assign loads_tiles = is_dense ? full_height_1 : 16'd1;
  assign loads_panel_tiles = is_dense ? full_width_1[2:0] : 3'd1;
  assign loads_tile_beats = is_dense ? tile_beats : 24'd6;
  assign loads_panel_output_beats = panel_output_beats[1:0];

  assign verdict = first_error;
  assign bad_word = first_word;
  assign job_dense = is_dense;
  assign job_query_stride = query_stride;
  assign job_output_stride = output_stride;
  assign job_source_stride = source_stride;
  assign loads_dense = is_dense;
  assign loads_masked = job_masked;
  assign loads_map_given = job_map_given;
  assign loads_output_address = job_output_address;
  assign loads_last_step = job_last_step;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, level_blocks_sum_4[0], level_blocks_sum_2[0], level_blocks_sum_3[0], level_blocks_sum[0],
      last_step_difference[0], row_beats_sum[2:0], output_beats_sum[2:0], panel_output_beats_sum[2:0],
      panel_output_beats[2]};

endmodule
`default_nettype wire
