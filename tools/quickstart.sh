#!/usr/bin/env bash
# The main job in one command: builds quillgen, generates the RTL of preset `detector`, runs a trained detector on it in Verilator, from tokens to boxes,
# and proves every job equal to the software model. Options are passed on to `quillgen simulate`, for example: tools/quickstart.sh --stall 30 --seed 7
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

rtl=rtl_out/detector picture=rtl_out/detector.svg scenes=0:1
keep=(--keep "$rtl")
previous=
for option; do # another place for the RTL, or RTL from there; another picture; other scenes
  value=$option
  case $option in
    -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit ;;
    --*=*) previous=${option%%=*} value=${option#*=} ;;
  esac
  case $previous in
    --keep | --rtl) rtl=$value keep=() ;;
    --svg) picture= ;;
    --scenes) scenes= ;;
  esac
  previous=$option
done

say 'builds the generator, has it write the Verilog of preset detector, builds a simulator of that and runs a detector on it'
say 'takes about 3 minutes on two cores the first time, longer where packages come slowly, and seconds after that; Ctrl-C at any time, it goes on from there'
say 'installs what is missing: on a bare system about 100 Debian packages, 120 MB to fetch, 480 MB on disk; build/ takes 300 MB'
bash "$root/tools/setup.sh"
cd "$root"
configure
say 'building quillgen'
build generator/cli/quillgen
say 'building the simulator of preset detector and running a detector on it, from tokens to boxes'
detector=examples/tiny_detector
simulate=(build/generator/cli/quillgen simulate --preset detector --network "$detector.safetensors" --scales "$detector.scales.json"
  --input "${detector}_scenes.safetensors" ${scenes:+--scenes "$scenes"} ${picture:+--svg "$picture"} ${keep[@]+"${keep[@]}"} "$@")
status=0
if [ -t 2 ]; then # quillgen has a line there that overwrites itself
  "${simulate[@]}" || status=$?
else
  phase() { echo 'Verilator and g++ build the simulator, once; then it runs'; }
  watched phase "${simulate[@]}" || status=$?
fi
[ "$status" -ne 3 ] || tested
[ "$status" -eq 0 ] || exit "$status"
say "the RTL is in $rtl: files.f lists its files, integration.md says how to put it into a chip"
[ -n "$scenes" ] || picture=${picture:+$picture, of several scenes ${picture%.svg}-N.svg}
[ -z "$picture" ] || say "objects and what was found are drawn in $picture"
say "proved: on a trained detector, each value of each stage of each job is, bit for bit, the one of the integer model"
say "next: build/generator/cli/quillgen estimate --preset quill --model deformable-detr, or generator/cli/README.md, First steps"
