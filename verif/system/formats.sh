#!/usr/bin/env bash
# Every layer of 64 channels with the formats of int8 or int12 in Verilator against the model. The arrays are smaller than those of preset small,
# which changes no number, so that the simulator is built in seconds.
#   formats.sh QUILLGEN NUMERICS EXAMPLES
set -euo pipefail
smaller=(numerics.preset="$2" gemm.rows=1 gemm.depth=2 core.projection_columns=1 feature_cache.run_ahead=64 memory.max_outstanding=16)
for layer in "$3"/{encoder,sparse,decoder}_c64*.safetensors "$3"/tiny_detr_*.safetensors; do
  "$1" simulate --preset small "${smaller[@]/#/--set=}" --workload "$layer" --stall 0,40 --seed 1 --quick-build
done
