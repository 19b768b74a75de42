#!/usr/bin/env bash
# From first to last sample of encoder_c64 (cold cache, latency 10, no stalls) the lanes together take at least so many samples a cycle, and
# every cycle of each lane has one cause.
#   utilisation.sh QUILLGEN EXAMPLES SAMPLES_A_CYCLE [--set path=value]...
set -euo pipefail
quillgen=$1 examples=$2 least=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$quillgen" simulate --preset small "$@" --workload "$examples/encoder_c64.safetensors" --latency 10 --json "$folder/result.json"
python3 - "$folder/result.json" "$least" <<'P'
import json, sys
result, least = json.load(open(sys.argv[1])), float(sys.argv[2])
counters = {k.lower(): v for k, v in result["counters"].items()}
lanes = result["lanes"]
causes = sum(counters[k] for k in ("setup", "project", "fill", "sample", "wait_feature", "wait_output", "wait_point", "drain"))
cycles = sum(counters[k] for k in ("sample", "wait_feature", "wait_output", "wait_point")) / lanes
rate = counters["sample"] / cycles
print(f"{rate:.3f} samples a cycle, at least {least} wanted; causes sum to {causes} of {lanes} x {counters['cycles']} cycles")
sys.exit(0 if result["bit_exact"] and rate >= least and causes == lanes * counters["cycles"] else 1)
P
