#!/usr/bin/env bash
# Small faults in what only networks use: a scene of the sparse detector in RTL must notice each. Links, steps of the
# host, what is read ahead, lists, boxes, references with a stride, self-attention.
#   mutants_network.sh QUILLGEN EXAMPLES UNIT_TESTS
set -euo pipefail
quillgen=$1 examples=$2 unit_tests=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" generate --preset detector --out "$folder/rtl" >/dev/null
status=0

# mutant NAME FILE FIND REPLACEMENT: FIND stands exactly once in the file. When the two are equal nothing may be
# noticed. With TEXTS_ONLY in the environment nothing more than that is looked at.
# in_test CASE WORDS mutant ..: that case of the unit test `programs` takes the place of the scene, and must fail with
# these words.
test_case= words=
in_test() {
  test_case=$1 words=$2
  "${@:3}"
  test_case= words=
}
run() {
  if [ -n "$test_case" ]; then
    DETECTOR_RTL=$folder/mutant "$unit_tests" --source-file='*/test_programs.cpp' --test-case="$test_case" 2>&1
  else
    "$quillgen" simulate --rtl "$folder/mutant" --network "$examples/tiny_sparse_detector.safetensors" \
      --scales "$examples/tiny_sparse_detector.scales.json" --input "$examples/tiny_sparse_detector_scenes.safetensors" \
      --scenes 0:1 --stall 0,30 --quick-build 2>&1
  fi
}
mutant() {
  local name=$1 file=$folder/mutant/$2 find=$3 replacement=$4 text result=0 expected=1 output
  rm -rf "$folder/mutant"
  cp -r "$folder/rtl" "$folder/mutant"
  text=$(<"$file")
  case $text in
    *"$find"*"$find"*) printf '%s: more than once in %s: %s\n' "$name" "$2" "$find" >&2; status=1; return ;;
    *"$find"*) ;;
    *) printf '%s: not in %s: %s\n' "$name" "$2" "$find" >&2; status=1; return ;;
  esac
  [ -z "${TEXTS_ONLY:-}" ] || return 0
  printf '%s\n' "${text/"$find"/"$replacement"}" >"$file"
  [ "$find" != "$replacement" ] || expected=0
  output=$(run) || result=$?
  if [ "$result" -ne "$expected" ] || [[ $output != *"$words"* ]]; then
    printf '%s\n%s: exit status %s, expected %s %s\n' "$output" "$name" "$result" "$expected" "$words" >&2
    status=1
    return
  fi
  printf '%-24s %s\n' "$name" "$(grep -oE "(quillgen: mismatch|bit-exact).*|${words:-^$}.*" <<<"$output" | head -1)"
}

mutant 'none' box_refine.v 'assign look_ready' 'assign look_ready'
# The program.
mutant 'host not waited for' job_control.v 'is_host_step && resume' 'is_host_step'
mutant 'program cut short' job_control.v 'job_complete && has_next_equal' 'job_complete'
mutant 'no interrupt of a step' job_control.v 'is_host_step && !entered_step' 'is_host_step && !entered_step && resume'
# The next job begins before the last rows are in memory; responses must be later than what that job reads first.
in_test '*responses that come late*' 'reads before a write was answered in' \
  mutant 'write response' burst_writer.v '!bursts_out_valid && none_open;' '!bursts_out_valid;'
mutant 'panel in the way' job_loads.v 'is_ask && (in_turn || room_ahead)' 'is_ask'
mutant 'place of the next panel' job_loads.v "asked_ahead ? upper_ahead : upper" 'upper'
mutant 'panel of the next job' job_loads.v 'assign panel_loaded = in_turn && has_panel' 'assign panel_loaded = has_panel'
mutant 'descriptor not held' descriptor_fetch.v 'is_ready && in_turn' 'is_ready'
mutant 'job in work overwritten' job_in_work.v 'assign job_output_address = held_job_output_address' 'assign job_output_address = next_job_output_address'
# The table of a norm must be later than the first rows.
in_test '*parameters that come late*' 'expected' \
  mutant 'norm before its table' quillgen.v 'wire norm_loaded = !' "wire norm_loaded = 1'b1 || !"
# Bytes by client: each is counted, and the value projection's apart.
mutant 'residuals not counted' quillgen.v 'read_port_data_valid_1 || read_port_data_valid_5 || read_port_data_valid_6' 'read_port_data_valid_1 || read_port_data_valid_5'
mutant 'sources as queries' quillgen.v '.of_map              (of_map)' ".of_map              (1'b0)"
# Lists.
mutant 'rows not gathered' query_order.v 'dense ? (row_named && gathers)' 'dense ? (row_named && scatters)'
mutant 'outputs not scattered' query_order.v 'dense ? (row_named && scatters)' 'dense ? (row_named && gathers)'
mutant 'rows named once' query_list.v "clearing ? 32'd0 : seen_write_data_term" "clearing ? 32'h1 : seen_write_data_term"
# Boxes.
mutant 'limit of a box' box_refine.v "(\$signed(sum_0) > 19'sd18862)" "(\$signed(sum_0) > 19'sd1886)"
mutant 'piece of the sigmoid' box_refine.v "8'd0: found_value_entry = 18'h20000" "8'd0: found_value_entry = 18'h20008"
mutant 'rounding of a piece' box_refine.v "reference_0_sum = {1'b0, reference_0_part} + 15'd1" "reference_0_sum = {1'b0, reference_0_part} + 15'd0"
mutant 'stride of references' reference_gather.v 'query * stride[15:3]' "query * (stride[15:3] + 13'd1)"
# Self-attention.
mutant 'half of the rows' key_loader.v "is_keys ? {1'b0, entry[0]} : entry[1:0]" "is_keys ? {1'b0, !entry[0]} : entry[1:0]"
mutant 'place of the values' key_loader.v "read_address_sum = key_base + {5'd0, entry}" "read_address_sum = key_base + {5'd1, entry}"
mutant 'scores of another head' self_steps.v "(score_head == 2'd3)" "(score_head == 2'd2)"
mutant 'scores not waited for' self_steps.v "(ahead != 2'd0) && exponentials_ready && room" "(ahead != 2'd0) && room"
mutant 'parts of exponentials' self_steps.v 'assign tile_first_part = !part' 'assign tile_first_part = part'
mutant 'scale of another row' row_softmax.v 'scale_row[1] ? (scale_row[0] ? mult_3 : mult_2)' 'scale_row[1] ? (scale_row[0] ? mult_2 : mult_3)'
exit $status
