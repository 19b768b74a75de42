#!/usr/bin/env bash
# Test `jobs` (errors, abort, resets, time-outs, each followed by a clean job) on nano with an asynchronous reset and gated clocks; and it fails
# when the reset gates leave out the reset of a failed job.   jobs.sh QUILLGEN TEST_JOBS
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export NANO_RTL=$folder/rtl
"$1" generate --preset nano --set implementation.reset=async_low --set implementation.clock_gating=true --out "$NANO_RTL"
"$2"
sed -i 's/rst_n && (test_mode || !block_reset)/rst_n/' "$NANO_RTL/reset_gate.v"
! "$2" --test-case='abort*' >"$folder/broken" || { echo 'a reset gate without its second input is not noticed' >&2; exit 1; }
grep -m1 'hang\|ERROR' "$folder/broken"
