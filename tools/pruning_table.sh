#!/usr/bin/env bash
# What prunings cost a network, and what they drop: AP of the integer model (preset detector) and of floating point over a set of scenes, with one pruning at a
# time and with all. Of each the strongest setting whose AP in integers over the scenes of calibration is at most LOSS points below that with nothing left out
# is chosen. All together they may cost more: weaker ones follow, first of pixels, then of the range, then of points, until that holds for all. The last line
# is what the network's metadata say.
#   tools/pruning_table.sh NETWORK CALIBRATION SCENES [LOSS]      three safetensors files; LOSS: 0.5; half a minute a line for 100 scenes of the tiny detector
set -euo pipefail
[ $# -eq 3 ] || [ $# -eq 4 ] || { echo "usage: tools/pruning_table.sh NETWORK CALIBRATION SCENES [LOSS]" >&2; exit 2; }
network=$(realpath "$1") calibration=$(realpath "$2") scenes=$(realpath "$3") loss=${4:-0.5}
cd "$(dirname "$0")/.."
quillgen=${QUILLGEN:-build/generator/cli/quillgen}
[ -x "$quillgen" ] || { echo "$quillgen: not built; run tools/quickstart.sh first, or set QUILLGEN" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# line NAME OPTION..: a line of the table; leaves the AP over the scenes of calibration in $ap, in hundredths of a point.
line() {
  local name=$1
  shift
  local set=(--preset detector --network "$network" "$@")
  "$quillgen" calibrate "${set[@]}" --input "$calibration" --out "$work/scales.json" >"$work/log"
  "$quillgen" model "${set[@]}" --scales "$work/scales.json" --input "$calibration" --json "$work/chosen_on.json" >"$work/log"
  "$quillgen" model "${set[@]}" --scales "$work/scales.json" --input "$scenes" --json "$work/result.json" >"$work/log"
  python3 - "$work/chosen_on.json" "$work/result.json" "$name" "$work/ap" <<'P'
import json, sys
chosen_on, r = (json.load(open(file)) for file in sys.argv[1:3])
p, percent = r['pruned'], lambda x: '%.1f %%' % (100 * x)
print('| %s | %.2f | %.2f | %.2f | %s | %s | %s |' % (sys.argv[3], 100 * chosen_on['ap'], 100 * r['ap'], 100 * r['ap_float_pruned'],
      percent(p['encoder_points']), percent(p['decoder_points']), percent(p['pixels'])), flush=True)
open(sys.argv[4], 'w').write(str(round(10000 * chosen_on['ap'])))
P
  ap=$(<"$work/ap")
}
# strongest OPTION OFF SETTING..: a line for each setting, the strongest last, everything else off; leaves the strongest that costs little enough in $best.
strongest() {
  local option=$1 setting
  best=$2
  shift 2
  for setting in "$@"; do
    line "${option#--} $setting" "${off[@]}" "$option" "$setting"
    [ "$ap" -lt "$least" ] || best=$setting
  done
}

printf '| left out | AP, calibration | AP | AP in floating point | encoder points | decoder points | pixels |\n|---|---|---|---|---|---|---|\n'
off=(--prune-points 0 --prune-pixels 0 --range off)
line nothing "${off[@]}"
least=$(python3 -c "print(round($ap - 100 * $loss))")
all_points=(0 0.01 0.02 0.03 0.05 0.08) all_pixels=(0 0.3 0.5 0.7 1.0) all_ranges=(off 16,16,8,4 8,8,4,2 4,4,2,1 2,2,1,1)
off=(--prune-pixels 0 --range off)
strongest --prune-points "${all_points[@]}"
points=$best
off=(--prune-points 0 --range off)
strongest --prune-pixels "${all_pixels[@]}"
pixels=$best
off=(--prune-points 0 --prune-pixels 0)
strongest --range "${all_ranges[@]}"
range=$best

# weaker SETTING ALL..: the one before it.
weaker() {
  local setting=$1 before=$2 other
  for other in "${@:2}"; do
    [ "$other" != "$setting" ] || break
    before=$other
  done
  echo "$before"
}
while line "points $points, pixels $pixels, range $range" --prune-points "$points" --prune-pixels "$pixels" --range "$range" && [ "$ap" -lt "$least" ]; do
  if [ "$pixels" != 0 ]; then pixels=$(weaker "$pixels" "${all_pixels[@]}")
  elif [ "$range" != off ]; then range=$(weaker "$range" "${all_ranges[@]}")
  elif [ "$points" != 0 ]; then points=$(weaker "$points" "${all_points[@]}")
  else break; fi
done
line 'as it was trained'
