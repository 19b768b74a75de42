// output_rows
//
// Collects the outputs of a query into the beats of its row.
//
//   row_beats = 1
`default_nettype none

module output_rows (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire        output_valid,
  output wire        output_ready,
  input  wire [15:0] output_values,
  input  wire        output_last,
  input  wire        query_valid,
  output wire        query_ready,
  input  wire [5:0]  query,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [1:0]  request_beats,
  output wire        beat_valid,
  input  wire        beat_ready,
  output wire [63:0] beat
);

  // A request for the row of each query, in the order in which they were worked on.
  wire row_of_query_advance;
  assign query_ready = row_of_query_advance;
  reg distance_valid;

  always @(posedge clk)
    if (rst) distance_valid <= 1'b0;
    else if (row_of_query_advance) distance_valid <= query_valid;

  reg [36:0] distance_bytes;
  wire [34:0] distance_bytes_product = query * stride[31:3];

  always @(posedge clk)
    if (row_of_query_advance) distance_bytes <= {2'd0, distance_bytes_product};

  reg row_place_valid;

  always @(posedge clk)
    if (rst) row_place_valid <= 1'b0;
    else if (row_of_query_advance) row_place_valid <= distance_valid;

  reg [39:0] row_place_address;

  always @(posedge clk)
    if (row_of_query_advance) row_place_address <= address + {distance_bytes, 3'd0};

  assign row_of_query_advance = !row_place_valid || request_ready;

  // Values as whole bytes, sign-extended; groups become beats.
  row_resize_16_to_64_of_2 u_collect (
    .clk            (clk),
    .rst            (rst),
    .restart        (start),
    .last_word      (2'd1),
    .word_in_valid  (output_valid),
    .word_in_ready  (output_ready),
    .word_in        (output_values),
    .word_out_valid (beat_valid),
    .word_out_ready (beat_ready),
    .word_out       (beat)
  );

  assign request_valid = row_place_valid;
  assign request_address = row_place_address;
  assign request_beats = 2'd1;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, output_last, start, stride[2:0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(42)) check_request (
    .clk(clk), .rst(rst), .valid(row_place_valid), .ready(request_ready), .payload({row_place_address, 2'd1})
  );
`endif

endmodule
`default_nettype wire
