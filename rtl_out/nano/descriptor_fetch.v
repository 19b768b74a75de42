// descriptor_fetch
//
// Reads a descriptor when one is wanted, has it checked, and holds it until its job is in turn.
`default_nettype none

module descriptor_fetch (
  input  wire        clk,
  input  wire        rst,
  input  wire        wanted,
  input  wire [39:0] address,
  input  wire        in_turn,
  input  wire        beat_valid,
  input  wire        complete,
  input  wire        checked,
  output wire        request_valid,
  input  wire        request_ready,
  output wire [39:0] request_address,
  output wire [31:0] request_beats,
  output wire        begins,
  output wire        asking,
  output wire        to_descriptor,
  output wire        check,
  output wire        ready
);

  localparam [1:0] STATE_NONE = 2'd0;
  localparam [1:0] STATE_FETCH = 2'd1;
  localparam [1:0] STATE_CHECK = 2'd2;
  reg [1:0] state;
  wire is_none = state == STATE_NONE;
  wire is_fetch = state == STATE_FETCH;
  wire is_check = state == STATE_CHECK;
  reg asked;
  wire begins_now = is_none && wanted;
  wire is_ready = is_check && checked;

  always @(posedge clk)
    if (rst) state <= STATE_NONE;
    else if (begins_now) state <= STATE_FETCH;
    else if (is_fetch && complete) state <= STATE_CHECK;
    else if (is_ready && in_turn) state <= STATE_NONE;

  assign request_valid = is_fetch && !asked;

  always @(posedge clk)
    if (rst) asked <= 1'b0;
    else if (begins_now) asked <= 1'b0;
    else if (request_valid && request_ready) asked <= 1'b1;

  assign to_descriptor = is_fetch && beat_valid;

  assign request_address = address;
  assign request_beats = 32'h10;
  assign begins = begins_now;
  assign asking = is_fetch;
  assign check = is_check;
  assign ready = is_ready;

endmodule
`default_nettype wire
