#!/usr/bin/env bash
# Of dense jobs, the share of PEs that are busy from the first product to the last, when memory keeps up.
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
    busy = run["utilisation"]["gemm"]
    failed |= busy < least
    print(f"{'FAILED' if busy < least else 'ok    '}  {run['rows']}x{run['inner']}x{run['outputs']}: {busy:.3f} of the PEs busy, at least {least} wanted")
sys.exit(failed)
P
