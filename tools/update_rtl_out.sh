#!/usr/bin/env bash
# Writes the reference output rtl_out/nano anew; look at the difference before you commit it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
bash "$root/tools/setup.sh"
cd "$root"
configure
ninja -C build generator/cli/quillgen
rm -rf rtl_out/nano # even one that a merge has spoilt
build/generator/cli/quillgen generate --preset nano --out rtl_out/nano
git diff --stat -- rtl_out
