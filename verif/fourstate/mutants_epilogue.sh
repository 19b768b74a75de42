#!/usr/bin/env bash
# Small faults in the blocks that only a design with an epilogue has, and in what others have for it; jobs with operands formed and with a norm, dense
# and attention, must notice each.
#   mutants_epilogue.sh QUILLGEN MAKE_JOBS WORKLOAD      of 8 channels
set -euo pipefail
quillgen=$1 make_jobs=$2
. "$(dirname "${BASH_SOURCE[0]}")/bench.sh"
set=()
for s in network.epilogue=true network.activations=all network.stream_bits=14 attention.embed_dim=8 numerics.query_bits=8 numerics.output_bits=12; do set+=(--set "$s"); done
"$quillgen" generate --preset nano "${set[@]}" --out "$folder/rtl" >/dev/null
# Of a dense job without a norm nothing may be left to one with.
work=("$3:formed:norm" "3x7x9:formed" "5x9x9:gelu" "12x9x8:formed:norm" "4x6x5:sigmoid" "$3:norm" "2x5x8:norm")
mutant 'none' x softmax.v '// Step 1' '// Step 1'
mutant 'position of a token' noise operand_former.v "requantise_1_acc_choice = with_position ? position[29:16] : 14'd0" 'requantise_1_acc_choice = position[29:16]'
mutant 'row without its position' noise operand_former.v 'row_valid && (position_valid || !with_position)' 'row_valid'
mutant 'operands not held' noise operand_former.v 'assign advance = !valid_3 || operands_ready;' "assign advance = 1'b1;"
mutant 'position of another row' noise row_fetch.v 'positions_request_address_choice + position_distance' "positions_request_address_choice"
mutant 'sum of two rows' noise row_norm.v "(sums_begin ? 19'd0 : sums_sum)" 'sums_sum'
mutant 'row over a row' noise row_norm.v 'z_address <= {word, slot};' "z_address <= {word, 2'd0};"
mutant 'one row too many' noise row_norm.v "(rows_held != 3'd4)" "(rows_held != 3'd5)"
mutant 'rounding of t' noise row_norm.v "product_shift - 6'd1" "product_shift - 6'd0"
mutant 'gamma of another' noise row_norm.v '$signed(t_value_1) * $signed(t_entries[63:48])' '$signed(t_value_1) * $signed(t_entries[15:0])'
mutant 'pair of zeros' noise row_scale.v "normalised_term_equal = but_a_pair[55:54] == 2'd0" "normalised_term_equal = but_a_pair[55] == 1'd0"
mutant 'last bit of the root' noise row_scale.v "(step == 5'd16)" "(step == 5'd15)"
mutant 'trial of the next bit' noise row_scale.v 'trial <= fits ? trial_sum : next_if_0' 'trial <= first_bit ? trial_sum : next_if_0'
mutant 'three quarters' noise row_scale.v 'first_bit ? next_if_0[55:2]' 'first_bit ? trial_sum[55:2]'
mutant 'power of the scale' noise row_scale.v "scale_shift = 6'd33" "scale_shift = 6'd32"
mutant 'rows of the job before' noise row_epilogue.v 'start && in_order && adds' 'start && in_order'
mutant 'residual of another row' noise row_epilogue.v 'rows_ahead_in_data_choice + distance' 'rows_ahead_in_data_choice'
mutant 'row not asked for' noise row_epilogue.v 'adds ? (ahead_ready && !in_order)' "adds ? 1'b1"
mutant 'format of results' noise result_buffer.v "format == 2'd2" "format == 2'd3"
mutant 'results of a norm' noise result_buffer.v 'norm ? {{2{value_1_choice[15]}}, value_1_choice}' '(norm && format[0]) ? {{2{value_1_choice[15]}}, value_1_choice}'
mutant 'outputs of a norm' noise output_requantise.v 'output_0 = norm ? requantise_0_value' "output_0 = (norm && table_enable) ? requantise_0_value"
mutant 'norm of a dense job' noise job_loads.v 'wants_rest <= !job_dense || job_norm' 'wants_rest <= !job_dense'
mutant 'end of the norm' noise job_loads.v "32'h56" "32'h55"
mutant 'table of the norm' noise parameter_loader.v "table_index <= 3'd7" "table_index <= 3'd6"
mutant 'rest with a norm' noise parameter_loader.v '(is_table_6 && !norm)' 'is_table_6'
# Activations: every fact of the formula, where the table is, when its results are there, and whose rows they are.
mutant 'minus the lowest number' noise activation_column.v 'magnitude[15] ? {15{1'"'"'b1}} : magnitude[14:0]' 'magnitude[14:0]'
mutant 'sign of a magnitude' noise activation_column.v 'held_x[15] ? magnitude_difference : held_x' 'held_x'
mutant 'piece' noise activation_column.v "{1'b0, u[11:7]}" "{1'b0, u[12:8]}"
mutant 'wide piece' noise activation_column.v "{3'd6, u[12:10]}" "{3'd7, u[12:10]}"
mutant 'place in a piece' noise activation_column.v "{u[7:0], 3'd0}" "{u[6:0], 4'd0}"
mutant 'slope of a piece' noise activation_column.v '$signed(entry[25:15])' "\$signed({1'b0, entry[24:15]})"
mutant 'constant of a piece' noise activation_column.v "8'd120: entry_entry = 26'd0" "8'd120: entry_entry = 26'h1000"
mutant 'rounding of a piece' noise activation_column.v "less_part} + 16'd1" "less_part} + 16'd0"
mutant 'sigmoid above 0' noise activation_column.v "17'h1000 - y_wide" "17'h0FFF - y_wide"
mutant 'sign of another number' noise activation_column.v 'negative_3 <= negative_2' 'negative_3 <= negative'
mutant 'row of another result' noise activation_unit.v 'slot_3 <= slot_2' 'slot_3 <= slot_1'
mutant 'told too early' noise gemm_unit.v 'activated_6_valid <= activated_5_valid' 'activated_6_valid <= activated_1_valid'
mutant 'code of an activation' noise job_descriptor.v "job_network_activation = epilogue[5:4]" "job_network_activation = {1'b0, epilogue[4]}"
exit $status
