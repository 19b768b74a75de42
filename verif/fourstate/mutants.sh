#!/usr/bin/env bash
# What keeps values of unwritten words out of results is not seen by two-state simulation: each part of it, taken away, must be noticed here.
#   mutants.sh QUILLGEN MAKE_JOBS WORK...
set -euo pipefail
quillgen=$1 make_jobs=$2
shift 2
. "$(dirname "${BASH_SOURCE[0]}")/bench.sh"
"$quillgen" generate --preset nano --out "$folder/rtl" >/dev/null
work=("$1:given" "$@") # the first time with its map, so that the array has had no tokens
mutant 'none' x softmax.v '// Step 1' '// Step 1'
mutant 'empty slot' noise nearest_first.v "nobody ? 12'd0 : here_x" 'here_x'
mutant 'arrival of nobody' noise nearest_first.v "pool_0_write_data_joined = {nobody ? 12'd0 : here_y" 'pool_0_write_data_joined = {here_y'
mutant 'pixel without weight' noise feature_buffer.v "(read_weight_2 == 11'd0) ? 16'd0 : pixels_2_q" 'pixels_2_q'
mutant 'padding of a row' x row_fetch.v "has_padding ? 8'd0 : cut_word_out[31:24]" 'cut_word_out[31:24]'
mutant 'mask without a mask' noise token_walk.v 'is_look && masked && !outside' 'is_look && !outside'
mutant 'bank without a result' noise result_buffer.v "bank_7_read = fetch && (dense ? (read_live > 4'd7) : bank_6_read_equal)" 'bank_7_read = fetch'
mutant 'row without a query' noise gemm_engine.v "read_row_1 = read_rows && (groups_out_data > 2'd1)" 'read_row_1 = read_rows'
mutant 'job ID before a job' noise job_descriptor.v "if (rst) job_id <= 32'd0" 'if (rst) job_id <= job_id'
mutant 'open before a burst' noise read_port.v "if (rst) open_1 <= 6'd0" 'if (rst) open_1 <= open_1'
exit $status
