#!/usr/bin/env bash
# A second simulate of the same design builds nothing: it runs with neither Verilator nor a compiler on PATH.
#   no_rebuild.sh QUILLGEN EXAMPLES
set -euo pipefail
workload=$2/official_test_shapes.safetensors
"$1" simulate --preset nano --workload "$workload" >/dev/null
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
quillgen=$(readlink -f "$1")
PATH=$empty "$quillgen" simulate --preset nano --workload "$workload"
