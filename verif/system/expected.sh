#!/usr/bin/env bash
# Results that came with a workload: `model` and `simulate` compare the float reference with expected_output, and end with 1 where it is another layer's.
# And what cannot be put into decibels: a layer whose tokens are all padded.
#   expected.sh QUILLGEN EXAMPLES BLANK_LAYER_OF_NANO
set -euo pipefail
quillgen=$1 examples=$2 blank=$3
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export LC_ALL=C
die() {
  printf '%s\n' "$*" >&2
  exit 1
}
# says FILE PATTERN
says() { grep -qE "$2" "$room/$1" || { cat "$room/$1" >&2; die "$1: no \"$2\""; }; }

good=$examples/official_test_shapes.safetensors
for command in model simulate; do
  "$quillgen" $command --preset nano --workload "$good" --json "$room/json" >"$room/text"
  says text '^expected_output: agrees with the float reference in 2 rows, the largest difference [0-9.]+e-0[78] of its'
  says json '"agrees": true'
done

# Of every example that has them.
layers=0
for layer in "$examples"/*_c64*.safetensors "$examples"/tiny_detr_*.safetensors; do
  grep -qaF '"expected_output"' "$layer" || continue
  "$quillgen" model --preset small --workload "$layer" >"$room/text"
  says text '^expected_output: agrees'
  layers=$((layers + 1))
done
[ "$layers" -ge 6 ] || die "only $layers layers were compared"

# The last number of the file is that of query 1, channel 3.
cp "$good" "$room/wrong.safetensors"
printf '\000\000\200\077' | dd of="$room/wrong.safetensors" bs=1 seek=$(($(stat -c %s "$good") - 4)) conv=notrunc status=none
mkdir "$room/cache"
for command in model simulate; do
  rm -f "$room/json"
  status=0
  XDG_CACHE_HOME="$room/cache" "$quillgen" $command --preset nano --workload "$room/wrong.safetensors" --json "$room/json" >"$room/text" 2>"$room/said" || status=$?
  [ $status -eq 1 ] || die "$command: exit status $status"
  [ "$(wc -l <"$room/said")" -eq 1 ] || die 'more than a line'
  says said 'wrong.safetensors: expected_output differs from the float reference, most in query 1, channel 3: expected 1, computed -?0\.[0-9]+ '
  says json '"agrees": false'
  says json '"channel": 3'
done
[ -z "$(ls "$room/cache")" ] || die 'a simulator was built for a layer that is another'
cat "$room/said"

for command in model simulate; do
  "$quillgen" $command --preset nano --workload "$blank" --json "$room/json" >"$room/text"
  says text 'value +(\[.*\] +8 +)?exact'
  says json '"value": "exact"'
  says json '"core_output": "exact"'
  ! grep -wE 'nan|null' "$room/text" "$room/json" || die 'a number that is none'
done
