#!/usr/bin/env bash
# `meson install` of what is built: the program, its manual, completion and examples; and that it works from there. Where the system allows it the folders
# of source and build are hidden meanwhile.
#   installed.sh SOURCE BUILD
set -euo pipefail
source=$(realpath "$1") build=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export XDG_CACHE_HOME="${XDG_CACHE_HOME:-${HOME:-$room}/.cache}"
meson install -C "$build" --no-rebuild --quiet --destdir "$room/root" >"$room/log" 2>&1 || { cat "$room/log"; exit 1; }
quillgen=$(find "$room/root" -path '*/bin/quillgen')
prefix=${quillgen%/bin/quillgen}
for file in share/man/man1/quillgen.1 share/bash-completion/completions/quillgen.bash share/quillgen/examples/presets/small.json \
  share/quillgen/examples/memory/ddr4-2400.json share/quillgen/examples/config.schema.json share/quillgen/examples/tiny_detr_enc1.safetensors; do
  [ -s "$prefix/$file" ] || { echo "not installed: $file"; find "$room/root"; exit 1; }
done
[ ! -e "$prefix/share/quillgen/examples/lessons" ] || { echo 'the lessons are installed, and they need the source'; exit 1; }

# No path of this machine in the program, but in what is for a debugger. The compiler names sources from the build folder: ../../generator/.. below the source.
if [[ $build = "$source"/* ]]; then
  objcopy --strip-debug "$quillgen" "$room/stripped"
  ! grep -qaF "$source" "$room/stripped" || { echo "the program has the path $source in it"; exit 1; }
fi

mkdir "$room/place"
cat >"$room/use.sh" <<'U'
set -euo pipefail
quillgen=$1 examples=$2
cd "$3"
run() { "$quillgen" "$@" >out 2>&1 || { echo "quillgen $*: exit status $?"; cat out; exit 1; }; }
run --version
run generate --preset nano --out rtl
run generate --preset nano --module softmax --out block
! command -v yosys >/dev/null || ! command -v iverilog >/dev/null || run lint block
run simulate --rtl rtl --workload "$examples/official_test_shapes.safetensors" --stall 0,30
grep -q '^bit-exact' out
run simulate --preset nano --workload "$examples/official_test_shapes.safetensors" --memory "$examples/memory/lpddr4-3200.json"
run model --config "$examples/presets/small.json" --workload "$examples/tiny_detr_enc1.safetensors"
run schema
cmp out "$examples/config.schema.json"
run presets small
run workload --model rt-detr --scale 0.1 --out layer.safetensors
run estimate --preset small --fit --workload layer.safetensors --html estimate.html
run trace --preset small --workload "$examples/encoder_c64.safetensors" --svg order.svg
run explore --preset nano --dense 13x15x7 --vary gemm.rows=1,2 --out sweep
# The help names layers that are there.
"$quillgen" simulate --help >help
layer=$(grep -o '[^ ]*/official_test_shapes.safetensors' help)
[ "$layer" = "$examples/official_test_shapes.safetensors" ] && [ -s "$layer" ] || { echo "the help names $layer"; exit 1; }
U
use=(bash "$room/use.sh" "$quillgen" "$prefix/share/quillgen/examples" "$room/place")
if unshare -rm true 2>/dev/null; then
  unshare -rm bash -c 'set -e; for folder in "$1" "$2"; do [ ! -d "$folder" ] || mount -t tmpfs none "$folder"; done; [ ! -e "$0/meson.build" ]; shift 2; exec "$@"' \
    "$source" "$source" "$build" "${use[@]}"
  echo 'works from where it was installed, the folders of source and build hidden'
else
  "${use[@]}"
  echo 'works from where it was installed'
fi
