#!/usr/bin/env bash
# Runs a packed job with cocotb, the AXI models of cocotbext-axi, and Icarus Verilog.   run.sh RTL_FOLDER JOB
# PYTHON names one that has cocotb 1.9 and cocotbext-axi 0.1; without, a virtual environment is made for the run. Exit status 77: there is no PyPI.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rtl=$(realpath "$1") job=$(realpath "$2")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python=${PYTHON:-}
if [ -z "$python" ]; then
  python=$room/venv/bin/python
  python3 -m venv "$room/venv" && "$python" -m pip install --quiet --retries 1 'cocotb==1.9.2' 'cocotbext-axi==0.1.26' >"$room/pip.log" 2>&1 || {
    tail -n 3 "$room/pip.log" >&2
    echo 'cocotb cannot be installed: skipped' >&2
    exit 77
  }
fi
bin=$(dirname "$(command -v "$python")")
PATH="$bin:$PATH"
top=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["top"])' "$rtl/manifest.json")
reset=$(grep -qw rst_n "$rtl/$top.v" && echo rst_n || echo rst)
cd "$room"
printf '+timescale+1ns/1ps\n' >commands.f
sed "s#^#$rtl/#" "$rtl/files.f" >>commands.f
iverilog -g2005 -c commands.f -s "$top" -o design.vvp
libraries=$(cocotb-config --prefix)/cocotb/libs
export LIBPYTHON_LOC
LIBPYTHON_LOC=$(cocotb-config --libpython)
MODULE=job_test PYTHONPATH="$here" TOPLEVEL=$top TOPLEVEL_LANG=verilog JOB=$job RESET=$reset COCOTB_RESULTS_FILE=$room/results.xml \
  vvp -M "$libraries" -m libcocotbvpi_icarus design.vvp >"$room/run.log" 2>&1 || true
grep -E 'bytes as expected|AssertionError: |TESTS=' "$room/run.log" || tail -n 20 "$room/run.log"
grep -q '<testcase' "$room/results.xml" && ! grep -qE '<(failure|error)' "$room/results.xml"
