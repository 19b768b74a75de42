// softmax
//
// Softmax over the logits of a head (NUMERICS.md N4). Weights of a head sum to exactly 1.
//
//   logit_bits = 11
//   logit_frac_bits = 4
//   attention_bits = 8
//   samples_per_head = 16
`default_nettype none

module softmax (
  input  wire        clk,
  input  wire        rst,
  input  wire        logit_valid,
  output wire        logit_ready,
  input  wire [10:0] logit_logit,
  input  wire [2:0]  logit_tag_slot,
  input  wire [4:0]  logit_tag_sample,
  input  wire        logit_tag_head,
  input  wire [1:0]  logit_tag_level,
  input  wire        logit_tag_last_of_head,
  input  wire        logit_tag_last_of_query,
  input  wire        logit_tag_last_of_group,
  output wire        attention_valid,
  input  wire        attention_ready,
  output wire [8:0]  attention_weight,
  output wire [2:0]  attention_tag_slot,
  output wire [4:0]  attention_tag_sample,
  output wire        attention_tag_head,
  output wire [1:0]  attention_tag_level,
  output wire        attention_tag_last_of_head,
  output wire        attention_tag_last_of_query,
  output wire        attention_tag_last_of_group
);

  // Step 1: the largest logit of the head. The logits wait until it is known.
  wire held_ready;
  wire done_ready;
  reg [10:0] maximum;
  wire take_logit = logit_valid && logit_ready;
  reg first_logit;

  always @(posedge clk)
    if (rst) first_logit <= 1'b1;
    else if (take_logit) first_logit <= logit_tag_last_of_head;

  wire [10:0] larger = first_logit ? logit_logit :
        ($signed(maximum) < $signed(logit_logit)) ? logit_logit : maximum;

  always @(posedge clk)
    if (take_logit) maximum <= larger;

  assign logit_ready = held_ready && done_ready;
  wire logits_out_valid;
  wire [24:0] logits_out_data;
  wire logits_out_ready;
  wire logits_in_valid_term = logit_valid && done_ready;

  fifo #(.WIDTH(25), .DEPTH(32)) u_logits (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (logits_in_valid_term),
    .in_ready  (held_ready),
    .in_data   ({logit_tag_last_of_group, logit_tag_last_of_query, logit_tag_last_of_head, logit_tag_level,
        logit_tag_head, logit_tag_sample, logit_tag_slot, logit_logit}),
    .out_valid (logits_out_valid),
    .out_ready (logits_out_ready),
    .out_data  (logits_out_data)
  );

  wire maxima_out_valid;
  wire [10:0] maxima_out_data;
  wire maxima_out_ready;
  wire maxima_in_valid_term = logit_valid && held_ready && logit_tag_last_of_head;

  fifo #(.WIDTH(11), .DEPTH(2)) u_maxima (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (maxima_in_valid_term),
    .in_ready  (done_ready),
    .in_data   (larger),
    .out_valid (maxima_out_valid),
    .out_ready (maxima_out_ready),
    .out_data  (maxima_out_data)
  );

  // Step 2: e = 2^-(maximum - logit) by table and shift, and the running sum.
  wire exp_in_ready;
  assign logits_out_ready = exp_in_ready && maxima_out_valid;
  assign maxima_out_ready = exp_in_ready && logits_out_valid && logits_out_data[22];
  wire exp_advance;
  assign exp_in_ready = exp_advance;
  reg apart_valid;

  always @(posedge clk)
    if (rst) apart_valid <= 1'b0;
    else if (exp_advance) apart_valid <= logits_out_valid && maxima_out_valid;

  reg [10:0] apart_distance;
  reg [2:0] apart_tag_slot;
  reg [4:0] apart_tag_sample;
  reg apart_tag_head;
  reg [1:0] apart_tag_level;
  reg apart_tag_last_of_head;
  reg apart_tag_last_of_query;
  reg apart_tag_last_of_group;

  always @(posedge clk)
    if (exp_advance) begin
      apart_distance <= maxima_out_data - logits_out_data[10:0];
      apart_tag_slot <= logits_out_data[13:11];
      apart_tag_sample <= logits_out_data[18:14];
      apart_tag_head <= logits_out_data[19];
      apart_tag_level <= logits_out_data[21:20];
      apart_tag_last_of_head <= logits_out_data[22];
      apart_tag_last_of_query <= logits_out_data[23];
      apart_tag_last_of_group <= logits_out_data[24];
    end

  reg [16:0] exp_table;
  always @*
    case (apart_distance[3:0])
      4'd0: exp_table = 17'h10000;
      4'd1: exp_table = 17'hF525;
      4'd2: exp_table = 17'hEAC1;
      4'd3: exp_table = 17'hE0CD;
      4'd4: exp_table = 17'hD745;
      4'd5: exp_table = 17'hCE25;
      4'd6: exp_table = 17'hC567;
      4'd7: exp_table = 17'hBD09;
      4'd8: exp_table = 17'hB505;
      4'd9: exp_table = 17'hAD58;
      4'd10: exp_table = 17'hA5FF;
      4'd11: exp_table = 17'h9EF5;
      4'd12: exp_table = 17'h9838;
      4'd13: exp_table = 17'h91C4;
      4'd14: exp_table = 17'h8B96;
      default: exp_table = 17'h85AB;
    endcase
  reg power_valid;

  always @(posedge clk)
    if (rst) power_valid <= 1'b0;
    else if (exp_advance) power_valid <= apart_valid;

  reg [16:0] power_mantissa;
  reg [6:0] power_exponent;
  reg [2:0] power_tag_slot;
  reg [4:0] power_tag_sample;
  reg power_tag_head;
  reg [1:0] power_tag_level;
  reg power_tag_last_of_head;
  reg power_tag_last_of_query;
  reg power_tag_last_of_group;

  always @(posedge clk)
    if (exp_advance) begin
      power_mantissa <= exp_table;
      power_exponent <= apart_distance[10:4];
      power_tag_slot <= apart_tag_slot;
      power_tag_sample <= apart_tag_sample;
      power_tag_head <= apart_tag_head;
      power_tag_level <= apart_tag_level;
      power_tag_last_of_head <= apart_tag_last_of_head;
      power_tag_last_of_query <= apart_tag_last_of_query;
      power_tag_last_of_group <= apart_tag_last_of_group;
    end

  // Rounding right shift: one bit more is kept, then rounded half up.
  wire [17:0] shifted = {power_mantissa, 1'b0} >> power_exponent;
  reg value_valid;

  always @(posedge clk)
    if (rst) value_valid <= 1'b0;
    else if (exp_advance) value_valid <= power_valid;

  reg [16:0] value_value;
  reg [2:0] value_tag_slot;
  reg [4:0] value_tag_sample;
  reg value_tag_head;
  reg [1:0] value_tag_level;
  reg value_tag_last_of_head;
  reg value_tag_last_of_query;
  reg value_tag_last_of_group;
  wire [18:0] value_value_sum = {1'b0, shifted} + 19'd1;

  always @(posedge clk)
    if (exp_advance) begin
      value_value <= value_value_sum[17:1];
      value_tag_slot <= power_tag_slot;
      value_tag_sample <= power_tag_sample;
      value_tag_head <= power_tag_head;
      value_tag_level <= power_tag_level;
      value_tag_last_of_head <= power_tag_last_of_head;
      value_tag_last_of_query <= power_tag_last_of_query;
      value_tag_last_of_group <= power_tag_last_of_group;
    end

  wire exp_ready;
  assign exp_advance = !value_valid || exp_ready;
  wire take_exp = value_valid && exp_ready;
  reg [20:0] running;
  reg first_exp;

  always @(posedge clk)
    if (rst) first_exp <= 1'b1;
    else if (take_exp) first_exp <= value_tag_last_of_head;

  wire [20:0] sum_sum = running + {4'd0, value_value};
  wire [20:0] sum = first_exp ? {4'd0, value_value} : sum_sum;

  always @(posedge clk)
    if (take_exp) running <= sum;

  wire part_ready;
  wire total_ready;
  assign exp_ready = part_ready && total_ready;
  wire parts_out_valid;
  wire [34:0] parts_out_data;
  wire parts_out_ready;
  wire parts_in_valid_term = value_valid && total_ready;

  fifo #(.WIDTH(35), .DEPTH(32)) u_parts (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (parts_in_valid_term),
    .in_ready  (part_ready),
    .in_data   ({value_tag_last_of_group, value_tag_last_of_query, value_tag_last_of_head, value_tag_level,
        value_tag_head, value_tag_sample, value_tag_slot, sum}),
    .out_valid (parts_out_valid),
    .out_ready (parts_out_ready),
    .out_data  (parts_out_data)
  );

  wire totals_out_valid;
  wire [20:0] totals_out_data;
  wire totals_out_ready;
  wire totals_in_valid_term = value_valid && part_ready && value_tag_last_of_head;

  fifo #(.WIDTH(21), .DEPTH(2)) u_totals (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (totals_in_valid_term),
    .in_ready  (total_ready),
    .in_data   (sum),
    .out_valid (totals_out_valid),
    .out_ready (totals_out_ready),
    .out_data  (totals_out_data)
  );

  // Step 3: the share of the running sum in the total, rounded; a weight is the difference of two neighbouring
  // shares.
  wire fraction_ready;
  assign parts_out_ready = fraction_ready && totals_out_valid;
  assign totals_out_ready = fraction_ready && parts_out_valid && parts_out_data[32];
  wire divide_out_valid;
  wire [8:0] divide_out_quotient;
  wire [13:0] divide_out_tag;
  wire divide_in_valid_term = parts_out_valid && totals_out_valid;

  divide_round_21_to_8_tag_14 u_divide (
    .clk            (clk),
    .rst            (rst),
    .in_valid       (divide_in_valid_term),
    .in_ready       (fraction_ready),
    .in_numerator   (parts_out_data[20:0]),
    .in_denominator (totals_out_data),
    .in_tag         (parts_out_data[34:21]),
    .out_valid      (divide_out_valid),
    .out_ready      (attention_ready),
    .out_quotient   (divide_out_quotient),
    .out_tag        (divide_out_tag)
  );

  reg [8:0] previous;
  wire previous_term = divide_out_valid && attention_ready;
  assign attention_tag_last_of_head = divide_out_tag[11];

  always @(posedge clk)
    if (rst) previous <= 9'd0;
    else if (previous_term && attention_tag_last_of_head) previous <= 9'd0;
    else if (previous_term) previous <= divide_out_quotient;

  assign attention_weight = divide_out_quotient - previous;
  assign attention_tag_slot = divide_out_tag[2:0];
  assign attention_tag_sample = divide_out_tag[7:3];
  assign attention_tag_head = divide_out_tag[8];
  assign attention_tag_level = divide_out_tag[10:9];
  assign attention_tag_last_of_query = divide_out_tag[12];
  assign attention_tag_last_of_group = divide_out_tag[13];

  assign attention_valid = divide_out_valid;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, value_value_sum[0], value_value_sum[18]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(23)) check_attention (
    .clk(clk), .rst(rst), .valid(divide_out_valid), .ready(attention_ready), .payload({attention_weight,
        attention_tag_slot, attention_tag_sample, attention_tag_head, attention_tag_level, attention_tag_last_of_head,
        attention_tag_last_of_query, attention_tag_last_of_group})
  );
`endif

endmodule
`default_nettype wire
