#!/usr/bin/env bash
# Line and toggle coverage of the generated Verilog over the simulations of the fast suite: builds simulators that count, runs, merges, prints
# the percentages of each module and every uncovered point that neither verif/system/coverage/common.txt nor DESIGN.txt beside it explains. Exit
# status 0 when there is none and the targets are met. Signals wider than 256 bits (lines of features in small) are not counted by Verilator.
#   tools/coverage.sh [nano] [small]       both when none is named; results stay in build/coverage
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
bash "$root/tools/setup.sh" --tests
cd "$root"
configure
say 'building'
layers=verif/system/mutants
ninja -C build generator/cli/quillgen verif/unit/unit_tests verif/fuzz/fuzz_dense \
  $layers/{nano_{layer,boxes,sharp,masked,hidden,listed},small_{sharp,hidden}}.safetensors verif/system/small_listed.safetensors | tail -1
quillgen=build/generator/cli/quillgen

# measured COMMAND...: runs it with coverage and adds what it covered to the result.
measured() {
  say "$*"
  rm -rf "$folder/new"
  mkdir -p "$folder/new"
  QUILLGEN_COVERAGE="$folder/new" "$@" >"$folder/log" 2>&1 || die "failed: $* (see $folder/log)"
  local old=()
  [ ! -f "$folder/merged.dat" ] || old=("$folder/merged.dat")
  verilator_coverage --write "$folder/sum.dat" ${old[@]+"${old[@]}"} "$folder"/new/*.dat >>"$folder/log" 2>&1 || die "see $folder/log"
  mv "$folder/sum.dat" "$folder/merged.dat"
  rm -rf "$folder/new"
}
simulate() { measured "$quillgen" simulate --preset "$design" "$@"; }

# The simulations of the fast suite on this preset.
nano() {
  local all=(--stall 0,25,60 --latency 10,200 --seed 1,2,3)
  local layer
  for layer in examples/official_test_shapes build/$layers/nano_{layer,boxes,sharp,masked,hidden,listed}; do
    simulate --workload "$layer.safetensors" "${all[@]}"
  done
  simulate --dense 1x1x1,5x7x11,9x16x100,64x3x40,6x2x40 "${all[@]}"
  measured build/verif/unit/unit_tests --source-file='*/test_jobs.cpp'
  measured build/verif/unit/unit_tests --source-file='*/test_interpreted_design.cpp'
  measured build/verif/fuzz/fuzz_dense --preset nano --count 60
}
small() {
  local layer
  for layer in encoder_c64 sparse_c64 decoder_c64_boxes tiny_detr_enc{0,1,2} tiny_detr_dec{0,1}; do
    simulate --workload "examples/$layer.safetensors" --stall 0,60 --latency 10 --seed 1,2,3
  done
  for layer in $layers/small_{sharp,hidden} verif/system/small_listed; do
    simulate --workload "build/$layer.safetensors" --stall 0,60 --latency 10
  done
  simulate --dense 4096x3x5,1x256x1500,2x256x60 --stall 0,60 --latency 10
  measured build/verif/unit/unit_tests --source-file='*/test_jobs_small.cpp'
  measured build/verif/fuzz/fuzz_dense --preset small --count 10
}

[ $# -gt 0 ] || set -- nano small
status=0
for design; do
  case "$design" in nano | small) ;; *) die "unknown design $design; there are nano and small" ;; esac
  folder=$root/build/coverage/$design
  rm -rf "$folder"
  mkdir -p "$folder"
  "$quillgen" generate --preset "$design" --out "$folder/rtl" >"$folder/log"
  "$design"
  python3 tools/coverage_report.py "$design" "$folder/merged.dat" "$folder/rtl" verif/system/coverage/{common,"$design"}.txt || status=1
done
exit "$status"
