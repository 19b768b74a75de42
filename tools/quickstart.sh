#!/usr/bin/env bash
# The main job in one command: builds quillgen, generates the RTL of preset `small` and proves it, in Verilator, equal to the software model
# on a layer of a trained detector. Options are passed on to `quillgen simulate`, for example: tools/quickstart.sh --stall 30 --seed 7
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
bash "$root/tools/setup.sh"
cd "$root"
configure
say 'building quillgen'
ninja -C build generator/cli/quillgen
say 'building the simulator of preset small and running a layer on it'
exec build/generator/cli/quillgen simulate --preset small --workload examples/tiny_detr_enc1.safetensors "$@"
