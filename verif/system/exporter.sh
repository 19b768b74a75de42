#!/usr/bin/env bash
# The exporter of PyTorch's layers (tools/pytorch): pip installs it, and what it writes of modules of all published kinds is taken by quillgen, with results
# that agree. Skipped (77) where no Python has torch.   exporter.sh QUILLGEN EXPORTER_FOLDER EXAMPLES
set -euo pipefail
quillgen=$(realpath "$1") exporter=$(realpath "$2") examples=$(realpath "$3")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export PYTHONDONTWRITEBYTECODE=1
python=
for candidate in python3 /usr/bin/python3; do
  "$candidate" -c 'import torch' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo 'skipped: no python3 with torch; install the Debian package python3-torch'; exit 77; }
cd "$room"
cp -r "$exporter" source # pip builds in it
if "$python" -c 'import setuptools, wheel, pip' 2>/dev/null; then
  "$python" -m pip install --quiet --no-index --no-build-isolation --no-deps --target site ./source >log 2>&1 || { cat log; exit 1; }
  [ -f site/quillgen_export/__init__.py ] || { find site; echo 'pip has not installed the package'; exit 1; }
  echo 'installed by pip'
else
  ln -s source site
  echo 'no pip, setuptools and wheel here: run from its folder'
fi
export PYTHONPATH="$room/site"
for test in layers network; do
  "$python" "$exporter/tests/test_$test.py" "$quillgen" "$examples" >log 2>&1 || { cat log; exit 1; }
  tail -n 1 log
done
