#!/usr/bin/env bash
# The whole design in Verilator against the model: every stage of a workload at stalls of 0, 25 and 60 %, latencies of 10 and 200 cycles, three
# seeds. Prints the command that replays a failure.
#   matrix.sh QUILLGEN PRESET WORKLOAD [--set path=value]...
set -euo pipefail
quillgen=$1 preset=$2 workload=$3
shift 3
exec "$quillgen" simulate --preset "$preset" "$@" --workload "$workload" --stall 0,25,60 --latency 10,200 --seed 1,2,3
