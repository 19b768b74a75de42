#!/usr/bin/env bash
# `--fit` takes the dimensions of the workload: the same as setting them by hand, and the RTL made so is right.   fit.sh QUILLGEN EXAMPLES
set -euo pipefail
quillgen=$1 examples=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
layer=$examples/tiny_detr_enc1.safetensors
die() {
  printf '%s\n' "$*" >&2
  exit 1
}

by_hand=(attention.embed_dim=64 attention.heads=4 attention.levels=4 attention.points=4 attention.max_queries=340 gemm.columns=16)
"$quillgen" model --preset nano --workload "$layer" "${by_hand[@]/#/--set=}" --json "$folder/by_hand.json" >"$folder/by_hand"
"$quillgen" model --preset nano --workload "$layer" --fit --json "$folder/fitted.json" >"$folder/fitted"
head -1 "$folder/fitted"
[ "$(head -1 "$folder/fitted")" = "fitted to $layer: attention.embed_dim 4 -> 64, attention.heads 2 -> 4, attention.levels 2 -> 4, attention.points 2 -> 4, attention.max_queries 64 -> 340, gemm.columns 4 -> 16" ] || die 'another line was expected'
diff "$folder/by_hand" <(tail -n +2 "$folder/fitted") || die 'the results differ'
diff "$folder/by_hand.json" "$folder/fitted.json" || die 'the JSON differs'
"$quillgen" model --preset small --workload "$layer" --fit | head -1 | tee "$folder/same"
grep -q 'nothing to change$' "$folder/same" || die 'there was nothing to change'

# The parameters of other dimensions do not matter, as long as those that result are legal.
small=(attention.max_width=1 attention.max_height=1 attention.max_queries=1 core.projection_columns=4 attention.heads=3)
"$quillgen" simulate --preset nano "${small[@]/#/--set=}" --fit --workload "$examples/official_test_shapes.safetensors" --keep "$folder/rtl" --quick-build |
  tee "$folder/simulated"
tail -1 "$folder/simulated" | grep -q '^bit-exact' || die 'not bit-exact'
grep -q '"heads": 2,' "$folder/rtl/manifest.json" || die 'the manifest has other dimensions'
