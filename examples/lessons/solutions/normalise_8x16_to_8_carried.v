// normalise_8x16_to_8_carried
//
// total / 2^shift, rounded half up and clamped to the output's format. `write` sets the shift.
//
//   sum_bits = 12
//   out_bits = 8
`default_nettype none

module normalise_8x16_to_8_carried (
  input  wire        clk,
  input  wire        rst,
  input  wire        write,
  input  wire [2:0]  new_shift,
  input  wire        total_valid,
  output wire        total_ready,
  input  wire [11:0] total,
  output reg         mean_valid,
  input  wire        mean_ready,
  output reg  [7:0]  mean
);

  reg [2:0] shift;

  always @(posedge clk)
    if (rst) shift <= 3'd0;
    else if (write) shift <= new_shift;

  wire pipe_advance;
  assign total_ready = pipe_advance;
  wire [11:0] half_shifted = 12'd1 << shift;
  wire [10:0] half = half_shifted[11:1];
  reg raised_valid;

  always @(posedge clk)
    if (rst) raised_valid <= 1'b0;
    else if (pipe_advance) raised_valid <= total_valid;

  reg [12:0] raised_sum;
  reg [2:0] raised_shift;

  always @(posedge clk)
    if (pipe_advance) begin
      raised_sum <= {total[11], total} + {2'd0, half};
      raised_shift <= shift;
    end

  wire [12:0] shifted = $signed(raised_sum) >>> raised_shift;

  always @(posedge clk)
    if (rst) mean_valid <= 1'b0;
    else if (pipe_advance) mean_valid <= raised_valid;

  always @(posedge clk)
    if (pipe_advance) mean <= ((shifted[12:7] == 6'd0) || (shifted[12:7] == 6'd63)) ? shifted[7:0] :
        shifted[12] ? 8'd128 : 8'd127;

  assign pipe_advance = !mean_valid || mean_ready;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, half_shifted[0]};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(8)) check_mean (
    .clk(clk), .rst(rst), .valid(mean_valid), .ready(mean_ready), .payload(mean)
  );
`endif

endmodule
`default_nettype wire
