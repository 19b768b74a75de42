#!/usr/bin/env bash
# What each format of a network costs: AP of the integer model over a set of scenes, as preset detector is, with each format lowered or raised alone, and
# with all formats of int8 and int12.
#   tools/network_formats.sh NETWORK CALIBRATION SCENES      three safetensors files; half a minute a line for 100 scenes of the tiny detector
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: tools/network_formats.sh NETWORK CALIBRATION SCENES" >&2; exit 2; }
network=$(realpath "$1") calibration=$(realpath "$2") scenes=$(realpath "$3")
cd "$(dirname "$0")/.."
quillgen=${QUILLGEN:-build/generator/cli/quillgen}
[ -x "$quillgen" ] || { echo "$quillgen: not built; run tools/quickstart.sh first, or set QUILLGEN" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '| formats | AP | AP50 | class scores, dB | last rows of the encoder, dB |\n|---|---|---|---|---|\n'
while read -r name changes; do
  read -ra changes <<<"$changes"
  set=(--preset detector ${changes[@]+"${changes[@]/#/--set=}"} --network "$network")
  "$quillgen" calibrate "${set[@]}" --input "$calibration" --out "$work/scales.json" >"$work/log"
  "$quillgen" model "${set[@]}" --scales "$work/scales.json" --input "$scenes" --json "$work/result.json" >"$work/log"
  python3 - "$work/result.json" "${name//_/ }" <<'P'
import json, re, sys
r = json.load(open(sys.argv[1]))
noise = r['sqnr_db']
last = lambda pattern: noise[max(k for k in noise if re.fullmatch(pattern, k))]
print('| %s | %.2f | %.2f | %.1f | %.1f |' % (sys.argv[2], 100 * r['ap'], 100 * r['ap50'], last(r'decoder\.\d+\.classes'), last(r'encoder\.\d+\.norm2')), flush=True)
if sys.argv[2] == 'mixed': float_line = '| floating point | %.2f | %.2f | | |' % (100 * r['ap_float'], 100 * r['ap50_float']); print(float_line, flush=True)
P
done <<'FORMATS'
mixed
int8 numerics.preset=int8
int12 numerics.preset=int12
mixed,_stream_of_8_bits network.stream_bits=8
mixed,_stream_of_12_bits network.stream_bits=12
mixed,_queries_and_hidden_rows_of_8_bits numerics.query_bits=8
mixed,_their_weights_of_8_bits numerics.query_weight_bits=8 network.self_attention=0
mixed,_features_of_6_bits numerics.feature_bits=6
mixed,_features_of_12_bits numerics.feature_bits=12
mixed,_their_weights_of_6_bits numerics.feature_weight_bits=6
mixed,_heads_of_8_bits numerics.head_bits=8
mixed,_weights_behind_them_of_6_bits numerics.output_weight_bits=6
mixed,_class_scores_of_8_bits numerics.output_bits=8
mixed,_attention_weights_of_6_bits numerics.attention_bits=6
mixed,_logits_of_4_fraction_bits numerics.logit_frac_bits=4
mixed,_offsets_of_4_fraction_bits numerics.offset_frac_bits=4
mixed,_locations_of_4_fraction_bits numerics.interp_frac_bits=4
FORMATS
