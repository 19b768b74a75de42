// stream_check
//
// A stream holds still while it waits: once valid is 1, valid stays and the payload does not change until ready is
// 1. A breach ends the simulation; with FORMAL the same is an assertion. Stands under QUILLGEN_CHECKS where a
// stream is made, and is empty without.
//
//   WIDTH = bits of the payload
`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
`default_nettype none

module stream_check #(
  parameter integer WIDTH = 8
) (
  input wire             clk,
  input wire             rst,
  input wire             valid,
  input wire             ready,
  input wire [WIDTH-1:0] payload
);

  reg waiting;
  reg [WIDTH-1:0] last;

  always @(posedge clk) begin : checks
    if (rst) begin
      waiting <= 1'b0;
      last <= 0;
    end else begin
      waiting <= valid && !ready;
      last <= payload;
`ifdef FORMAL
      assert (!waiting || (valid && payload == last));
`else
      if (waiting && !(valid && payload == last)) $fatal(1, "%m: the stream changed while it was waiting");
`endif
    end
  end

endmodule
`default_nettype wire
`endif
