#!/usr/bin/env bash
# simulate --trace: the waveform has the run in it (as many samples as the hardware counted), every name of the list for GTKWave is in it, and
# both are there after a run, after a hang and after Ctrl-C; a mistake leaves nothing.
#   trace.sh QUILLGEN WORKLOAD READ_WAVE
set -euo pipefail
quillgen=$(realpath "$1") workload=$(realpath "$2") read_wave=$(realpath "$3")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
# is LEFT OPERATOR RIGHT WHAT
is() { test "$1" "$2" "$3" || fail "$4: $1, not $2 $3"; }
value() { awk -v name="$1" '$1 == name { print $2 }' "$2"; }
counter() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["counters"][sys.argv[2]])' "$@"; }
whole() { "$read_wave" "$1.fst" "$1.gtkw" u_core.u_lane_0.u_feature_buffer sample >"$1.read" || fail "$1: see above"; }
only() { [ "$(find . -maxdepth 1 -name "$1*" | sort | tr '\n' ' ')" = "$2" ] || fail "files: $(ls -d "$1"*)"; }

"$quillgen" simulate --preset nano --workload "$workload" --quick-build --stall 30 --trace run.fst --json run.json >run.out
only run './run.burst_writer_state.txt ./run.fst ./run.gtkw ./run.job_control_state.txt ./run.job_loads_state.txt ./run.json ./run.map_writer_state.txt ./run.out ./run.token_walk_state.txt '
only quillgen. ''
whole run
is "$(value firings run.read)" -eq "$(counter run.json SAMPLES)" 'samples in the waveform and in the counter SAMPLES'
is "$(value end run.read)" -eq $(($(value edges run.read) * 10 - 5)) 'end of the waveform, ns, at 10 a clock cycle'
for block in job_reader token_walk row_fetch engine result_buffer map_writer reference_rows point_source softmax index_gen weight_gen tag_lookup line_fetch \
    feature_buffer interpolate head_requantise head_projection output_requantise output_rows; do
  grep -q "^TOP\.quillgen\..*u_$block\.[a-z_]*_valid$" run.gtkw || fail "no stream of $block is listed"
done
for signal in clk rst u_job_control.state u_burst_writer.state u_counters.in_wait_feature_0 u_counters.in_project_0 u_counters.in_drain_0 m_axi_arvalid m_axi_rdata m_axi_bready s_axil_awaddr; do
  grep -q "^TOP\.quillgen\.$signal\(\[.*\)\?$" run.gtkw || fail "$signal is not listed"
done
grep -qx '100 ATTEND' run.job_control_state.txt || fail 'the states of job_control have no names'

# Ctrl-C in a long run: the waveform up to then.
"$quillgen" simulate --preset nano --workload "$workload" --quick-build --latency 100000 --trace stopped.fst >stopped.out 2>&1 &
run=$!
while ! ls quillgen.*/trace.fst >ls.out 2>&1; do sleep 0.1; done
kill -INT "$run"
status=0
wait "$run" || status=$?
is "$status" -eq 130 'exit status after Ctrl-C'
whole stopped
is "$(value end stopped.read)" -ge 5000 'end of the waveform after Ctrl-C, ns'

# A hang: an off-by-one in the output writer, which waits for a beat too many.
"$quillgen" generate --preset nano --out rtl >/dev/null
sed -i 's/(held >= {/(held > {/' rtl/burst_writer.v
status=0
"$quillgen" simulate --rtl rtl --workload "$workload" --quick-build --trace hung.fst >hung.out 2>&1 || status=$?
is "$status" -eq 1 'exit status of a hang'
grep -q 'hang: nothing has moved since' hung.out || fail "no hang: $(cat hung.out)"
whole hung
is "$(value end hung.read)" -ge 200000 'end of the waveform after a hang, ns'
printf '%s signals, %s of them listed, %s samples as counted\n' "$(value signals run.read)" "$(value listed run.read)" "$(value firings run.read)"
