#!/usr/bin/env bash
# A packed job on the AXI models of cocotbext-axi: passes, and fails with a wrong bit in an input. Skipped without PyPI.
#   cocotb.sh QUILLGEN EXAMPLES tools/cocotb/run.sh
set -euo pipefail
quillgen=$(realpath "$1") examples=$(realpath "$2") run=$(realpath "$3")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
if [ -z "${PYTHON:-}" ]; then
  python3 -m venv venv && venv/bin/pip install --quiet --retries 1 'cocotb==1.9.2' 'cocotbext-axi==0.1.26' >pip.log 2>&1 || {
    echo 'no PyPI: skipped'
    exit 77
  }
  export PYTHON="$room/venv/bin/python"
fi
"$quillgen" pack --preset nano --workload "$examples/official_test_shapes.safetensors" --out job >/dev/null
for reset in sync_high async_low; do
  "$quillgen" generate --preset nano --set implementation.reset=$reset --out rtl >/dev/null
  bash "$run" rtl job
  STALL=50 bash "$run" rtl job
done
python3 - <<'E2'
text = bytearray(open('job/memory.bin', 'rb').read())
text[0x100] ^= 1
open('job/memory.bin', 'wb').write(text)
E2
! bash "$run" rtl job || { echo 'a wrong bit was not noticed' >&2; exit 1; }
echo 'a wrong bit was noticed'
