#!/usr/bin/env bash
# The bench where it takes longer. designs: prefix, resets, gated clocks, wide data, a given map, prunings, each in Icarus and some in Verilator.
# network: whole detectors in Verilator over stalls and latencies, one with self-attention as a step of the host.
#   testbench_more.sh QUILLGEN EXAMPLES designs|network
set -euo pipefail
quillgen=$(realpath "$1") examples=$(realpath "$2") which=$3
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
passes() { # NAME FOLDER JOB [VARIABLE=VALUE..]
  local name=$1 folder=$2 job=$3
  shift 3
  timeout 3000 make -s -C "$folder/tb" JOB="$job" "$@" >output 2>&1 || { echo "FAILED  $name $*"; tail -n 20 output; exit 1; }
  echo "ok      $name $*: $(tail -n 1 output)"
}
if [ "$which" = designs ]; then
  # NAME WORKLOAD PRESET OPTIONS..: several conditions in Icarus
  design() {
    local name=$1 workload=$2 preset=$3 prefix=$4
    shift 4
    "$quillgen" generate --preset "$preset" "$@" ${prefix:+--prefix "$prefix"} --out "$name" >/dev/null
    "$quillgen" pack --preset "$preset" "$@" ${packed:-} --workload "$examples/$workload.safetensors" --base 0x100000040 --out "$name.job" >/dev/null
    for conditions in 'STALL=0' 'STALL=30 SEED=2' 'STALL=80 LATENCY=1 SEED=3' 'LATENCY=300 ARGS=+irq'; do
      passes "$name" "$name" "$name.job" $conditions
    done
  }
  design prefix official_test_shapes nano left_
  design active_low official_test_shapes nano '' --set implementation.reset=sync_low
  design asynchronous official_test_shapes nano right_ --set implementation.reset=async_low
  design gated official_test_shapes nano '' --set implementation.reset=async_low --set implementation.clock_gating=true
  passes 'gated, Verilator' gated gated.job SIM=verilator STALL=30
  design wide official_test_shapes nano '' --set memory.data_bits=256 --set numerics.preset=int12
  packed=--given-map design given_map official_test_shapes nano ''
  packed='--prune-points 0.1 --prune-pixels 0.7' design pruned official_test_shapes nano '' --set pruning.points=true --set pruning.count_bits=16
else
  for network in tiny_detector tiny_sparse_detector; do
    "$quillgen" pack --preset detector --network "$examples/$network.safetensors" --scales "$examples/$network.scales.json" \
      --input "$examples/${network}_scenes.safetensors" --scenes 2:3 --base 0x80000000 --out "$network" >/dev/null
  done
  "$quillgen" generate --preset detector --out rtl >/dev/null
  passes 'detector' rtl tiny_detector SIM=verilator BUILD="$room/build"
  passes 'detector' rtl tiny_detector SIM=verilator BUILD="$room/build" STALL=30 LATENCY=20 SEED=2 ARGS=+irq
  passes 'detector' rtl tiny_detector SIM=verilator BUILD="$room/build" STALL=80 LATENCY=500 SEED=3
  passes 'sparse detector' rtl tiny_sparse_detector SIM=verilator BUILD="$room/build" STALL=30
  rm -r rtl
  "$quillgen" generate --preset detector --set network.self_attention=0 --out rtl >/dev/null
  "$quillgen" pack --preset detector --set network.self_attention=0 --network "$examples/tiny_detector.safetensors" --scales "$examples/tiny_detector.scales.json" \
    --input "$examples/tiny_detector_scenes.safetensors" --out host_attention >/dev/null
  passes 'self-attention by the host' rtl host_attention SIM=verilator STALL=30
fi
