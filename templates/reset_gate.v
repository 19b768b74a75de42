// reset_gate
//
// Asynchronous reset of a block: that of the design, or one of its own that a register makes. A single register changes at a time, so the output
// has no glitch. In test mode only the pin resets, so that scan can shift through the register.
//
// For an ASIC define QUILLGEN_RESET_GATE as the name of a module with these four ports if the gate must be a cell of your choice.
`default_nettype none

module reset_gate (
  input  wire rst_n,
  input  wire block_reset,
  input  wire test_mode,
  output wire block_rst_n
);

`ifdef QUILLGEN_RESET_GATE
  `QUILLGEN_RESET_GATE u_cell (
    .rst_n       (rst_n),
    .block_reset (block_reset),
    .test_mode   (test_mode),
    .block_rst_n (block_rst_n)
  );
`else
  assign block_rst_n = rst_n && (test_mode || !block_reset);
`endif

endmodule
`default_nettype wire
