// nearest_first
//
// Of the candidates in the pool the one nearest to the query issued last (Manhattan distance of the references in
// the first level) is next, the earliest of those equally near; one that was passed over starvation_bound times
// comes first.
//
//   window = 4
//   distance_units = 4
//   starvation_bound = 8
`default_nettype none

module nearest_first (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [6:0]  count,
  input  wire        candidate_valid,
  output wire        candidate_ready,
  input  wire [5:0]  candidate_query,
  input  wire [63:0] candidate_word,
  input  wire        candidate_last,
  output wire        issued_valid,
  input  wire        issued_ready,
  output wire [5:0]  issued_query,
  output wire [63:0] issued_word,
  output wire        issued_last
);

  // Empty the pool, fill it, look at all candidates, issue the one that was chosen, fill its slot, ..
  localparam [2:0] STATE_IDLE = 3'd0;
  localparam [2:0] STATE_EMPTY = 3'd1;
  localparam [2:0] STATE_FILL = 3'd2;
  localparam [2:0] STATE_SCAN = 3'd3;
  localparam [2:0] STATE_SETTLE = 3'd4;
  localparam [2:0] STATE_ISSUE = 3'd5;
  reg [2:0] state;
  wire is_empty = state == STATE_EMPTY;
  wire is_fill = state == STATE_FILL;
  wire is_scan = state == STATE_SCAN;
  wire is_settle = state == STATE_SETTLE;
  wire is_issue = state == STATE_ISSUE;
  reg [6:0] arrived;
  reg [6:0] left;
  reg [2:0] present;
  wire all_came = arrived == count;
  wire want = is_fill && (present != 3'd4) && !all_came;
  wire ready_to_choose = is_fill && !want;

  // A candidate: its words, and with the first one its place on the map.
  reg [1:0] freed_slot;
  wire first_fill = arrived < 7'd4;
  wire [1:0] slot = first_fill ? arrived[1:0] : freed_slot;
  reg [1:0] word_number;
  assign candidate_ready = want;
  wire take = candidate_valid && candidate_ready;
  wire taken = take && candidate_last;
  reg [11:0] first_x;
  reg [11:0] first_y;
  wire first_word = word_number == 2'd0;
  wire [11:0] here_x = first_word ? (candidate_word[31] ? 12'd0 :
        (candidate_word[30:16] == 15'd0) ? candidate_word[15:4] : {12{1'b1}}) : first_x;
  wire [11:0] here_y = first_word ? (candidate_word[63] ? 12'd0 :
        (candidate_word[62:48] == 15'd0) ? candidate_word[47:36] : {12{1'b1}}) : first_y;

  always @(posedge clk)
    if (take) begin
      first_x <= here_x;
      first_y <= here_y;
    end

  // Banks of the pool. Slots are empty at the start of a job, and when no candidate is left to fill them.
  reg row;
  wire last_row = !row;
  reg [20:0] best_rank;
  reg [1:0] best_slot;
  reg [11:0] best_x;
  reg [11:0] best_y;
  wire end_of_issue;
  wire vacate = end_of_issue && all_came;
  wire [1:0] changed_slot = vacate ? best_slot : slot;
  reg [11:0] last_x;
  reg [11:0] last_y;
  reg [6:0] starving_below;
  reg [3:0] patience;
  wire nobody = vacate || is_empty;
  reg scan_read;
  reg scan_seen;
  reg scan_compared;

  always @(posedge clk)
    if (rst) begin
      scan_read <= 1'b0;
      scan_seen <= 1'b0;
      scan_compared <= 1'b0;
    end else begin
      scan_read <= is_scan;
      scan_seen <= scan_read;
      scan_compared <= scan_seen;
    end

  reg read_row;

  always @(posedge clk)
    read_row <= row;

  wire [30:0] pool_0_q;
  wire pool_0_write_term = taken || vacate;
  wire pool_0_write_term_2 = is_empty || (pool_0_write_term && (changed_slot == 2'd0));
  wire pool_0_write_address_term = is_empty && row;
  wire [30:0] pool_0_write_data_joined = {nobody ? 12'd0 : here_y, nobody ? 12'd0 : here_x,
      nobody ? 6'd0 : arrived[5:0], !nobody};

  sram_1r1w #(.WIDTH(31), .DEPTH(2), .ADDRESS_BITS(1)) u_pool_0 (
    .clk           (clk),
    .write         (pool_0_write_term_2),
    .write_address (pool_0_write_address_term),
    .write_data    (pool_0_write_data_joined),
    .read          (is_scan),
    .read_address  (row),
    .read_data     (pool_0_q)
  );

  wire candidate_0_present = pool_0_q[0];
  wire [5:0] candidate_0_arrival = pool_0_q[6:1];
  wire [11:0] candidate_0_x = pool_0_q[18:7];
  wire [11:0] candidate_0_y = pool_0_q[30:19];
  wire [11:0] distance_0_difference = last_x - candidate_0_x;
  wire [11:0] distance_0_difference_2 = candidate_0_x - last_x;
  wire [11:0] distance_0_choice = (candidate_0_x < last_x) ? distance_0_difference : distance_0_difference_2;
  wire [11:0] distance_0_difference_3 = last_y - candidate_0_y;
  wire [11:0] distance_0_difference_4 = candidate_0_y - last_y;
  wire [11:0] distance_0_choice_2 = (candidate_0_y < last_y) ? distance_0_difference_3 : distance_0_difference_4;
  wire [12:0] distance_0 = distance_0_choice + distance_0_choice_2;
  wire out_of_patience = patience == 4'd0;
  wire starves_0 = out_of_patience && ({1'b0, candidate_0_arrival} < starving_below);
  reg [20:0] seen_0_rank;
  reg [1:0] seen_0_slot;
  reg [11:0] seen_0_x;
  reg [11:0] seen_0_y;

  always @(posedge clk) begin
    seen_0_rank <= {!candidate_0_present, !starves_0, starves_0 ? 13'd0 : distance_0, candidate_0_arrival};
    seen_0_slot <= 2'd0;
    seen_0_x <= candidate_0_x;
    seen_0_y <= candidate_0_y;
  end

  wire [30:0] pool_1_q;
  wire pool_1_write_term = is_empty || (pool_0_write_term && (changed_slot == 2'd1));

  sram_1r1w #(.WIDTH(31), .DEPTH(2), .ADDRESS_BITS(1)) u_pool_1 (
    .clk           (clk),
    .write         (pool_1_write_term),
    .write_address (pool_0_write_address_term),
    .write_data    (pool_0_write_data_joined),
    .read          (is_scan),
    .read_address  (row),
    .read_data     (pool_1_q)
  );

  wire candidate_1_present = pool_1_q[0];
  wire [5:0] candidate_1_arrival = pool_1_q[6:1];
  wire [11:0] candidate_1_x = pool_1_q[18:7];
  wire [11:0] candidate_1_y = pool_1_q[30:19];
  wire [11:0] distance_1_difference = last_x - candidate_1_x;
  wire [11:0] distance_1_difference_2 = candidate_1_x - last_x;
  wire [11:0] distance_1_choice = (candidate_1_x < last_x) ? distance_1_difference : distance_1_difference_2;
  wire [11:0] distance_1_difference_3 = last_y - candidate_1_y;
  wire [11:0] distance_1_difference_4 = candidate_1_y - last_y;
  wire [11:0] distance_1_choice_2 = (candidate_1_y < last_y) ? distance_1_difference_3 : distance_1_difference_4;
  wire [12:0] distance_1 = distance_1_choice + distance_1_choice_2;
  wire starves_1 = out_of_patience && ({1'b0, candidate_1_arrival} < starving_below);
  reg [20:0] seen_1_rank;
  reg [1:0] seen_1_slot;
  reg [11:0] seen_1_x;
  reg [11:0] seen_1_y;

  always @(posedge clk) begin
    seen_1_rank <= {!candidate_1_present, !starves_1, starves_1 ? 13'd0 : distance_1, candidate_1_arrival};
    seen_1_slot <= 2'd1;
    seen_1_x <= candidate_1_x;
    seen_1_y <= candidate_1_y;
  end

  wire [30:0] pool_2_q;
  wire pool_2_write_term = is_empty || (pool_0_write_term && (changed_slot == 2'd2));

  sram_1r1w #(.WIDTH(31), .DEPTH(2), .ADDRESS_BITS(1)) u_pool_2 (
    .clk           (clk),
    .write         (pool_2_write_term),
    .write_address (pool_0_write_address_term),
    .write_data    (pool_0_write_data_joined),
    .read          (is_scan),
    .read_address  (row),
    .read_data     (pool_2_q)
  );

  wire candidate_2_present = pool_2_q[0];
  wire [5:0] candidate_2_arrival = pool_2_q[6:1];
  wire [11:0] candidate_2_x = pool_2_q[18:7];
  wire [11:0] candidate_2_y = pool_2_q[30:19];
  wire [11:0] distance_2_difference = last_x - candidate_2_x;
  wire [11:0] distance_2_difference_2 = candidate_2_x - last_x;
  wire [11:0] distance_2_choice = (candidate_2_x < last_x) ? distance_2_difference : distance_2_difference_2;
  wire [11:0] distance_2_difference_3 = last_y - candidate_2_y;
  wire [11:0] distance_2_difference_4 = candidate_2_y - last_y;
  wire [11:0] distance_2_choice_2 = (candidate_2_y < last_y) ? distance_2_difference_3 : distance_2_difference_4;
  wire [12:0] distance_2 = distance_2_choice + distance_2_choice_2;
  wire starves_2 = out_of_patience && ({1'b0, candidate_2_arrival} < starving_below);
  reg [20:0] seen_2_rank;
  reg [1:0] seen_2_slot;
  reg [11:0] seen_2_x;
  reg [11:0] seen_2_y;

  always @(posedge clk) begin
    seen_2_rank <= {!candidate_2_present, !starves_2, starves_2 ? 13'd0 : distance_2, candidate_2_arrival};
    seen_2_slot <= 2'd2;
    seen_2_x <= candidate_2_x;
    seen_2_y <= candidate_2_y;
  end

  wire [30:0] pool_3_q;
  wire pool_3_write_term = is_empty || (pool_0_write_term && (changed_slot == 2'd3));

  sram_1r1w #(.WIDTH(31), .DEPTH(2), .ADDRESS_BITS(1)) u_pool_3 (
    .clk           (clk),
    .write         (pool_3_write_term),
    .write_address (pool_0_write_address_term),
    .write_data    (pool_0_write_data_joined),
    .read          (is_scan),
    .read_address  (row),
    .read_data     (pool_3_q)
  );

  wire candidate_3_present = pool_3_q[0];
  wire [5:0] candidate_3_arrival = pool_3_q[6:1];
  wire [11:0] candidate_3_x = pool_3_q[18:7];
  wire [11:0] candidate_3_y = pool_3_q[30:19];
  wire [11:0] distance_3_difference = last_x - candidate_3_x;
  wire [11:0] distance_3_difference_2 = candidate_3_x - last_x;
  wire [11:0] distance_3_choice = (candidate_3_x < last_x) ? distance_3_difference : distance_3_difference_2;
  wire [11:0] distance_3_difference_3 = last_y - candidate_3_y;
  wire [11:0] distance_3_difference_4 = candidate_3_y - last_y;
  wire [11:0] distance_3_choice_2 = (candidate_3_y < last_y) ? distance_3_difference_3 : distance_3_difference_4;
  wire [12:0] distance_3 = distance_3_choice + distance_3_choice_2;
  wire starves_3 = out_of_patience && ({1'b0, candidate_3_arrival} < starving_below);
  reg [20:0] seen_3_rank;
  reg [1:0] seen_3_slot;
  reg [11:0] seen_3_x;
  reg [11:0] seen_3_y;

  always @(posedge clk) begin
    seen_3_rank <= {!candidate_3_present, !starves_3, starves_3 ? 13'd0 : distance_3, candidate_3_arrival};
    seen_3_slot <= 2'd3;
    seen_3_x <= candidate_3_x;
    seen_3_y <= candidate_3_y;
  end

  // The lowest rank of a row, and of all rows.
  reg [20:0] compared_rank;
  reg [1:0] compared_slot;
  reg [11:0] compared_x;
  reg [11:0] compared_y;
  wire compared_rank_less = seen_3_rank < seen_2_rank;
  wire [20:0] compared_rank_choice = compared_rank_less ? seen_3_rank : seen_2_rank;
  wire compared_rank_less_2 = seen_1_rank < seen_0_rank;
  wire [20:0] compared_rank_choice_2 = compared_rank_less_2 ? seen_1_rank : seen_0_rank;
  wire compared_rank_less_3 = compared_rank_choice < compared_rank_choice_2;

  always @(posedge clk) begin
    compared_rank <= compared_rank_less_3 ? compared_rank_choice : compared_rank_choice_2;
    compared_slot <= compared_rank_less_3 ? (compared_rank_less ? seen_3_slot : seen_2_slot) :
        compared_rank_less_2 ? seen_1_slot : seen_0_slot;
    compared_x <= compared_rank_less_3 ? (compared_rank_less ? seen_3_x : seen_2_x) :
        compared_rank_less_2 ? seen_1_x : seen_0_x;
    compared_y <= compared_rank_less_3 ? (compared_rank_less ? seen_3_y : seen_2_y) :
        compared_rank_less_2 ? seen_1_y : seen_0_y;
  end

  reg found;

  always @(posedge clk)
    if (rst) found <= 1'b0;
    else if (ready_to_choose) found <= 1'b0;
    else if (scan_compared) found <= 1'b1;

  wire best_rank_less = compared_rank < best_rank;

  always @(posedge clk)
    if (scan_compared) begin
      best_rank <= found ? (best_rank_less ? compared_rank : best_rank) : compared_rank;
      best_slot <= found ? (best_rank_less ? compared_slot : best_slot) : compared_slot;
      best_x <= found ? (best_rank_less ? compared_x : best_x) : compared_x;
      best_y <= found ? (best_rank_less ? compared_y : best_y) : compared_y;
    end

  // Issue.
  reg out_valid;
  reg out_last;
  wire settled = is_settle && !(scan_read || scan_seen || scan_compared) && !out_valid;
  reg [1:0] last_number;

  always @(posedge clk)
    if (taken) last_number <= word_number;

  wire next_word = is_issue && (!out_valid || issued_ready);
  wire last_read = next_word && (word_number == last_number);
  assign end_of_issue = last_read;

  sram_1r1w #(.WIDTH(6), .DEPTH(4), .ADDRESS_BITS(2)) u_queries (
    .clk           (clk),
    .write         (taken),
    .write_address (slot),
    .write_data    (candidate_query),
    .read          (settled),
    .read_address  (best_slot),
    .read_data     (issued_query)
  );

  sram_1r1w #(.WIDTH(64), .DEPTH(16), .ADDRESS_BITS(4)) u_words (
    .clk           (clk),
    .write         (take),
    .write_address ({slot, word_number}),
    .write_data    (candidate_word),
    .read          (next_word),
    .read_address  ({best_slot, word_number}),
    .read_data     (issued_word)
  );

  always @(posedge clk)
    if (next_word) out_last <= last_read;

  always @(posedge clk)
    if (rst) out_valid <= 1'b0;
    else if (next_word) out_valid <= 1'b1;
    else if (issued_ready) out_valid <= 1'b0;

  always @(posedge clk)
    if (rst) word_number <= 2'd0;
    else if (taken || last_read) word_number <= 2'd0;
    else if (take || next_word) word_number <= word_number + 2'd1;

  always @(posedge clk)
    if (start) begin
      last_x <= 12'd0;
      last_y <= 12'd0;
    end else if (settled) begin
      last_x <= best_x;
      last_y <= best_y;
    end

  always @(posedge clk)
    if (settled) freed_slot <= best_slot;

  always @(posedge clk)
    if (start) patience <= 4'd8;
    else if (last_read && !out_of_patience) patience <= patience - 4'd1;

  always @(posedge clk)
    if (start) starving_below <= 7'd4;
    else if (last_read && out_of_patience) starving_below <= starving_below + 7'd1;

  always @(posedge clk)
    if (rst) arrived <= 7'd0;
    else if (start) arrived <= 7'd0;
    else if (taken) arrived <= arrived + 7'd1;

  always @(posedge clk)
    if (rst) left <= 7'd0;
    else if (start) left <= count;
    else if (last_read) left <= left - 7'd1;

  always @(posedge clk)
    if (rst) present <= 3'd0;
    else if (start) present <= 3'd0;
    else if (taken) present <= present + 3'd1;
    else if (last_read) present <= present - 3'd1;

  wire row_sum = row + 1'b1;

  always @(posedge clk)
    if (rst) row <= 1'b0;
    else if (is_empty || is_scan) row <= row && row_sum;

  always @(posedge clk)
    if (rst) state <= STATE_IDLE;
    else if (start) state <= STATE_EMPTY;
    else if (is_empty && last_row) state <= STATE_FILL;
    else if (ready_to_choose) state <= (left == 7'd0) ? STATE_IDLE : STATE_SCAN;
    else if (is_scan && last_row) state <= STATE_SETTLE;
    else if (settled) state <= STATE_ISSUE;
    else if (last_read) state <= STATE_FILL;

  assign issued_valid = out_valid;
  assign issued_last = out_last;

  // Bits that rounding, wrapping or a fixed field leave unread.
  wire _unused = &{1'b0, read_row};

`ifdef QUILLGEN_CHECKS
`elsif FORMAL
`define QUILLGEN_CHECKS
`endif

`ifdef QUILLGEN_CHECKS
  stream_check #(.WIDTH(71)) check_issued (
    .clk(clk), .rst(rst), .valid(out_valid), .ready(issued_ready), .payload({issued_query, issued_word, out_last})
  );
`endif

endmodule
`default_nettype wire
