// normalise_8x16_to_8
//
// sum / 2^shift, rounded half up and clamped to the output's format.
//
//   sum_bits = 12
//   out_bits = 8
`default_nettype none

module normalise_8x16_to_8 (
  input  wire        clk,
  input  wire        rst,
  input  wire        total_valid,
  output wire        total_ready,
  input  wire [11:0] total_sum,
  input  wire [2:0]  total_shift,
  output reg         mean_valid,
  input  wire        mean_ready,
  output reg  [7:0]  mean
);

  wire pipe_advance;
  assign total_ready = pipe_advance;
  wire [11:0] half_shifted = 12'd1 << total_shift;
  wire [10:0] half = half_shifted[11:1];
  reg raised_valid;

  always @(posedge clk)
    if (rst) raised_valid <= 1'b0;
    else if (pipe_advance) raised_valid <= total_valid;

  reg [12:0] raised_sum;
  reg [2:0] raised_shift;

  always @(posedge clk)
    if (pipe_advance) begin
      raised_sum <= {total_sum[11], total_sum} + {2'd0, half};
      raised_shift <= total_shift;
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
