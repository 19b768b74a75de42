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
  input  wire [6:0]  queries,
  input  wire [39:0] address,
  input  wire [31:0] stride,
  input  wire        output_valid,
  output wire        output_ready,
  input  wire [15:0] output_values,
  input  wire        output_last,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [2:0]  request_beats,
  output wire        beat_valid,
  input  wire        beat_ready,
  output wire [63:0] beat
);

  // A request for each row.
  reg [6:0] rows;
  reg [39:0] row_address;
  assign request_valid = rows != 7'd0;
  wire rows_term = request_valid && request_ready;

  always @(posedge clk)
    if (rst) rows <= 7'd0;
    else if (start) rows <= queries;
    else if (rows_term) rows <= rows - 7'd1;

  always @(posedge clk)
    if (start) row_address <= address;
    else if (rows_term) row_address <= row_address + {8'd0, stride};

  // Values as whole bytes, sign-extended; groups become beats.
  row_resize_16_to_64_of_2 u_collect (
    .clk       (clk),
    .rst       (rst),
    .restart   (start),
    .last_word (2'd1),
    .in_valid  (output_valid),
    .in_ready  (output_ready),
    .in        (output_values),
    .out_valid (beat_valid),
    .out_ready (beat_ready),
    .out       (beat)
  );

  assign request_address = row_address;
  assign request_beats = 3'd1;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, output_last};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  reg check_request_held;
  reg [42:0] check_request_last;
  reg check_beat_held;
  reg [63:0] check_beat_last;
  always @(posedge clk) begin : checks
    if (rst) begin
      check_request_held <= 1'b0;
      check_request_last <= {43{1'b0}};
      check_beat_held <= 1'b0;
      check_beat_last <= {64{1'b0}};
    end else begin
      check_request_held <= request_valid && !request_ready;
      check_request_last <= {row_address, 3'd1};
      check_beat_held <= beat_valid && !beat_ready;
      check_beat_last <= beat;
`ifdef FORMAL
      assert (!check_request_held || (request_valid && {row_address, 3'd1} == check_request_last));
      assert (!check_beat_held || (beat_valid && beat == check_beat_last));
`else
      if (!(!check_request_held || (request_valid && {row_address, 3'd1} == check_request_last))) $fatal(1,
          "%m: stream request changed while it was waiting");
      if (!(!check_beat_held || (beat_valid && beat == check_beat_last))) $fatal(1,
          "%m: stream beat changed while it was waiting");
`endif
    end
  end
`endif

endmodule
`default_nettype wire
