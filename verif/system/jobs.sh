#!/usr/bin/env bash
# Unit test `jobs` (errors, abort, resets, time-outs, each followed by a clean job) on another nano. With reset gates it must fail when they leave out
# the reset of a failed job.   jobs.sh QUILLGEN UNIT_TESTS PATH=VALUE...
set -euo pipefail
quillgen=$1
test_jobs=("$2" --source-file=*/test_jobs.cpp)
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export NANO_RTL=$folder/rtl
"$quillgen" generate --preset nano "${@/#/--set=}" --out "$NANO_RTL"
"${test_jobs[@]}"
[ -e "$NANO_RTL/reset_gate.v" ] || exit 0
sed -i 's/rst_n && (test_mode || !block_reset)/rst_n/' "$NANO_RTL/reset_gate.v"
! "${test_jobs[@]}" --test-case='abort*' >"$folder/broken" || { echo 'a reset gate without its second input is not noticed' >&2; exit 1; }
grep -m1 'hang\|ERROR' "$folder/broken"
