#!/usr/bin/env bash
# Four-state simulation of a design by Icarus: from x in every register and memory through reset and the given jobs, on one instance.
#   four_state.sh QUILLGEN MAKE_JOBS PRESET 'PATH=VALUE ..' WORK...
# Once what may be anything in memory is noise, and no x may be written into any memory of the design; once it is x, and no x may come out.
set -euo pipefail
quillgen=$1 make_jobs=$2 preset=$3 settings=$4
shift 4
. "$(dirname "${BASH_SOURCE[0]}")/bench.sh"
set=()
for s in $settings; do set+=(--set "$s"); done
"$quillgen" generate --preset "$preset" ${set[@]+"${set[@]}"} --out "$folder/rtl" >/dev/null
for padding in noise x; do
  bench_jobs "$padding" "$@"
  bench_build "$folder/rtl"
  bench_run "$padding" +seed=7 || { echo "$preset, padding $padding: failed" >&2; exit 1; }
done
