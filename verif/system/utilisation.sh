#!/usr/bin/env bash
# From first to last sample of encoder_c64 (cold cache, latency 10, no stalls) the lane takes a sample in at least 90 % of cycles, and every
# cycle of the job has one cause.
#   utilisation.sh QUILLGEN EXAMPLES
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" simulate --preset small --workload "$2/encoder_c64.safetensors" --latency 10 --json "$folder/result.json"
python3 - "$folder/result.json" <<'P'
import json, sys
result = json.load(open(sys.argv[1]))
counters = {k.lower(): v for k, v in result["counters"].items()}
causes = sum(counters[k] for k in ("setup", "fill", "sample", "wait_feature", "wait_output", "wait_point", "drain"))
busy = counters["sample"] / sum(counters[k] for k in ("sample", "wait_feature", "wait_output", "wait_point"))
print(f"samples in {100 * busy:.2f} % of cycles; causes sum to {causes} of {counters['cycles']} cycles")
sys.exit(0 if result["bit_exact"] and busy >= 0.90 and causes == counters["cycles"] else 1)
P
