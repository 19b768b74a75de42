// msda_core
//
// MSDeformAttn core: softmax, locations, corner weights, line cache, interpolation and aggregation, projection by
// W''. Nothing between the query and its output leaves the chip.
//
//   lanes = 1
`default_nettype none

module msda_core (
  input  wire        clk,
  input  wire        rst,
  input  wire        logits_valid,
  input  wire        offsets_valid,
  input  wire [2:0]  sample_slot,
  input  wire        logits_word,
  input  wire [1:0]  offsets_word,
  input  wire        projected_valid,
  output wire        projected_ready,
  input  wire [1:0]  projected,
  input  wire        references_of_group_valid,
  output wire        references_of_group_ready,
  input  wire        references_of_group,
  input  wire        head_requant_enable,
  input  wire        head_requant_bank,
  input  wire [1:0]  head_requant_address,
  input  wire [21:0] head_requant_data,
  input  wire        output_weights_enable,
  input  wire        output_weights_bank,
  input  wire [1:0]  output_weights_address,
  input  wire [15:0] output_weights_data,
  input  wire [4:0]  levels_width_0,
  input  wire [4:0]  levels_width_1,
  input  wire [4:0]  levels_height_0,
  input  wire [4:0]  levels_height_1,
  input  wire        boxes,
  input  wire        clear,
  input  wire        reference_write_enable,
  input  wire [3:0]  reference_write_address,
  input  wire [97:0] reference_write_data,
  input  wire [63:0] feature_data,
  input  wire [39:0] start_0,
  input  wire [39:0] start_1,
  input  wire [43:0] logits_0,
  input  wire [51:0] offsets_0,
  input  wire        feature_valid_0,
  output wire        feature_burst_0_valid,
  input  wire        feature_burst_0_ready,
  output wire [39:0] feature_burst_0_address,
  output wire [7:0]  feature_burst_0_length,
  output wire        sample_taken_0,
  output wire        sample_ends_query_0,
  output wire        lane_blocked_0,
  output wire        feature_missing_0,
  output wire [2:0]  hits_0,
  output wire [2:0]  misses_0,
  output wire        freed,
  output wire        clearing,
  input  wire        output_requant_enable,
  input  wire        output_requant_bank,
  input  wire        output_requant_address,
  input  wire [53:0] output_requant_data,
  output wire        output_valid,
  input  wire        output_ready,
  output wire [15:0] output_values,
  output wire        output_last
);

  wire group_freed;

  // Logits and offsets come a word a cycle for each lane.
  wire [3:0] logits_address = {sample_slot, logits_word};
  wire [4:0] offsets_address = {sample_slot, offsets_word};

  // A group is worked on when its samples and its references are there.
  wire group_valid = projected_valid && references_of_group_valid;
  wire group_ready;
  assign projected_ready = group_ready && references_of_group_valid;
  assign references_of_group_ready = group_ready && projected_valid;
  wire output_requantise_output_valid;
  wire [15:0] output_requantise_output_values;
  wire output_requantise_output_last;

  // Lane 0: heads 0 to 1.
  wire lane_0_group_freed;
  wire lane_0_sums_valid;
  wire [35:0] lane_0_sums;
  wire lane_0_sums_ready;

  sampling_lane u_lane_0 (
    .clk                     (clk),
    .rst                     (rst),
    .rows_valid              (group_valid),
    .rows_ready              (group_ready),
    .rows                    (projected),
    .logits_valid            (logits_valid),
    .logits_address          (logits_address),
    .logits                  (logits_0),
    .levels_width_0          (levels_width_0),
    .levels_width_1          (levels_width_1),
    .levels_height_0         (levels_height_0),
    .levels_height_1         (levels_height_1),
    .boxes                   (boxes),
    .offsets_valid           (offsets_valid),
    .offsets_address         (offsets_address),
    .offsets                 (offsets_0),
    .reference_write_enable  (reference_write_enable),
    .reference_write_address (reference_write_address),
    .reference_write_data    (reference_write_data),
    .group_freed             (lane_0_group_freed),
    .clear                   (clear),
    .clearing                (clearing),
    .hits                    (hits_0),
    .misses                  (misses_0),
    .first_head              (1'b0),
    .start_0                 (start_0),
    .start_1                 (start_1),
    .feature_data            (feature_data),
    .feature_valid           (feature_valid_0),
    .feature_burst_valid     (feature_burst_0_valid),
    .feature_burst_ready     (feature_burst_0_ready),
    .feature_burst_address   (feature_burst_0_address),
    .feature_burst_length    (feature_burst_0_length),
    .sample_taken            (sample_taken_0),
    .sample_ends_query       (sample_ends_query_0),
    .lane_blocked            (lane_blocked_0),
    .feature_missing         (feature_missing_0),
    .head_requant_enable     (head_requant_enable),
    .head_requant_bank       (head_requant_bank),
    .head_requant_address    (head_requant_address),
    .head_requant_data       (head_requant_data),
    .output_weights_enable   (output_weights_enable),
    .output_weights_bank     (output_weights_bank),
    .output_weights_address  (output_weights_address),
    .output_weights_data     (output_weights_data),
    .sums_valid              (lane_0_sums_valid),
    .sums_ready              (lane_0_sums_ready),
    .sums                    (lane_0_sums)
  );

  // A group is done with when all lanes are; outputs are the sums of all lanes.
  assign group_freed = lane_0_group_freed;
  wire output_requantise_output_ready;

  output_requantise u_output_requantise (
    .clk           (clk),
    .rst           (rst),
    .table_enable  (output_requant_enable),
    .table_bank    (output_requant_bank),
    .table_address (output_requant_address),
    .table_data    (output_requant_data),
    .sums_0_valid  (lane_0_sums_valid),
    .sums_0_ready  (lane_0_sums_ready),
    .sums_0        (lane_0_sums),
    .output_valid  (output_requantise_output_valid),
    .output_ready  (output_requantise_output_ready),
    .output_values (output_requantise_output_values),
    .output_last   (output_requantise_output_last)
  );

  wire [16:0] outputs_out_data;

  sram_fifo #(.WIDTH(17), .DEPTH(2)) u_outputs (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (output_requantise_output_valid),
    .in_ready  (output_requantise_output_ready),
    .in_data   ({output_requantise_output_last, output_requantise_output_values}),
    .out_valid (output_valid),
    .out_ready (output_ready),
    .out_data  (outputs_out_data)
  );

  assign output_values = outputs_out_data[15:0];
  assign output_last = outputs_out_data[16];

  assign freed = group_freed;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, references_of_group};

endmodule
`default_nettype wire
