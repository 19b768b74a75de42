#!/usr/bin/env bash
# A whole encoder layer, from source rows to outputs, bit-exact, and fast: at least 95 % of the products that the PEs could make in the value
# projection are useful, from first to last sample the busier of lanes and PE array takes at least 90 % of the cycles, and a memory latency of 200
# cycles costs less than 5 % against one of 10. Then with stalls.
#   encoder.sh QUILLGEN PRESET WORKLOAD
set -euo pipefail
quillgen=$1 preset=$2 workload=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" simulate --preset "$preset" --workload "$workload" --latency 10,200 --json "$folder/result.json"
python3 - "$folder/result.json" <<'P'
import json, sys
failed = False
def check(what, value, least):
    global failed
    failed |= value < least
    print(f"{'FAILED' if value < least else 'ok    '}  {what}: {value:.3f}, at least {least} wanted")
runs = json.load(open(sys.argv[1]))["runs"]
for run in runs:
    c, lanes = run["counters"], run["lanes"]
    latency = f"latency {run['latency']}"
    check(f"useful products in the value projection, {latency}", run["utilisation"]["value_projection_useful"], 0.95)
    attend = c["CYCLES"] - (c["SETUP"] + c["PROJECT"] + c["FILL"] + c["DRAIN"]) / lanes
    check(f"busier engine from first to last sample, {latency}",
          max(c["SAMPLE"] / lanes, c["GEMM_BUSY"] - c["GEMM_PROJECT"]) / attend, 0.9)
    causes = sum(c[k] for k in ("SETUP", "PROJECT", "FILL", "SAMPLE", "WAIT_FEATURE", "WAIT_OUTPUT", "WAIT_POINT", "DRAIN"))
    check(f"cycles with a cause, {latency}", causes / (lanes * c["CYCLES"]), 1)
check("cycles at latency 10 against 200", runs[0]["cycles"] / runs[1]["cycles"], 0.95)
sys.exit(failed)
P
exec "$quillgen" simulate --preset "$preset" --workload "$workload" --stall 25
