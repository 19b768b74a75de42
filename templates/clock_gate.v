// clock_gate
//
// Passes the clock while enable is 1. The enable comes from registers of the same clock; what it is at the falling edge decides the next high
// phase, so that no pulse is cut. In test mode the clock always passes.
//
// For an ASIC define QUILLGEN_CLOCK_GATE as the name of a module with these four ports that holds the gating cell of the library.
`default_nettype none

module clock_gate (
  input  wire clk,
  input  wire enable,
  input  wire test_mode,
  output wire gated_clk
);

`ifdef QUILLGEN_CLOCK_GATE
  `QUILLGEN_CLOCK_GATE u_cell (
    .clk       (clk),
    .enable    (enable),
    .test_mode (test_mode),
    .gated_clk (gated_clk)
  );
`else
  reg open;

  always @(negedge clk)
    open <= enable || test_mode;

  assign gated_clk = clk && open;
`endif

endmodule
`default_nettype wire
