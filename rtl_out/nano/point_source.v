// point_source
//
// Walks over the samples of every query of a group, head by head, level by level, and reads their logits.
//
//   rows = 2
//   heads = 2
//   levels = 2
//   points = 2
`default_nettype none

module point_source (
  input  wire        clk,
  input  wire        rst,
  input  wire        rows_valid,
  output wire        rows_ready,
  input  wire [1:0]  rows,
  input  wire        logit_write_enable,
  input  wire [3:0]  logit_write_address,
  input  wire [43:0] logit_write_data,
  output wire        logit_valid,
  input  wire        logit_ready,
  output wire [10:0] logit_logit,
  output wire [2:0]  logit_tag_slot,
  output wire [2:0]  logit_tag_sample,
  output wire        logit_tag_head,
  output wire        logit_tag_level,
  output wire        logit_tag_last_of_head,
  output wire        logit_tag_last_of_query,
  output wire        logit_tag_last_of_group
);

  // Logits of the groups on chip, several in a word; one group is filled while another is read.

  // Position: query, head, level, point.
  reg [1:0] group_index;
  reg row_index;
  reg head;
  reg level;
  reg point;
  reg [2:0] sample;
  wire last_point = point;
  wire last_of_head = last_point && level;
  wire last_of_query = last_of_head && head;
  wire [1:0] last_of_group_sum = {1'b0, row_index} + 2'd1;
  wire last_of_group = last_of_query && (last_of_group_sum == rows);
  wire points_ready;
  wire read_advance;
  assign points_ready = read_advance;
  wire step = rows_valid && points_ready;
  assign rows_ready = points_ready && last_of_group;

  always @(posedge clk)
    if (rst) point <= 1'b0;
    else if (step) point <= point + 1'b1;

  always @(posedge clk)
    if (rst) level <= 1'b0;
    else if (step && last_point) level <= level + 1'b1;

  always @(posedge clk)
    if (rst) head <= 1'b0;
    else if (step && last_of_head) head <= head + 1'b1;

  wire sample_term = step && last_of_query;

  always @(posedge clk)
    if (rst) sample <= 3'd0;
    else if (sample_term) sample <= 3'd0;
    else if (step) sample <= sample + 3'd1;

  wire group_index_term = step && last_of_group;
  wire [1:0] group_index_sum = group_index + 2'd1;

  always @(posedge clk)
    if (rst) group_index <= 2'd0;
    else if (group_index_term) group_index <= (group_index == 2'd2) ? 2'd0 : group_index_sum;

  always @(posedge clk)
    if (rst) row_index <= 1'b0;
    else if (group_index_term) row_index <= 1'b0;
    else if (sample_term) row_index <= row_index + 1'b1;

  wire [43:0] logits_q;
  wire [2:0] logits_read_address_joined = {group_index, row_index};

  sram_1r1w #(.WIDTH(44), .DEPTH(12), .ADDRESS_BITS(4)) u_logits (
    .clk           (clk),
    .write         (logit_write_enable),
    .write_address (logit_write_address),
    .write_data    (logit_write_data),
    .read          (step),
    .read_address  ({logits_read_address_joined, sample[2]}),
    .read_data     (logits_q)
  );

  reg at_valid;

  always @(posedge clk)
    if (rst) at_valid <= 1'b0;
    else if (read_advance) at_valid <= rows_valid;

  reg [2:0] at_slot;
  reg [2:0] at_sample;
  reg at_head;
  reg at_level;
  reg at_last_of_head;
  reg at_last_of_query;
  reg at_last_of_group;

  always @(posedge clk)
    if (read_advance) begin
      at_slot <= logits_read_address_joined;
      at_sample <= sample;
      at_head <= head;
      at_level <= level;
      at_last_of_head <= last_of_head;
      at_last_of_query <= last_of_query;
      at_last_of_group <= last_of_group;
    end

  reg chosen_valid;

  always @(posedge clk)
    if (rst) chosen_valid <= 1'b0;
    else if (read_advance) chosen_valid <= at_valid;

  reg [10:0] chosen_logit;
  reg [2:0] chosen_tag_slot;
  reg [2:0] chosen_tag_sample;
  reg chosen_tag_head;
  reg chosen_tag_level;
  reg chosen_tag_last_of_head;
  reg chosen_tag_last_of_query;
  reg chosen_tag_last_of_group;

  always @(posedge clk)
    if (read_advance) begin
      chosen_logit <= at_sample[1] ? (at_sample[0] ? logits_q[43:33] : logits_q[32:22]) :
        at_sample[0] ? logits_q[21:11] : logits_q[10:0];
      chosen_tag_slot <= at_slot;
      chosen_tag_sample <= at_sample;
      chosen_tag_head <= at_head;
      chosen_tag_level <= at_level;
      chosen_tag_last_of_head <= at_last_of_head;
      chosen_tag_last_of_query <= at_last_of_query;
      chosen_tag_last_of_group <= at_last_of_group;
    end

  assign read_advance = !chosen_valid || logit_ready;

  assign logit_valid = chosen_valid;
  assign logit_logit = chosen_logit;
  assign logit_tag_slot = chosen_tag_slot;
  assign logit_tag_sample = chosen_tag_sample;
  assign logit_tag_head = chosen_tag_head;
  assign logit_tag_level = chosen_tag_level;
  assign logit_tag_last_of_head = chosen_tag_last_of_head;
  assign logit_tag_last_of_query = chosen_tag_last_of_query;
  assign logit_tag_last_of_group = chosen_tag_last_of_group;

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(22)) check_logit (
    .clk(clk), .rst(rst), .valid(chosen_valid), .ready(logit_ready), .payload({chosen_logit, chosen_tag_slot,
        chosen_tag_sample, chosen_tag_head, chosen_tag_level, chosen_tag_last_of_head, chosen_tag_last_of_query,
        chosen_tag_last_of_group})
  );
`endif

endmodule
`default_nettype wire
