// sampling_lane
//
// A lane of the core: softmax, locations, corner weights, line cache, interpolation and aggregation of its heads,
// and their share of the projection by W''. first_head: number of its first head in the layer.
//
//   heads = 2
`default_nettype none

module sampling_lane (
  input  wire        clk,
  input  wire        rst,
  input  wire        rows_valid,
  output wire        rows_ready,
  input  wire [1:0]  rows,
  input  wire        logits_valid,
  input  wire [3:0]  logits_address,
  input  wire [43:0] logits,
  input  wire [4:0]  levels_width_0,
  input  wire [4:0]  levels_width_1,
  input  wire [4:0]  levels_height_0,
  input  wire [4:0]  levels_height_1,
  input  wire        boxes,
  input  wire        offsets_valid,
  input  wire [4:0]  offsets_address,
  input  wire [51:0] offsets,
  input  wire        reference_write_enable,
  input  wire [3:0]  reference_write_address,
  input  wire [97:0] reference_write_data,
  output wire        group_freed,
  input  wire        clear,
  output wire        clearing,
  output wire [2:0]  hits,
  output wire [2:0]  misses,
  input  wire        first_head,
  input  wire [39:0] start_0,
  input  wire [39:0] start_1,
  input  wire [63:0] feature_data,
  input  wire        feature_valid,
  output wire        feature_burst_valid,
  input  wire        feature_burst_ready,
  output wire [39:0] feature_burst_address,
  output wire [7:0]  feature_burst_length,
  output wire        sample_taken,
  output wire        sample_ends_query,
  output wire        lane_blocked,
  output wire        feature_missing,
  input  wire        head_requant_enable,
  input  wire        head_requant_bank,
  input  wire [1:0]  head_requant_address,
  input  wire [21:0] head_requant_data,
  input  wire        output_weights_enable,
  input  wire        output_weights_bank,
  input  wire [1:0]  output_weights_address,
  input  wire [15:0] output_weights_data,
  output wire        sums_valid,
  input  wire        sums_ready,
  output wire [35:0] sums
);

  // Samples, one after the other.
  wire point_source_logit_valid;
  wire [10:0] point_source_logit_logit;
  wire [2:0] point_source_logit_tag_slot;
  wire [2:0] point_source_logit_tag_sample;
  wire point_source_logit_tag_head;
  wire point_source_logit_tag_level;
  wire point_source_logit_tag_last_of_head;
  wire point_source_logit_tag_last_of_query;
  wire point_source_logit_tag_last_of_group;
  wire softmax_logit_ready;
  wire softmax_attention_valid;
  wire [8:0] softmax_attention_weight;
  wire [2:0] softmax_attention_tag_slot;
  wire [2:0] softmax_attention_tag_sample;
  wire softmax_attention_tag_head;
  wire softmax_attention_tag_level;
  wire softmax_attention_tag_last_of_head;
  wire softmax_attention_tag_last_of_query;
  wire softmax_attention_tag_last_of_group;

  point_source u_point_source (
    .clk                     (clk),
    .rst                     (rst),
    .rows_valid              (rows_valid),
    .rows_ready              (rows_ready),
    .rows                    (rows),
    .logit_write_enable      (logits_valid),
    .logit_write_address     (logits_address),
    .logit_write_data        (logits),
    .logit_valid             (point_source_logit_valid),
    .logit_ready             (softmax_logit_ready),
    .logit_logit             (point_source_logit_logit),
    .logit_tag_slot          (point_source_logit_tag_slot),
    .logit_tag_sample        (point_source_logit_tag_sample),
    .logit_tag_head          (point_source_logit_tag_head),
    .logit_tag_level         (point_source_logit_tag_level),
    .logit_tag_last_of_head  (point_source_logit_tag_last_of_head),
    .logit_tag_last_of_query (point_source_logit_tag_last_of_query),
    .logit_tag_last_of_group (point_source_logit_tag_last_of_group)
  );

  wire index_gen_attention_ready;
  wire index_gen_location_valid;
  wire [12:0] index_gen_location_x;
  wire [12:0] index_gen_location_y;
  wire [8:0] index_gen_location_weight;
  wire [3:0] index_gen_location_inside;
  wire index_gen_location_head;
  wire index_gen_location_level;
  wire index_gen_location_last_of_head;
  wire index_gen_location_last_of_query;

  softmax u_softmax (
    .clk                         (clk),
    .rst                         (rst),
    .logit_valid                 (point_source_logit_valid),
    .logit_ready                 (softmax_logit_ready),
    .logit_logit                 (point_source_logit_logit),
    .logit_tag_slot              (point_source_logit_tag_slot),
    .logit_tag_sample            (point_source_logit_tag_sample),
    .logit_tag_head              (point_source_logit_tag_head),
    .logit_tag_level             (point_source_logit_tag_level),
    .logit_tag_last_of_head      (point_source_logit_tag_last_of_head),
    .logit_tag_last_of_query     (point_source_logit_tag_last_of_query),
    .logit_tag_last_of_group     (point_source_logit_tag_last_of_group),
    .attention_valid             (softmax_attention_valid),
    .attention_ready             (index_gen_attention_ready),
    .attention_weight            (softmax_attention_weight),
    .attention_tag_slot          (softmax_attention_tag_slot),
    .attention_tag_sample        (softmax_attention_tag_sample),
    .attention_tag_head          (softmax_attention_tag_head),
    .attention_tag_level         (softmax_attention_tag_level),
    .attention_tag_last_of_head  (softmax_attention_tag_last_of_head),
    .attention_tag_last_of_query (softmax_attention_tag_last_of_query),
    .attention_tag_last_of_group (softmax_attention_tag_last_of_group)
  );

  wire weight_gen_corners_valid;
  wire [10:0] weight_gen_corners_w00;
  wire [10:0] weight_gen_corners_w01;
  wire [10:0] weight_gen_corners_w10;
  wire [10:0] weight_gen_corners_w11;
  wire [6:0] weight_gen_corners_x0;
  wire [6:0] weight_gen_corners_y0;
  wire weight_gen_corners_head;
  wire weight_gen_corners_level;
  wire weight_gen_corners_last_of_head;
  wire weight_gen_corners_last_of_query;
  wire index_gen_location_ready;

  index_gen u_index_gen (
    .clk                         (clk),
    .rst                         (rst),
    .levels_width_0              (levels_width_0),
    .levels_width_1              (levels_width_1),
    .levels_height_0             (levels_height_0),
    .levels_height_1             (levels_height_1),
    .boxes                       (boxes),
    .attention_valid             (softmax_attention_valid),
    .attention_ready             (index_gen_attention_ready),
    .attention_weight            (softmax_attention_weight),
    .attention_tag_slot          (softmax_attention_tag_slot),
    .attention_tag_sample        (softmax_attention_tag_sample),
    .attention_tag_head          (softmax_attention_tag_head),
    .attention_tag_level         (softmax_attention_tag_level),
    .attention_tag_last_of_head  (softmax_attention_tag_last_of_head),
    .attention_tag_last_of_query (softmax_attention_tag_last_of_query),
    .attention_tag_last_of_group (softmax_attention_tag_last_of_group),
    .offset_write_enable         (offsets_valid),
    .offset_write_address        (offsets_address),
    .offset_write_data           (offsets),
    .reference_write_enable      (reference_write_enable),
    .reference_write_address     (reference_write_address),
    .reference_write_data        (reference_write_data),
    .group_freed                 (group_freed),
    .location_valid              (index_gen_location_valid),
    .location_ready              (index_gen_location_ready),
    .location_x                  (index_gen_location_x),
    .location_y                  (index_gen_location_y),
    .location_weight             (index_gen_location_weight),
    .location_inside             (index_gen_location_inside),
    .location_head               (index_gen_location_head),
    .location_level              (index_gen_location_level),
    .location_last_of_head       (index_gen_location_last_of_head),
    .location_last_of_query      (index_gen_location_last_of_query)
  );

  wire locations_out_valid;
  wire [42:0] locations_out_data;
  wire locations_out_ready;

  fifo #(.WIDTH(43), .DEPTH(2)) u_locations (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (index_gen_location_valid),
    .in_ready  (index_gen_location_ready),
    .in_data   ({index_gen_location_last_of_query, index_gen_location_last_of_head, index_gen_location_level,
        index_gen_location_head, index_gen_location_inside, index_gen_location_weight, index_gen_location_y,
        index_gen_location_x}),
    .out_valid (locations_out_valid),
    .out_ready (locations_out_ready),
    .out_data  (locations_out_data)
  );

  // Line cache.
  wire tag_lookup_corners_ready;
  wire tag_lookup_miss_valid;
  wire tag_lookup_miss_level;
  wire [3:0] tag_lookup_miss_row;
  wire [3:0] tag_lookup_miss_column;
  wire tag_lookup_miss_head;
  wire tag_lookup_entry_valid;
  wire [10:0] tag_lookup_entry_weight_0;
  wire [10:0] tag_lookup_entry_weight_1;
  wire [10:0] tag_lookup_entry_weight_2;
  wire [10:0] tag_lookup_entry_weight_3;
  wire [4:0] tag_lookup_entry_place_0;
  wire [4:0] tag_lookup_entry_place_1;
  wire [4:0] tag_lookup_entry_place_2;
  wire [4:0] tag_lookup_entry_place_3;
  wire [3:0] tag_lookup_entry_fill;
  wire [1:0] tag_lookup_entry_line_x;
  wire [1:0] tag_lookup_entry_line_y;
  wire tag_lookup_entry_last_of_head;
  wire tag_lookup_entry_last_of_query;

  weight_gen u_weight_gen (
    .clk                    (clk),
    .rst                    (rst),
    .location_valid         (locations_out_valid),
    .location_ready         (locations_out_ready),
    .location_x             (locations_out_data[12:0]),
    .location_y             (locations_out_data[25:13]),
    .location_weight        (locations_out_data[34:26]),
    .location_inside        (locations_out_data[38:35]),
    .location_head          (locations_out_data[39]),
    .location_level         (locations_out_data[40]),
    .location_last_of_head  (locations_out_data[41]),
    .location_last_of_query (locations_out_data[42]),
    .corners_valid          (weight_gen_corners_valid),
    .corners_ready          (tag_lookup_corners_ready),
    .corners_w00            (weight_gen_corners_w00),
    .corners_w01            (weight_gen_corners_w01),
    .corners_w10            (weight_gen_corners_w10),
    .corners_w11            (weight_gen_corners_w11),
    .corners_x0             (weight_gen_corners_x0),
    .corners_y0             (weight_gen_corners_y0),
    .corners_head           (weight_gen_corners_head),
    .corners_level          (weight_gen_corners_level),
    .corners_last_of_head   (weight_gen_corners_last_of_head),
    .corners_last_of_query  (weight_gen_corners_last_of_query)
  );

  wire line_fetch_miss_ready;
  wire line_fetch_line_out_valid;
  wire [63:0] line_fetch_line_out;
  wire feature_buffer_entry_ready;
  wire feature_buffer_line_ready;
  wire feature_buffer_sample_valid;
  wire [15:0] feature_buffer_sample_pixel_0;
  wire [15:0] feature_buffer_sample_pixel_1;
  wire [15:0] feature_buffer_sample_pixel_2;
  wire [15:0] feature_buffer_sample_pixel_3;
  wire [10:0] feature_buffer_sample_weight_0;
  wire [10:0] feature_buffer_sample_weight_1;
  wire [10:0] feature_buffer_sample_weight_2;
  wire [10:0] feature_buffer_sample_weight_3;
  wire feature_buffer_sample_last_of_head;
  wire feature_buffer_sample_last_of_query;

  tag_lookup u_tag_lookup (
    .clk                   (clk),
    .rst                   (rst),
    .clear                 (clear),
    .corners_valid         (weight_gen_corners_valid),
    .corners_ready         (tag_lookup_corners_ready),
    .corners_w00           (weight_gen_corners_w00),
    .corners_w01           (weight_gen_corners_w01),
    .corners_w10           (weight_gen_corners_w10),
    .corners_w11           (weight_gen_corners_w11),
    .corners_x0            (weight_gen_corners_x0),
    .corners_y0            (weight_gen_corners_y0),
    .corners_head          (weight_gen_corners_head),
    .corners_level         (weight_gen_corners_level),
    .corners_last_of_head  (weight_gen_corners_last_of_head),
    .corners_last_of_query (weight_gen_corners_last_of_query),
    .clearing              (clearing),
    .hits                  (hits),
    .misses                (misses),
    .miss_valid            (tag_lookup_miss_valid),
    .miss_ready            (line_fetch_miss_ready),
    .miss_level            (tag_lookup_miss_level),
    .miss_row              (tag_lookup_miss_row),
    .miss_column           (tag_lookup_miss_column),
    .miss_head             (tag_lookup_miss_head),
    .entry_valid           (tag_lookup_entry_valid),
    .entry_ready           (feature_buffer_entry_ready),
    .entry_weight_0        (tag_lookup_entry_weight_0),
    .entry_weight_1        (tag_lookup_entry_weight_1),
    .entry_weight_2        (tag_lookup_entry_weight_2),
    .entry_weight_3        (tag_lookup_entry_weight_3),
    .entry_place_0         (tag_lookup_entry_place_0),
    .entry_place_1         (tag_lookup_entry_place_1),
    .entry_place_2         (tag_lookup_entry_place_2),
    .entry_place_3         (tag_lookup_entry_place_3),
    .entry_fill            (tag_lookup_entry_fill),
    .entry_line_x          (tag_lookup_entry_line_x),
    .entry_line_y          (tag_lookup_entry_line_y),
    .entry_last_of_head    (tag_lookup_entry_last_of_head),
    .entry_last_of_query   (tag_lookup_entry_last_of_query)
  );

  line_fetch u_line_fetch (
    .clk             (clk),
    .rst             (rst),
    .levels_width_0  (levels_width_0),
    .levels_width_1  (levels_width_1),
    .levels_height_0 (levels_height_0),
    .levels_height_1 (levels_height_1),
    .start_0         (start_0),
    .start_1         (start_1),
    .first_head      (first_head),
    .miss_valid      (tag_lookup_miss_valid),
    .miss_ready      (line_fetch_miss_ready),
    .miss_level      (tag_lookup_miss_level),
    .miss_row        (tag_lookup_miss_row),
    .miss_column     (tag_lookup_miss_column),
    .miss_head       (tag_lookup_miss_head),
    .request_valid   (feature_burst_valid),
    .request_ready   (feature_burst_ready),
    .request_address (feature_burst_address),
    .request_length  (feature_burst_length),
    .data            (feature_data),
    .data_valid      (feature_valid),
    .line_out_valid  (line_fetch_line_out_valid),
    .line_out_ready  (feature_buffer_line_ready),
    .line_out        (line_fetch_line_out)
  );

  wire feature_buffer_sample_ready;

  feature_buffer u_feature_buffer (
    .clk                  (clk),
    .rst                  (rst),
    .entry_valid          (tag_lookup_entry_valid),
    .entry_ready          (feature_buffer_entry_ready),
    .entry_weight_0       (tag_lookup_entry_weight_0),
    .entry_weight_1       (tag_lookup_entry_weight_1),
    .entry_weight_2       (tag_lookup_entry_weight_2),
    .entry_weight_3       (tag_lookup_entry_weight_3),
    .entry_place_0        (tag_lookup_entry_place_0),
    .entry_place_1        (tag_lookup_entry_place_1),
    .entry_place_2        (tag_lookup_entry_place_2),
    .entry_place_3        (tag_lookup_entry_place_3),
    .entry_fill           (tag_lookup_entry_fill),
    .entry_line_x         (tag_lookup_entry_line_x),
    .entry_line_y         (tag_lookup_entry_line_y),
    .entry_last_of_head   (tag_lookup_entry_last_of_head),
    .entry_last_of_query  (tag_lookup_entry_last_of_query),
    .line_valid           (line_fetch_line_out_valid),
    .line_ready           (feature_buffer_line_ready),
    .line                 (line_fetch_line_out),
    .waiting              (feature_missing),
    .sample_valid         (feature_buffer_sample_valid),
    .sample_ready         (feature_buffer_sample_ready),
    .sample_pixel_0       (feature_buffer_sample_pixel_0),
    .sample_pixel_1       (feature_buffer_sample_pixel_1),
    .sample_pixel_2       (feature_buffer_sample_pixel_2),
    .sample_pixel_3       (feature_buffer_sample_pixel_3),
    .sample_weight_0      (feature_buffer_sample_weight_0),
    .sample_weight_1      (feature_buffer_sample_weight_1),
    .sample_weight_2      (feature_buffer_sample_weight_2),
    .sample_weight_3      (feature_buffer_sample_weight_3),
    .sample_last_of_head  (feature_buffer_sample_last_of_head),
    .sample_last_of_query (feature_buffer_sample_last_of_query)
  );

  // Interpolation, aggregation, and the projection of each head.
  assign sample_taken = feature_buffer_sample_valid && feature_buffer_sample_ready;
  assign lane_blocked = feature_buffer_sample_valid && !feature_buffer_sample_ready;
  wire interpolate_head_valid;
  wire [37:0] interpolate_head_sums;
  wire interpolate_head_last_of_query;
  wire head_requantise_head_ready;
  wire head_requantise_vector_valid;
  wire [15:0] head_requantise_vector_channels;
  wire head_requantise_vector_last_of_query;

  interpolate u_interpolate (
    .clk                  (clk),
    .rst                  (rst),
    .sample_valid         (feature_buffer_sample_valid),
    .sample_ready         (feature_buffer_sample_ready),
    .sample_pixel_0       (feature_buffer_sample_pixel_0),
    .sample_pixel_1       (feature_buffer_sample_pixel_1),
    .sample_pixel_2       (feature_buffer_sample_pixel_2),
    .sample_pixel_3       (feature_buffer_sample_pixel_3),
    .sample_weight_0      (feature_buffer_sample_weight_0),
    .sample_weight_1      (feature_buffer_sample_weight_1),
    .sample_weight_2      (feature_buffer_sample_weight_2),
    .sample_weight_3      (feature_buffer_sample_weight_3),
    .sample_last_of_head  (feature_buffer_sample_last_of_head),
    .sample_last_of_query (feature_buffer_sample_last_of_query),
    .head_valid           (interpolate_head_valid),
    .head_ready           (head_requantise_head_ready),
    .head_sums            (interpolate_head_sums),
    .head_last_of_query   (interpolate_head_last_of_query)
  );

  wire head_requantise_vector_ready;

  head_requantise u_head_requantise (
    .clk                  (clk),
    .rst                  (rst),
    .table_enable         (head_requant_enable),
    .table_bank           (head_requant_bank),
    .table_address        (head_requant_address),
    .table_data           (head_requant_data),
    .head_valid           (interpolate_head_valid),
    .head_ready           (head_requantise_head_ready),
    .head_sums            (interpolate_head_sums),
    .head_last_of_query   (interpolate_head_last_of_query),
    .vector_valid         (head_requantise_vector_valid),
    .vector_ready         (head_requantise_vector_ready),
    .vector_channels      (head_requantise_vector_channels),
    .vector_last_of_query (head_requantise_vector_last_of_query)
  );

  wire heads_out_valid;
  wire [16:0] heads_out_data;
  wire heads_out_ready;

  fifo #(.WIDTH(17), .DEPTH(2)) u_heads (
    .clk       (clk),
    .rst       (rst),
    .in_valid  (head_requantise_vector_valid),
    .in_ready  (head_requantise_vector_ready),
    .in_data   ({head_requantise_vector_last_of_query, head_requantise_vector_channels}),
    .out_valid (heads_out_valid),
    .out_ready (heads_out_ready),
    .out_data  (heads_out_data)
  );

  head_projection u_head_projection (
    .clk                  (clk),
    .rst                  (rst),
    .weights_enable       (output_weights_enable),
    .weights_bank         (output_weights_bank),
    .weights_address      (output_weights_address),
    .weights_data         (output_weights_data),
    .vector_valid         (heads_out_valid),
    .vector_ready         (heads_out_ready),
    .vector_channels      (heads_out_data[15:0]),
    .vector_last_of_query (heads_out_data[16]),
    .sums_valid           (sums_valid),
    .sums_ready           (sums_ready),
    .sums                 (sums)
  );

  assign sample_ends_query = feature_buffer_sample_last_of_query;

endmodule
`default_nettype wire
