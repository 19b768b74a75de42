// Memories as a strict library has them, in place of what the wrappers hold: nothing is known of a word before it is
// written, and reading such a word is an error, as it would be with parity. No enable may be x or z outside of reset,
// nor an address while its enable is 1, nor data that are written (+padding: some hold what memory has in padding).
`timescale 1ns / 1ps
`default_nettype none

module strict_sram #(
  parameter WIDTH        = 8,
  parameter DEPTH        = 16,
  parameter ADDRESS_BITS = 4
) (
  input  wire                    clk,
  input  wire                    write,
  input  wire [ADDRESS_BITS-1:0] write_address,
  input  wire [WIDTH-1:0]        write_data,
  input  wire                    read,
  input  wire [ADDRESS_BITS-1:0] read_address,
  output reg  [WIDTH-1:0]        read_data
);
  reg [WIDTH-1:0] words [0:DEPTH-1];
  reg [DEPTH-1:0] written = {DEPTH{1'b0}};

  always @(posedge clk) begin
    if (!bench.in_reset) begin
      if (^{write, read} === 1'bx) fail("an enable is x");
      if (write && ^write_address === 1'bx) fail("a write address is x");
      if (write && ^write_data === 1'bx && !$test$plusargs("padding")) fail("data that are written are x");
      if (read && ^read_address === 1'bx) fail("a read address is x");
      else if (read && !written[read_address]) fail("a word is read that was never written");
      if (read && write && read_address === write_address) fail("a word is read while it is written");
    end
    if (read) read_data <= words[read_address];
    if (write) begin
      words[write_address] <= write_data;
      written[write_address] = 1'b1;
    end
  end

  reg failed = 1'b0; // once is enough
  task fail(input [8*64-1:0] what);
    if (!failed) begin
      failed = 1'b1;
      $display("%m:");
      bench.fail(what);
    end
  endtask
endmodule

module strict_regfile #(
  parameter WIDTH        = 8,
  parameter DEPTH        = 16,
  parameter ADDRESS_BITS = 4
) (
  input  wire                    clk,
  input  wire                    write,
  input  wire [ADDRESS_BITS-1:0] write_address,
  input  wire [WIDTH-1:0]        write_data,
  input  wire                    read,
  input  wire [ADDRESS_BITS-1:0] read_address,
  output wire [WIDTH-1:0]        read_data
);
  reg [WIDTH-1:0] words [0:DEPTH-1];
  assign read_data = words[read_address];

  always @(posedge clk) begin
    if (!bench.in_reset) begin
      if (^{write, read} === 1'bx) fail("an enable is x");
      if (write && ^write_address === 1'bx) fail("a write address is x");
      if (read && ^read_address === 1'bx) fail("a read address is x");
      if (write && ^write_data === 1'bx && !$test$plusargs("padding")) fail("data that are written are x");
    end
    if (write) words[write_address] <= write_data;
  end

  reg failed = 1'b0; // once is enough
  task fail(input [8*64-1:0] what);
    if (!failed) begin
      failed = 1'b1;
      $display("%m:");
      bench.fail(what);
    end
  endtask
endmodule
`default_nettype wire
