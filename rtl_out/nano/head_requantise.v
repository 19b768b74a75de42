// head_requantise
//
// Requantisation of a head (NUMERICS.md N8), units channels a cycle. The sums are held by the interpolation until
// the last has been taken.
//
//   channels = 2
//   units = 1
`default_nettype none

module head_requantise (
  input  wire        clk,
  input  wire        rst,
  input  wire        table_enable,
  input  wire        table_bank,
  input  wire [1:0]  table_address,
  input  wire [21:0] table_data,
  input  wire        head_valid,
  output wire        head_ready,
  input  wire [37:0] head_sums,
  input  wire        head_last_of_query,
  output wire        vector_valid,
  input  wire        vector_ready,
  output wire [15:0] vector_channels,
  output wire        vector_last_of_query
);

  // Walk over the channels of the head, and over the table of all channels of the query.
  wire advance;
  reg word;
  reg [1:0] table_word;
  wire step = head_valid && advance;
  wire last_word = word;
  assign head_ready = advance && last_word;

  always @(posedge clk)
    if (rst) word <= 1'b0;
    else if (step) word <= word + 1'b1;

  always @(posedge clk)
    if (rst) table_word <= 2'd0;
    else if (step && last_word && head_last_of_query) table_word <= 2'd0;
    else if (step) table_word <= table_word + 2'd1;

  // Table entry and sums of these channels.
  wire [21:0] table_memory_q;

  sram_1r1w #(.WIDTH(22), .DEPTH(4), .ADDRESS_BITS(2)) u_table_memory (
    .clk           (clk),
    .write         (table_enable),
    .write_address (table_address),
    .write_data    (table_data),
    .read          (step),
    .read_address  (table_word),
    .read_data     (table_memory_q)
  );

  reg [18:0] sums;

  always @(posedge clk)
    if (advance) sums <= word ? head_sums[37:19] : head_sums[18:0];

  // What is in flight: valid, last word of its head, last head of its query.
  reg valid_1;
  reg last_1;
  reg last_of_query_1;

  always @(posedge clk)
    if (rst) valid_1 <= 1'b0;
    else if (advance) valid_1 <= head_valid;

  always @(posedge clk)
    if (advance) begin
      last_1 <= last_word;
      last_of_query_1 <= head_last_of_query;
    end

  reg valid_2;
  reg last_2;
  reg last_of_query_2;

  always @(posedge clk)
    if (rst) valid_2 <= 1'b0;
    else if (advance) valid_2 <= valid_1;

  always @(posedge clk)
    if (advance) begin
      last_2 <= last_1;
      last_of_query_2 <= last_of_query_1;
    end

  reg valid_3;
  reg last_3;
  reg last_of_query_3;

  always @(posedge clk)
    if (rst) valid_3 <= 1'b0;
    else if (advance) valid_3 <= valid_2;

  always @(posedge clk)
    if (advance) begin
      last_3 <= last_2;
      last_of_query_3 <= last_of_query_2;
    end

  reg valid_4;
  reg last_4;
  reg last_of_query_4;

  always @(posedge clk)
    if (rst) valid_4 <= 1'b0;
    else if (advance) valid_4 <= valid_3;

  always @(posedge clk)
    if (advance) begin
      last_4 <= last_3;
      last_of_query_4 <= last_of_query_3;
    end

  wire [7:0] requantise_0_value;

  requantise_19_to_8_no_bias u_requantise_0 (
    .clk    (clk),
    .enable (advance),
    .acc    (sums),
    .mult   (table_memory_q[15:0]),
    .shift  (table_memory_q[21:16]),
    .value  (requantise_0_value)
  );

  // Collect the head; the newest channels go in at the top.
  reg [7:0] collected;
  wire [15:0] whole = {requantise_0_value, collected};

  always @(posedge clk)
    if (advance && valid_4) collected <= whole[15:8];

  wire vector_ready_to_go = valid_4 && last_4;
  assign advance = !vector_ready_to_go || vector_ready;

  assign vector_valid = vector_ready_to_go;
  assign vector_channels = whole;
  assign vector_last_of_query = last_of_query_4;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, table_bank};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(17)) check_vector (
    .clk(clk), .rst(rst), .valid(vector_ready_to_go), .ready(vector_ready), .payload({whole, last_of_query_4})
  );
`endif

endmodule
`default_nettype wire
