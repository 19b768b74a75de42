#!/usr/bin/env bash
# Of dense jobs, the share of the products that the PEs could make from the first step to the last which are useful, when memory keeps up.
#   gemm_utilisation.sh QUILLGEN PRESET MxKxN=SHARE...
set -euo pipefail
quillgen=$1 preset=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
shapes=$(printf ',%s' "${@%=*}")
"$quillgen" simulate --preset "$preset" --dense "${shapes#,}" --json "$folder/result.json"
python3 - "$folder/result.json" "${@#*=}" <<'P'
import json, sys
failed = False
for run, least in zip(json.load(open(sys.argv[1]))["runs"], map(float, sys.argv[2:]), strict=True):
    useful = run["utilisation"]["gemm_useful"]
    failed |= useful < least
    print(f"{'FAILED' if useful < least else 'ok    '}  {run['rows']}x{run['inner']}x{run['outputs']}: {useful:.3f} of the products useful, at least {least} wanted")
sys.exit(failed)
P
